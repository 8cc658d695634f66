/** Makes the calls under Datadog's tracer, which `--import` loads before. */
import tracer from "dd-trace"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import * as PeerFrameworkCalls from "./PeerFrameworkCalls.ts"

await once(process, "message")
process.disconnect()
// The Agent's answer is read.
await setTimeout(200)

const [, , origin, calls] = process.argv
await PeerFrameworkCalls[calls as keyof typeof PeerFrameworkCalls](origin!)
;(tracer as unknown as { readonly llmobs: { readonly flush: () => void } }).llmobs.flush()

/** Makes the calls under Datadog's tracer, which `--import` loads before. */
import tracer from "dd-trace"
import * as PeerFrameworkCalls from "./PeerFrameworkCalls.ts"

const [, , origin, calls] = process.argv
await PeerFrameworkCalls[calls as keyof typeof PeerFrameworkCalls](origin!)
;(tracer as unknown as { readonly llmobs: { readonly flush: () => void } }).llmobs.flush()

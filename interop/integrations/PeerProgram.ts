/** Makes the calls under Datadog's tracer, which `--import` loads before. */
import tracer from "dd-trace"
import * as PeerCalls from "./PeerCalls.ts"

await PeerCalls.run(PeerCalls.make(process.argv[2]!))
;(tracer as unknown as { readonly llmobs: { readonly flush: () => void } }).llmobs.flush()

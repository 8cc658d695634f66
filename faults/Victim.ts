/**
 * A program that makes events, says so, and goes on until a signal ends it. At its end it prints its books.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import { empty } from "../src/domain/delivery/Ledger.ts"
import { Delivery } from "../src/ports/Delivery.ts"

/** The orders of the program, as JSON. */
export interface Orders {
  readonly agentUrl: string
  readonly events: number
  /** How much text is in each. */
  readonly bytes: number
  /** Sends one event first, so that it knows the Agent. */
  readonly greets: boolean
  readonly options: Pick<LLMObs.Options, "maxBytes" | "durable" | "flushTimeout">
}

const orders = JSON.parse(process.argv[2]!) as Orders

const span = Effect.void.pipe(
  LLMObs.llm("call", { model: "m", provider: "p", input: "0123456789".repeat(orders.bytes / 10) })
)

const main = Effect.scoped(Effect.gen(function*() {
  // Read after the layer has closed: by then nothing may be in memory.
  yield* Effect.addFinalizer(() => Effect.map(books, (ledger) => console.log(JSON.stringify(ledger))))
  let books = Effect.succeed(empty)
  return yield* Effect.gen(function*() {
    books = (yield* Delivery).ledger
    if (orders.greets) yield* Effect.andThen(span, LLMObs.flush)
    for (let index = 0; index < orders.events; index++) {
      yield* span
      // Writes in the meantime run beside it.
      if (index % 20 === 19) yield* Effect.sleep(2)
    }
    console.log("made")
    return yield* Effect.never
  }).pipe(
    Effect.provide(LLMObs.layer({
      mlApp: "victim",
      agentUrl: orders.agentUrl,
      flushInterval: "1 hour",
      ...orders.options
    }))
  )
}))

NodeRuntime.runMain(main)

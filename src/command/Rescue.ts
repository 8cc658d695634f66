/**
 * `effect-llmobs rescue FILE [--deliver]`: prints or delivers the readable events of a damaged file of a durable
 * outbox. The file is not changed.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { textOf } from "../composition/EventStore.ts"
import * as RescuedFile from "../composition/RescuedFile.ts"
import * as Ledger from "../domain/delivery/Ledger.ts"
import * as LLMObs from "../layers/LLMObs.ts"

const flushes = 5

type Rescued = Effect.Success<ReturnType<typeof RescuedFile.read>>

const said = ({ events, setAside, unreadable }: Rescued): string =>
  `${events.length} events and ${setAside.length} set aside were read, ${unreadable} rows were not what was written`

/** Prints every readable event as a line of JSON, and then those that were set aside. Both are content. */
export const print = (file: string): Effect.Effect<void, Error> =>
  Effect.gen(function*() {
    const found = yield* RescuedFile.read(file)
    for (const { record } of found.events) yield* Console.log(textOf(record))
    for (const entry of found.setAside) yield* Console.log(JSON.stringify(entry))
    yield* Console.error(`effect-llmobs: ${said(found)}.`)
  })

/** Delivers every readable event, by the road that the `DD_*` variables configure. */
export const deliver = (file: string): Effect.Effect<void, Error> =>
  Effect.gen(function*() {
    const found = yield* RescuedFile.read(file)
    const directory = yield* RescuedFile.directoryOf(found)
    const books = yield* Effect.gen(function*() {
      yield* Effect.repeat(LLMObs.flush, { until: ({ pending }) => pending === 0, times: flushes })
      return yield* LLMObs.ledger
    }).pipe(Effect.provide(LLMObs.layerFromConfig({ durable: { directory } })))
    yield* Console.log(
      `effect-llmobs: ${said(found)}; ${Ledger.delivered(books)} delivered, ${Ledger.dropped(books)} dropped, ${
        Ledger.pending(books)
      } not delivered. ${file} is unchanged.`
    )
    if (Ledger.delivered(books) < found.events.length) process.exitCode = 1
  }).pipe(Effect.scoped)

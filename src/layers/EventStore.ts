/**
 * Where events are held: in memory, and in a durable outbox where one is asked for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Envelope from "../domain/Envelope.ts"
import * as JsonText from "../domain/JsonText.ts"
import * as SpanEvent from "../domain/SpanEvent.ts"
import type { SpanRecord } from "../domain/SpanRecord.ts"
import * as WireFormat from "../domain/WireFormat.ts"
import * as ByteBudget from "../engine/ByteBudget.ts"
import * as DurableOutbox from "../engine/DurableOutbox.ts"
import type { LedgerBook } from "../engine/Ledger.ts"
import * as MemoryOutbox from "../engine/MemoryOutbox.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { JournalService } from "../ports/Journal.ts"
import type { OutboxService } from "../ports/Outbox.ts"
import type { Settings } from "./Settings.ts"
import { libraryVersion } from "./Version.ts"

/**
 * An event that could not be delivered for so long is dropped, and counted as expired.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxAgeMillis = 24 * 60 * 60 * 1000

/**
 * `adopt` begins to take what ended processes left; without a durable outbox it does nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventStore {
  readonly budget: ByteBudget.ByteBudget
  readonly outbox: OutboxService
  readonly adopt: () => void
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly ledger: LedgerBook
  readonly diagnostics: DiagnosticsService
  readonly now: () => number
  /** Called when something can be taken that could not before. */
  readonly onReady: () => void
}): Effect.fn.Return<EventStore> {
  const { settings: { durable, maxBytes } } = options
  const memory = MemoryOutbox.make()
  const journal = durable === undefined ? undefined : yield* open(durable, options)
  if (journal === undefined) {
    return { budget: ByteBudget.make({ limit: maxBytes, measure }), outbox: memory, adopt: () => {} }
  }
  const loadBytes = DurableOutbox.loadShare(maxBytes)
  const { budget, outbox, start } = DurableOutbox.make({
    memory,
    budget: ByteBudget.make({ limit: maxBytes - loadBytes, measure }),
    journal,
    ledger: options.ledger,
    loadBytes,
    onReady: options.onReady
  })
  return { budget, outbox, adopt: start }
})

// The adapter is loaded only here: nobody else needs `node:sqlite`, and some runtimes have none.
const open = (
  durable: NonNullable<Settings["durable"]>,
  options: { readonly diagnostics: DiagnosticsService; readonly now: () => number }
) =>
  Effect.map(
    Effect.option(Effect.tryPromise(() => import("../adapters/sqlite/SqliteJournal.ts"))),
    (journal): JournalService | undefined => {
      if (Option.isSome(journal)) return journal.value.open({ ...durable, ...options, maxAgeMillis })
      options.diagnostics.warnOnce("outbox.unavailable", unavailable)
      return undefined
    }
  )

const unavailable = "This runtime has no node:sqlite, so there is no durable outbox. Events are held in memory only."

const measure = (record: SpanRecord): number =>
  JsonText.byteLength(Envelope.make(SpanEvent.render(record, WireFormat.table["evp-proxy"]), libraryVersion))

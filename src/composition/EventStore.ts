/**
 * The places of events: memory, and a durable outbox if one is configured.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ProcessExit from "../adapters/node-process/ProcessExit.ts"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import * as Envelope from "../domain/event/Envelope.ts"
import * as SpanEvent from "../domain/event/SpanEvent.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import * as SetAsideLog from "../engine/books/SetAsideLog.ts"
import type * as ByteBudget from "../engine/outbox/ByteBudget.ts"
import * as DurableOutbox from "../engine/outbox/DurableOutbox.ts"
import * as MemoryOutbox from "../engine/outbox/MemoryOutbox.ts"
import * as Outboxes from "../engine/outbox/Outboxes.ts"
import * as LateRetention from "../engine/record/LateRetention.ts"
import type { JournalService } from "../ports/Journal.ts"
import type { PendingRecord } from "../ports/LateRetention.ts"
import type { OutboxesService } from "../ports/Outbox.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { Foundation } from "./Foundation.ts"
import * as MemoryBudget from "./MemoryBudget.ts"
import type { Settings } from "./Settings.ts"
import { libraryVersion } from "./Version.ts"

/** The age at which an undelivered event is dropped and counted as expired. */
export const maxAgeMillis = 24 * 60 * 60 * 1000

/**
 * `adopt` begins to take over events of ended processes, and ends when they are in the ledger. Without a durable outbox
 * it does nothing.
 */
export interface EventStore {
  readonly budget: ByteBudget.ByteBudget
  readonly outboxes: OutboxesService
  /** Keeps an undeliverable event for inspection. */
  readonly setAside: (record: PendingRecord, entry: SetAside) => void
  readonly readSetAside: Effect.Effect<ReadonlyArray<SetAside>>
  readonly adopt: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(
  options: Pick<Foundation, "ledger" | "diagnostics" | "aging" | "elapsed" | "signals"> & {
    readonly settings: Settings
    readonly service: string
  }
): Effect.fn.Return<EventStore> {
  const { settings: { durable, maxBytes }, signals: { intake } } = options
  const log = SetAsideLog.make()
  const inMemory = {
    setAside: (_record: PendingRecord, entry: SetAside) => log.add(entry),
    readSetAside: Effect.sync(log.read)
  }
  // An event with large content never rides, so the lane to the intake packs it.
  const budgetOf = MemoryBudget.make(options.settings, options.service, () => intake.wake(ownAccount))
  const journal = durable === undefined ? undefined : yield* open(durable, options)
  if (journal === undefined) {
    return {
      ...inMemory,
      budget: budgetOf(maxBytes),
      outboxes: Outboxes.make({ open: () => MemoryOutbox.make() }),
      adopt: Effect.void
    }
  }
  const loadBytes = DurableOutbox.loadShare(maxBytes)
  const { budget, close, kept, of, readSetAside, setAside, size, start } = DurableOutbox.make({
    memory: () => MemoryOutbox.make(),
    budget: budgetOf(maxBytes - loadBytes),
    journal,
    ledger: options.ledger,
    loadBytes,
    onReady: intake.urge
  })
  return {
    setAside,
    readSetAside: Effect.promise(readSetAside),
    budget,
    outboxes: Outboxes.make({ open: of, size, kept, close }),
    adopt: Effect.promise(start)
  }
})

// The adapter is imported only here, because it needs threads, which some runtimes lack. The layer is ready once the
// file is open, so that the ledger counts its events from the start.
const open = (
  durable: NonNullable<Settings["durable"]>,
  { aging, diagnostics, elapsed }: Pick<Foundation, "aging" | "diagnostics" | "elapsed">
) =>
  Effect.gen(function*() {
    const module = yield* Effect.option(Effect.tryPromise(() => import("../adapters/sqlite/SqliteJournal.ts")))
    if (Option.isNone(module)) {
      diagnostics.warnOnce("outbox.unavailable", unavailable)
      return undefined
    }
    const boot = ProcessIdentity.machineStart()
    const journal: JournalService = module.value.open({
      ...durable,
      diagnostics,
      maxAgeMillis,
      now: () => ({ unixMillis: aging(), boot, uptimeMillis: elapsed() }),
      onExit: ProcessExit.onExit
    })
    // An interruption here would leave the journal open.
    yield* Effect.uninterruptible(Effect.promise(() => journal.opened))
    return journal
  })

const unavailable = "This runtime has no threads, so there is no durable outbox. Events are held in memory only."

const envelope = (record: SpanRecord) =>
  Envelope.make(SpanEvent.render(record, WireFormat.table["evp-proxy"]), libraryVersion)

/** An event as JSON text, as sent to the intake. */
export const textOf = (record: PendingRecord): string => Envelope.encode(envelope(LateRetention.copy(record)))

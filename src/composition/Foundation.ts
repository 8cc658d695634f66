/**
 * The basic parts of a layer: clocks, diagnostics, ids, the ledger, and signals.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as NodeIdGenerator from "../adapters/node-process/NodeIdGenerator.ts"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import * as DeliveryNotice from "../domain/delivery/DeliveryNotice.ts"
import * as EventAge from "../domain/delivery/EventAge.ts"
import * as RedactedRecord from "../domain/redaction/RedactedRecord.ts"
import * as Diagnostics from "../engine/books/Diagnostics.ts"
import * as DropLog from "../engine/books/DropLog.ts"
import type { LedgerBook } from "../engine/books/Ledger.ts"
import * as Ledger from "../engine/books/Ledger.ts"
import * as LedgerMetrics from "../engine/books/LedgerMetrics.ts"
import type * as Shipper from "../engine/lane/Shipper.ts"
import * as Signals from "../engine/lane/Signals.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { IdGeneratorService } from "../ports/IdGenerator.ts"
import * as Plugged from "./Plugged.ts"
import * as Quiet from "./Quiet.ts"
import type { Settings } from "./Settings.ts"

export interface Foundation {
  /** The context in which the layer is built. */
  readonly context: Context.Context<never>
  /** The context of background fibers. */
  readonly root: Context.Context<never>
  /** Unix time in milliseconds. */
  readonly now: () => number
  /** Unix time in milliseconds that never jumps, for the age of events. */
  readonly aging: () => number
  /** Milliseconds on a monotonic clock, for durations, because the wall clock can be changed. */
  readonly elapsed: () => number
  readonly diagnostics: DiagnosticsService
  /** Logs a line at the level of information. */
  readonly inform: (line: string) => void
  /** Logs a step at debug level. The line is made only if it is logged. */
  readonly debug: (line: () => string) => void
  /** Whether steps are logged, so that the hot path makes no line for nobody. */
  readonly debugs: boolean
  readonly process: ProcessIdentity.ProcessIdentity
  readonly ids: IdGeneratorService
  readonly ledger: LedgerBook
  readonly signals: Signals.Signals
  /** The pace of the layer's shippers. */
  readonly pace: Pick<Parameters<typeof Shipper.make>[1], "intervalMillis" | "now" | "elapsed" | "onRound">
}

export const make = (options: {
  readonly settings: Settings
  /** The line that warns of dropped events, given as `3 events`. */
  readonly droppedLine: (reason: string, events: string) => string
}): Effect.Effect<Foundation, never, Scope.Scope> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const { settings } = options
    const clock = Context.get(context, Clock.Clock)
    const quiet = Quiet.context(context)
    const root = settings.debug ? Context.add(quiet, References.MinimumLogLevel, "Debug") : quiet
    const debugs = !LogLevel.isGreaterThan(Context.get(root, References.MinimumLogLevel), "Debug")
    const run = Effect.runForkWith(root)
    const now = () => clock.currentTimeMillisUnsafe()
    const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
    const aging = EventAge.steady(now(), elapsed)
    const diagnostics = Diagnostics.make(
      (line) => {
        run(Effect.logWarning(`effect-llmobs: ${line}`))
      },
      settings.onProblem,
      !RedactedRecord.isActive(settings.redaction)
    )
    const drops = DropLog.make({
      now,
      say: (reason, events) => diagnostics.say(options.droppedLine(reason, DeliveryNotice.counted(events)))
    })
    const ledger = Ledger.make(drops.dropped)
    const ids = NodeIdGenerator.make({ traceIdBits: settings.traceIdBits })
    // The first finalizer of the scope runs last, after the drain.
    return Effect.as(Effect.addFinalizer(() => Effect.sync(drops.end)), {
      context,
      root,
      now,
      aging,
      elapsed,
      diagnostics,
      inform: (line) => {
        run(Effect.logInfo(`effect-llmobs: ${line}`))
      },
      debug: (line) => {
        if (debugs) run(Effect.logDebug(`effect-llmobs: ${line()}`))
      },
      debugs,
      process: ProcessIdentity.read(),
      ids: Plugged.ids({ context, diagnostics }, ids) ?? ids,
      ledger,
      signals: Signals.make(),
      pace: {
        intervalMillis: settings.flushIntervalMillis,
        now: aging,
        elapsed,
        onRound: () => LedgerMetrics.update(ledger.snapshot(), context)
      }
    })
  })

/**
 * The recorder of a layer, with its settings and the destination of its events.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import * as RetentionSampling from "../domain/sampling/RetentionSampling.ts"
import * as TraceId from "../domain/span/TraceId.ts"
import type { Router } from "../engine/chunk/Router.ts"
import type { DeliveryLoop } from "../engine/lane/DeliveryLoop.ts"
import * as HostedStart from "../engine/record/HostedStart.ts"
import type { Room, Settings as RecorderSettings } from "../engine/record/RecorderOptions.ts"
import * as SpanRecorder from "../engine/record/SpanRecorder.ts"
import type { AmbientContextService } from "../ports/AmbientContext.ts"
import * as ContextReader from "../ports/ContextReader.ts"
import { CurrentHostSpans } from "../ports/HostSpans.ts"
import type { PendingRecord } from "../ports/LateRetention.ts"
import type { Routing } from "../ports/Routing.ts"
import * as AccountDirectory from "./AccountDirectory.ts"
import * as EventStore from "./EventStore.ts"
import type { Foundation } from "./Foundation.ts"
import * as LayerOrder from "./LayerOrder.ts"
import * as MemoryBudget from "./MemoryBudget.ts"
import type { Settings } from "./Settings.ts"
import type { SpanSteps } from "./SpanSteps.ts"

export const make = (options: {
  readonly settings: Settings
  readonly foundation: Foundation
  readonly service: string
  readonly ambient: AmbientContextService
  readonly accountOf: (routing: Routing) => string | undefined
  readonly router: Pick<Router, "finish" | "refuse" | "waiting">
  readonly room: Room
  readonly steps: SpanSteps | undefined
  /** Keeps an undeliverable event for inspection. */
  readonly setAside: (record: PendingRecord, entry: SetAside) => void
  readonly loop: Pick<DeliveryLoop, "refuse">
  /** Whether spans that start now are recorded. */
  readonly isRecording: () => boolean
  /** Whether spans that start now become APM spans of the layer's own tracer. */
  readonly isTracing: () => boolean
}): SpanRecorder.SpanRecorder => {
  const { foundation, loop, router, settings, steps } = options
  const { ledger, signals: { isClosed } } = foundation
  const recorder = SpanRecorder.make({
    settings: {
      mlApp: settings.mlApp,
      service: options.service,
      process: MemoryBudget.processTags(settings),
      processLabels: settings.processLabels,
      retentionLooksAtTags: RetentionSampling.looksAtTags(settings.retention),
      retention: retentionOf(settings.retention),
      redaction: settings.redaction,
      propagation: settings.propagation
    },
    accountOf: options.accountOf,
    room: options.room,
    sink: {
      finish: (record, carrier) => {
        if (isClosed()) loop.refuse(carrier)
        else if (record.context.account !== AccountDirectory.nowhere) {
          if (steps === undefined) return router.finish(record, carrier)
          const waited = router.waiting()
          const room = router.finish(record, carrier)
          steps.ended(record, router.waiting() > waited)
          return room
        } else {
          const event = EventStore.textOf(record)
          options.setAside(record, { reason: "refused", status: undefined, at: foundation.now(), event })
          router.refuse(record, "refused", carrier)
        }
        return undefined
      },
      redact: (record, carrier) => isClosed() ? loop.refuse(carrier) : router.refuse(record, "redaction", carrier),
      fail: () => {
        // Statements without a call cannot overflow the stack.
        ledger.dropped.failed++
        ledger.enqueued++
      }
    },
    ids: foundation.ids,
    ambient: options.ambient,
    diagnostics: foundation.diagnostics,
    clock: (reader) => reader.getRef(Clock.Clock),
    root: ContextReader.make(foundation.root)
  })
  const order = LayerOrder.make(options)
  const hostSpans = Context.get(foundation.context, CurrentHostSpans)
  const { around, start } = hostSpans === undefined ? recorder : HostedStart.make(recorder, hostSpans, foundation)
  return {
    ...recorder,
    around,
    start: (input) => {
      if (!options.isRecording()) return undefined
      order.onStart(input)
      return start(input)
    },
    endAll: () => {
      order.close()
      recorder.endAll()
    }
  }
}

const retentionOf = (retention: RetentionSampling.RetentionSampling): RecorderSettings["retention"] => {
  if (!RetentionSampling.looksAtTags(retention) && retention.sampleRate >= 1) {
    const always = RetentionSampling.decide(retention, 0n)
    return () => always
  }
  return (apmTraceId, tags) => RetentionSampling.decide(retention, BigInt("0x" + TraceId.low64(apmTraceId)), tags)
}

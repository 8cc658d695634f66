/** A recorder whose sink keeps what it is given. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as PropagationStyle from "../../../src/domain/propagation/PropagationStyle.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import * as LateRetention from "../../../src/engine/record/LateRetention.ts"
import type * as RecorderOptions from "../../../src/engine/record/RecorderOptions.ts"
import * as SpanRecorder from "../../../src/engine/record/SpanRecorder.ts"
import * as ContextReader from "../../../src/ports/ContextReader.ts"
import * as Records from "../../domain/Records.ts"

export type Options = Parameters<typeof SpanRecorder.make>[0]

export const make = (more: Partial<Options> = {}, settings: Partial<RecorderOptions.Settings> = {}) => {
  const records: Array<SpanRecord> = []
  const failed = { count: 0 }
  const lines: Array<string> = []
  const diagnostics = Diagnostics.make((line) => lines.push(line))
  let next = 0
  const recorder = SpanRecorder.make({
    settings: {
      mlApp: "shop",
      service: "api",
      process: Records.process,
      processLabels: {},
      retention: () => ({ sampleRate: "1", samplingDecision: "1" }),
      retentionLooksAtTags: false,
      redaction: { processors: [], capture: "all" },
      propagation: PropagationStyle.defaults,
      ...settings
    },
    sink: {
      finish: (record) => {
        records.push(LateRetention.close(record))
        return undefined
      },
      redact: (record) => records.push(LateRetention.close(record)),
      fail: () => {
        failed.count++
      }
    },
    room: { hold: () => true, free: () => {}, admit: () => {} },
    accountOf: () => undefined,
    ids: {
      spanId: () => (++next).toString(16).padStart(16, "0"),
      traceId: (seconds) => Math.floor(seconds).toString(16).padStart(8, "0") + (++next).toString(16).padStart(24, "0"),
      random: () => 0
    },
    ambient: { current: () => undefined },
    diagnostics,
    clock: (reader) => reader.getRef(Clock.Clock),
    root: ContextReader.make(Context.empty()),
    ...more
  })
  return { recorder, records, diagnostics, failed, lines }
}

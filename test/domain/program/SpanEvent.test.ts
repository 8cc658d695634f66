import { assert, describe, it } from "@effect/vitest"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as Truncation from "../../../src/domain/event/Truncation.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as JsonText from "../../../src/domain/json/JsonText.ts"
import * as Program from "../../../src/domain/program/SpanEvent.ts"
import * as SpanRecordSchema from "../../../src/domain/schema/SpanRecord.ts"
import * as WireFormatSchema from "../../../src/domain/schema/WireFormat.ts"
import { makeRecord } from "../Records.ts"
import { run } from "./Programs.ts"

describe("the span event program", () => {
  it.prop(
    "renders an event as the plain function does when the event fits",
    [SpanRecordSchema.SpanRecord, WireFormatSchema.Road],
    ([record, road]) => {
      const format = WireFormat.table[road]
      assert.deepStrictEqual(run(Program.render(record, format)), {
        value: SpanEvent.render(record, format),
        lines: [],
        counts: {}
      })
    }
  )

  it("shrinks an event above the limit of the settings, and logs that without its content", () => {
    const record = makeRecord({ annotation: { input: "secret ".repeat(10_000) } })
    const format = WireFormat.table["evp-proxy"]
    const { counts, lines, value } = run(Program.render(record, format), { maxEventBytes: 4_000 })
    assert.deepStrictEqual(value, Truncation.shrink(SpanEvent.render(record, format), 4_000).value)
    assert.isAtMost(JsonText.byteLength(value), 4_000)
    assert.deepStrictEqual(counts, { event_too_large: 1 })
    assert.notInclude(lines.join(), "secret")
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as FinishedTraces from "../../../src/adapters/devagent/FinishedTraces.ts"
import * as EventView from "../../../src/domain/event/EventView.ts"

const event = (traceId: string, spanId: string, parentId = "undefined") =>
  EventView.fromEvent({ trace_id: traceId, span_id: spanId, parent_id: parentId }, "trace")

const ids = (traces: ReadonlyArray<ReadonlyArray<EventView.EventView>>) =>
  traces.map((trace) => trace.map(({ spanId }) => spanId))

describe("FinishedTraces", () => {
  it("gives a trace a moment after its root has come without further spans", () => {
    const traces = FinishedTraces.make(() => undefined)
    traces.add([event("a", "2", "1")], 0)
    traces.add([event("a", "1")], 1_000)
    assert.deepStrictEqual(ids(traces.due(1_100)), [])
    traces.add([event("a", "3", "1")], 1_200)
    assert.deepStrictEqual(ids(traces.due(1_449)), [])
    assert.deepStrictEqual(ids(traces.due(1_450)), [["2", "1", "3"]])
    assert.isTrue(traces.isEmpty())
    assert.deepStrictEqual(ids(traces.due(9_000)), [])
  })

  it("gives a trace without its root after a longer wait, and the rest on request", () => {
    const traces = FinishedTraces.make(() => undefined)
    traces.add([event("a", "2", "1")], 0)
    assert.deepStrictEqual(ids(traces.due(2_999)), [])
    assert.deepStrictEqual(ids(traces.due(3_000)), [["2"]])
    traces.add([event("b", "4", "1"), event("c", "5", "1")], 3_000)
    assert.deepStrictEqual(ids(traces.rest()), [["4"], ["5"]])
  })

  it("waits a while for the fate of an APM trace that an event has left", () => {
    const fates = new Map([["known", true]])
    const traces = FinishedTraces.make((apmTraceId) => fates.get(apmTraceId))
    for (const apm of ["known", "unknown", "later"]) {
      const left = { trace_id: apm, span_id: apm, parent_id: "undefined", _dd: { apm_trace_id: apm } }
      traces.add([EventView.fromEvent(left, "evp")], 0)
    }
    assert.deepStrictEqual(ids(traces.due(250)), [["known"]])
    fates.set("later", false)
    assert.deepStrictEqual(ids(traces.due(900)), [["later"]])
    assert.deepStrictEqual(ids(traces.due(1_499)), [])
    assert.deepStrictEqual(ids(traces.due(1_500)), [["unknown"]])
  })

  it("gives every trace when there are too many to hold", () => {
    const traces = FinishedTraces.make(() => undefined)
    traces.add(Array.from({ length: 2_001 }, (_, index) => event("a", String(index), "elsewhere")), 0)
    assert.strictEqual(traces.due(0)[0]!.length, 2_001)
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as ChunkAssembler from "../../../src/engine/chunk/ChunkAssembler.ts"
import type { LiveSpan, LocalTrace } from "../../../src/engine/chunk/LocalTrace.ts"
import { makeTrace, open, record } from "../Scene.ts"

const make = (options: { readonly minSpans?: number; readonly maxAgeMillis?: number } = {}) => {
  const emitted: Array<readonly [LocalTrace, ReadonlyArray<LiveSpan>]> = []
  let waits = 0
  const chunks = ChunkAssembler.make({
    minSpans: options.minSpans ?? 1_000,
    maxAgeMillis: options.maxAgeMillis ?? 30_000,
    emit: (trace, spans) => {
      emitted.push([trace, spans])
    },
    onWaiting: () => {
      waits++
    }
  })
  const start = (trace: LocalTrace, llm = false) => {
    const span = open(trace, llm)
    chunks.start(span)
    return span
  }
  return { chunks, emitted, start, waits: () => waits }
}

describe("ChunkAssembler", () => {
  it("sends a trace when its last open span ends, the spans in the order they started", () => {
    const { chunks, emitted, start, waits } = make()
    const trace = makeTrace()
    const [root, a, b] = [start(trace), start(trace), start(trace)]
    chunks.finish(b!, () => 0)
    chunks.finish(a!, () => 1)
    assert.deepStrictEqual(emitted, [])
    assert.strictEqual(waits(), 1)
    chunks.finish(root!, () => 2)
    assert.deepStrictEqual(emitted, [[trace, [root!, a!, b!]]])
  })

  it("waits for a span that is open after its root ended", () => {
    const { chunks, emitted, start } = make()
    const trace = makeTrace()
    const [root, detached] = [start(trace), start(trace)]
    chunks.finish(root!, () => 0)
    assert.deepStrictEqual(emitted, [])
    chunks.finish(detached!, () => 0)
    assert.strictEqual(emitted.length, 1)
  })

  it("makes another chunk of a span that starts after its trace was sent", () => {
    const { chunks, emitted, start } = make()
    const trace = makeTrace()
    chunks.finish(start(trace), () => 0)
    const late = start(trace)
    chunks.finish(late, () => 0)
    assert.deepStrictEqual(emitted.map(([, spans]) => spans.length), [1, 1])
    assert.strictEqual(emitted[1]![1][0], late)
  })

  it("keeps two local traces of one trace id apart", () => {
    const { chunks, emitted, start } = make()
    const [one, other] = [makeTrace(), makeTrace()]
    const [a, b] = [start(one), start(other)]
    chunks.finish(a, () => 0)
    assert.deepStrictEqual(emitted, [[one, [a]]])
    chunks.finish(b, () => 0)
    assert.deepStrictEqual(emitted[1], [other, [b]])
  })

  it("sends a part of a trace when enough spans wait", () => {
    const { chunks, emitted, start } = make({ minSpans: 2 })
    const trace = makeTrace()
    const root = start(trace)
    for (let i = 0; i < 5; i++) chunks.finish(start(trace), () => 0)
    assert.deepStrictEqual(emitted.map(([, spans]) => spans.length), [2, 2])
    chunks.finish(root, () => 0)
    assert.deepStrictEqual(emitted.map(([, spans]) => spans.length), [2, 2, 2])
  })

  it("sends a part of a trace when its oldest span has waited long enough, and returns when to look again", () => {
    const { chunks, emitted, start } = make({ maxAgeMillis: 30_000 })
    const [one, other] = [makeTrace(), makeTrace()]
    start(one)
    start(other)
    chunks.finish(start(one), () => 1_000)
    chunks.finish(start(one), () => 20_000)
    chunks.finish(start(other), () => 5_000)
    assert.strictEqual(chunks.sweep(30_999), 31_000)
    assert.deepStrictEqual(emitted, [])
    assert.strictEqual(chunks.sweep(31_000), 35_000)
    assert.deepStrictEqual(emitted.map(([trace, spans]) => [trace === one, spans.length]), [[true, 2]])
    assert.isUndefined(chunks.sweep(35_000))
    assert.isUndefined(chunks.sweep(99_000))
    assert.strictEqual(emitted.length, 2)
  })

  it("counts age from the oldest of the spans that wait now", () => {
    const { chunks, emitted, start } = make({ maxAgeMillis: 100 })
    const trace = makeTrace()
    start(trace)
    chunks.finish(start(trace), () => 0)
    chunks.sweep(100)
    chunks.finish(start(trace), () => 150)
    assert.strictEqual(chunks.sweep(200), 250)
    assert.strictEqual(emitted.length, 1)
  })

  it("sends every ended span on a flush, and leaves open spans", () => {
    const { chunks, emitted, start } = make()
    const [one, other] = [makeTrace(), makeTrace()]
    const root = start(one)
    start(other)
    chunks.finish(start(one), () => 0)
    chunks.finish(start(other), () => 0)
    chunks.flush()()
    assert.strictEqual(emitted.length, 2)
    chunks.flush()()
    assert.strictEqual(emitted.length, 2)
    chunks.finish(root, () => 0)
    assert.strictEqual(emitted.length, 3)
  })

  it("reports the first span that waits in a trace, and no further one", () => {
    const { chunks, start, waits } = make()
    const trace = makeTrace()
    start(trace)
    for (let i = 0; i < 3; i++) chunks.finish(start(trace), () => 0)
    assert.strictEqual(waits(), 1)
    chunks.flush()()
    chunks.finish(start(trace), () => 0)
    assert.strictEqual(waits(), 2)
  })

  it("takes no record from a span", () => {
    const { chunks, emitted, start } = make()
    const span = start(makeTrace(), true)
    const kept = record()
    span.attach(kept, "none")
    chunks.finish(span, () => 0)
    assert.strictEqual(emitted[0]![1][0]!.record, kept)
  })
})

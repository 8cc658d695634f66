import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as ChunkAssembler from "../../src/engine/chunk/ChunkAssembler.ts"
import type { LiveSpan, LocalTrace } from "../../src/engine/chunk/LocalTrace.ts"
import { makeTrace, open } from "../engine/Scene.ts"

const small = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))

const steps = Arbitrary.schema(Schema.Array(Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("start"), trace: small, llm: Schema.Boolean }),
  Schema.Struct({ _tag: Schema.Literal("finish"), span: small }),
  Schema.Struct({ _tag: Schema.Literal("finish"), span: small }),
  Schema.Struct({ _tag: Schema.Literal("wait"), millis: Schema.Literals([5, 10, 25]) }),
  Schema.Struct({ _tag: Schema.Literal("sweep") }),
  Schema.Struct({ _tag: Schema.Literal("flush") })
])))

/** A chunk as texts: the trace and its spans by number. */
type Emitted = ReadonlyArray<number>

/** The assembler as a pure function of all that happened: what has left, and what waits. */
interface Model {
  readonly open: ReadonlyMap<number, ReadonlySet<number>>
  readonly waiting: ReadonlyMap<number, ReadonlyArray<readonly [span: number, at: number]>>
}

const emit = (model: Model, trace: number): readonly [Model, Emitted] => {
  const waiting = new Map(model.waiting)
  const spans = waiting.get(trace)!.map(([span]) => span)
  waiting.delete(trace)
  return [{ ...model, waiting }, spans.toSorted((a, b) => a - b)]
}

const traces = 3
const minSpans = 4
const maxAgeMillis = 25

describe("ChunkAssembler", () => {
  it.prop("behaves like a pure model", [steps], ([steps]) => {
    const emitted: Array<Emitted> = []
    const expected: Array<Emitted> = []
    const numbers = new Map<LiveSpan, number>()
    const locals: ReadonlyArray<LocalTrace> = Array.from({ length: traces }, makeTrace)
    const running: Array<{ readonly span: LiveSpan; readonly trace: number }> = []
    const assembler = ChunkAssembler.make({
      minSpans,
      maxAgeMillis,
      emit: (_, spans) => {
        emitted.push(spans.map((span) => numbers.get(span)!))
      }
    })
    let now = 0
    let model: Model = { open: new Map(), waiting: new Map() }
    const leave = (trace: number) => {
      const [next, spans] = emit(model, trace)
      model = next
      expected.push(spans)
    }
    for (const step of steps) {
      switch (step._tag) {
        case "start": {
          const trace = step.trace % traces
          const span = open(locals[trace]!, step.llm)
          const number = numbers.size
          numbers.set(span, number)
          running.push({ span, trace })
          assembler.start(span)
          const spans = new Set(model.open.get(trace)).add(number)
          model = { ...model, open: new Map(model.open).set(trace, spans) }
          break
        }
        case "finish": {
          const [found] = running.splice(step.span % Math.max(1, running.length), 1)
          if (found === undefined) break
          const { span, trace } = found
          const number = numbers.get(span)!
          assembler.finish(span, () => now)
          const left = new Set(model.open.get(trace))
          left.delete(number)
          const waiting = [...model.waiting.get(trace) ?? [], [number, now] as const]
          model = { open: new Map(model.open).set(trace, left), waiting: new Map(model.waiting).set(trace, waiting) }
          if (left.size === 0 || waiting.length >= minSpans) leave(trace)
          break
        }
        case "wait":
          now += step.millis
          break
        case "sweep": {
          const next = assembler.sweep(now)
          const due = (trace: number) => model.waiting.get(trace)![0]![1] + maxAgeMillis
          for (const trace of model.waiting.keys()) if (due(trace) <= now) leave(trace)
          const times = [...model.waiting.keys()].map(due)
          assert.strictEqual(next, times.length === 0 ? undefined : Math.min(...times))
          break
        }
        case "flush": {
          const slices = assembler.flush()
          while (slices());
          for (const trace of model.waiting.keys()) leave(trace)
        }
      }
      assert.deepStrictEqual(emitted.toSorted(), expected.toSorted())
    }
    const seen = emitted.flat()
    assert.strictEqual(new Set(seen).size, seen.length)
  }, { arbitrary: { runs: 300, size: 150 } })
})

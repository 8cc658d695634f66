import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as AccountShares from "../../../src/engine/outbox/AccountShares.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import type * as RecorderOptions from "../../../src/engine/record/RecorderOptions.ts"
import type { OpenSpan } from "../../../src/ports/CurrentSpan.ts"
import { measure, record } from "../Scene.ts"
import * as Recording from "./Recording.ts"

const limit = 100_000
const text = (length: number) => "x".repeat(length)

const make = (
  more: Partial<Recording.Options> = {},
  settings: Partial<RecorderOptions.Settings> = {}
) => {
  const budget = AccountShares.make(ByteBudget.make({ limit, measure }))
  const recording = Recording.make({ room: { ...budget, admit: () => {} }, ...more }, settings)
  const { recorder } = recording
  const open = (options?: object, kind: "llm" | "task" = "task"): OpenSpan =>
    recorder.start({ kind, name: "step", options })!
  return { ...recording, budget, open }
}

const problems = ({ diagnostics }: Pick<ReturnType<typeof make>, "diagnostics">) =>
  diagnostics.counts().get("memory_full")

describe("OpenContent", () => {
  it("charges content of open spans, and nothing after all have ended", () => {
    const { budget, open, recorder, records } = make()
    const spans = [open({ input: text(10_000) }), open()]
    recorder.annotate(spans[1]!, { output: text(20_000), metadata: { list: [1, 2, { a: "b" }] } })
    assert.isAbove(budget.used(), 28_000)
    assert.isBelow(budget.used(), 31_000)
    for (const span of spans) recorder.end(span)
    for (const span of spans) recorder.end(span)
    assert.strictEqual(budget.used(), 0)
    assert.strictEqual(records.length, 2)
  })

  it("charges the first KiB of a span nothing", () => {
    const { budget, open } = make()
    for (let i = 0; i < 100; i++) open({ input: text(800) })
    assert.strictEqual(budget.used(), 0)
  })

  it("releases the charge of spans that are interrupted, fail, or never end before the layer closes", () => {
    const { budget, open, recorder, records } = make()
    recorder.end(open({ input: text(10_000) }), { interrupted: true })
    recorder.end(open({ input: text(10_000) }), { error: new Error("no") })
    open({ input: text(10_000) })
    assert.isAbove(budget.used(), 9_000)
    recorder.endAll()
    assert.strictEqual(budget.used(), 0)
    assert.strictEqual(records.length, 3)
  })

  it("releases the charge of a span whose event cannot be made or placed, or that redaction drops", () => {
    const failing = make({}, {
      retentionLooksAtTags: true,
      retention: () => {
        throw new Error("no decision")
      }
    })
    failing.recorder.end(failing.open({ input: text(10_000) }))
    assert.strictEqual(failing.failed.count, 1)
    assert.strictEqual(failing.budget.used(), 0)

    const dropping = make({}, { redaction: { processors: [() => undefined], capture: "all" } })
    dropping.recorder.end(dropping.open({ input: text(10_000) }))
    assert.strictEqual(dropping.records.length, 1)
    assert.strictEqual(dropping.budget.used(), 0)
  })

  it("frees the room of a span before its event is placed, and admits waiting events after", () => {
    const steps: Array<string> = []
    const budget = ByteBudget.make({ limit, measure })
    const { recorder } = Recording.make({
      room: { ...budget, admit: () => steps.push(`admit ${budget.used()}`) },
      sink: {
        finish: () => {
          steps.push(`finish ${budget.used()}`)
          return undefined
        },
        redact: () => {},
        fail: () => {}
      }
    })
    recorder.end(recorder.start({ kind: "task", name: "step", options: { input: text(50_000) } })!)
    assert.deepStrictEqual(steps, ["finish 0", "admit 0"])
  })

  it("leaves out a field without room, keeps the small ones beside it, and says so once for each place", () => {
    const scene = make()
    const { budget, lines, open, recorder, records } = scene
    const first = open({ input: text(70_000) })
    const second = open({ input: [{ role: "user", content: text(30_000) }], metrics: { inputTokens: 3 } }, "llm")
    const third = open({ name: "renamed", sessionId: "s-1", tags: { team: "a" }, input: text(30_000) })
    assert.isAtMost(budget.used(), limit)
    for (const span of [first, second, third]) recorder.end(span)
    const [whole, llm, task] = records
    assert.strictEqual(whole!.annotation.input!.value, text(70_000))
    assert.isUndefined(whole!.tags["effect.content.left_out"])
    assert.isUndefined(llm!.annotation.input)
    assert.strictEqual(llm!.annotation.metrics!["input_tokens"], 3)
    assert.strictEqual(llm!.tags["effect.content.left_out"], "true")
    assert.isUndefined(task!.annotation.input)
    assert.strictEqual(task!.context.name, "renamed")
    assert.strictEqual(task!.annotation.sessionId, "s-1")
    assert.strictEqual(task!.annotation.tags!["team"], "a")
    assert.isBelow(task!.bytes, 30_000)
    assert.strictEqual(problems(scene), 2)
    assert.isAtLeast(lines.length, 1)
    for (const line of lines) assert.include(line, "memory_full")
    assert.strictEqual(budget.used(), 0)
  })

  it("charges a field that is annotated again only for its latest value", () => {
    const scene = make()
    const { budget, open, recorder, records } = scene
    const span = open()
    for (let i = 1; i <= 500; i++) {
      recorder.annotate(span, {
        output: text(100 * i),
        metadata: { progress: text(1_000) },
        tags: { step: text(100) },
        costTags: ["step"],
        prompt: { id: "p", variables: { v: text(100) } }
      })
    }
    assert.isUndefined(problems(scene))
    assert.isBelow(budget.used(), 55_000)
    recorder.annotate(span, { output: "short" })
    assert.isBelow(budget.used(), 5_000)
    recorder.end(span)
    assert.strictEqual(records[0]!.annotation.output!.value, "short")
    assert.strictEqual(budget.used(), 0)
  })

  it("does not refuse an output that is made at the end of a span, because its event is charged at once", () => {
    const scene = make()
    const { open, recorder, records } = scene
    open({ input: text(70_000) })
    recorder.end(open(), { exit: Effect.runSyncExit(Effect.void), output: () => text(60_000) })
    assert.strictEqual(records[0]!.annotation.output!.value, text(60_000))
    assert.isUndefined(problems(scene))
  })

  it("grants content of open spans a quarter of the limit even if events fill all of it", () => {
    const scene = make()
    const { budget, open, recorder, records } = scene
    for (let one = record(1_000); budget.reserve(one); one = record(1_000));
    const full = budget.used()
    const spans = [open({ input: text(20_000) }), open({ input: text(20_000) })]
    assert.isAtMost(budget.used(), full + limit / 4)
    for (const span of spans) recorder.end(span)
    assert.strictEqual(budget.used(), full)
    assert.deepStrictEqual(records.map(({ annotation }) => annotation.input === undefined), [false, true])
  })

  it("limits the content of an account to its share", () => {
    const { budget } = make()
    assert.isTrue(budget.hold(15_000, "other"))
    assert.isFalse(budget.hold(15_000, "other"))
    assert.isTrue(budget.hold(15_000, undefined))
    budget.free(15_000, "other")
    assert.isTrue(budget.hold(15_000, "other"))
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Problem from "../../../src/domain/Problem.ts"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import { guard } from "../../../src/engine/books/Guard.ts"

const make = (onProblem?: (problem: Problem.Problem) => void) => {
  const lines: Array<string> = []
  return { diagnostics: Diagnostics.make((line) => lines.push(line), onProblem), lines }
}

describe("Diagnostics", () => {
  it("counts every problem, and logs each code once", () => {
    const { diagnostics, lines } = make()
    const problems = [
      Problem.make("invalid_tags", "Tags must be an object."),
      Problem.make("invalid_metrics", "Metrics must be numbers.", "metrics")
    ]
    diagnostics.report(problems)
    diagnostics.report(problems)
    diagnostics.report([])
    assert.deepStrictEqual(lines, [
      "invalid_tags: Tags must be an object.",
      "invalid_metrics: Metrics must be numbers. (at metrics)"
    ])
    assert.deepStrictEqual([...diagnostics.counts()], [["invalid_tags", 2], ["invalid_metrics", 2]])
  })

  it("names the span, and logs each code once for each span and each part of it", () => {
    const { diagnostics, lines } = make()
    const tags = Problem.make("invalid_tags", "Tags must be an object.", "tags")
    for (const span of ["chat", "chat", "sum\n\"up\""]) diagnostics.report([tags], span)
    diagnostics.report([{ ...tags, path: "metadata.tags[1]" }, { ...tags, path: "metadata.other" }], "chat")
    assert.deepStrictEqual(lines, [
      "The span \"chat\": invalid_tags: Tags must be an object. (at tags)",
      "The span \"sum??up?\": invalid_tags: Tags must be an object. (at tags)",
      "The span \"chat\": invalid_tags: Tags must be an object. (at metadata.tags[1])"
    ])
    assert.deepStrictEqual([...diagnostics.counts()], [["invalid_tags", 5]])
  })

  it("bounds its lines, whatever spans are called, and still logs each code once", () => {
    const { diagnostics, lines } = make()
    const tags = Problem.make("invalid_tags", "Tags must be an object.")
    for (let index = 0; index < 5_000; index++) diagnostics.report([tags], `span-${index}`)
    assert.strictEqual(lines.length, 256)
    diagnostics.report([Problem.make("invalid_metrics", "Metrics must be numbers.")], "chat")
    assert.strictEqual(lines.length, 257)
  })

  it("logs a problem's place without the user's keys", () => {
    const { diagnostics, lines } = make()
    diagnostics.report([Problem.make("value_too_large", "Too large.", `metadata.${"k".repeat(500)}`)])
    diagnostics.report([Problem.make("unreadable_value", "Unreadable.", "input[2].a b\n\u001b[31m")])
    assert.isBelow(lines[0]!.length, 130)
    assert.isTrue(lines[1]!.endsWith("(at input[2].a?b??[31m)"), lines[1])
  })

  it("logs the kind of a defect and never its message", () => {
    const { diagnostics, lines } = make()
    diagnostics.defect("place", new TypeError("secret"))
    diagnostics.defect("place", new TypeError("secret"))
    diagnostics.defect("other", "secret")
    assert.strictEqual(lines.length, 2)
    assert.isFalse(lines.some((line) => line.includes("secret")))
    assert.include(lines[0], "(place, TypeError)")
    assert.strictEqual(diagnostics.counts().get("defect:place"), 2)
  })

  it("warns once for each key", () => {
    const { diagnostics, lines } = make()
    for (const line of ["first", "second"]) diagnostics.warnOnce("key", line)
    assert.deepStrictEqual(lines, ["first"])
  })

  it("bounds its state, whatever problems it is given", () => {
    const { diagnostics, lines } = make()
    for (let index = 0; index < 5_000; index++) diagnostics.warnOnce(`key-${index}`, "line")
    assert.strictEqual(diagnostics.counts().size, 256)
    assert.strictEqual(lines.length, 256)
    diagnostics.warnOnce("key-0", "line")
    assert.strictEqual(diagnostics.counts().get("key-0"), 2)
  })

  it("calls onProblem for every problem, also one logged before, and survives an onProblem that throws", () => {
    const told: Array<string> = []
    const { diagnostics, lines } = make((problem) => {
      told.push(problem.code)
      throw new Error("theirs")
    })
    const problem = Problem.make("invalid_tags", "Tags must be an object.")
    diagnostics.report([problem, problem])
    assert.deepStrictEqual(told, ["invalid_tags", "invalid_tags"])
    assert.strictEqual(diagnostics.counts().get("onProblem"), 2)
    assert.strictEqual(lines.at(-1), "invalid_tags: Tags must be an object.")
    assert.strictEqual(lines[0], "The option onProblem threw; the problem is logged and counted anyway.")
  })

  it("handles the rejection of an asynchronous onProblem, and warns once that it must not be asynchronous", async () => {
    const { diagnostics, lines } = make(() => Promise.reject(new Error("theirs")) as unknown as void)
    const problem = Problem.make("invalid_tags", "Tags must be an object.")
    diagnostics.report([problem, problem])
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepStrictEqual(lines, [
      "The option onProblem returned a promise, which nothing waits for; the problem is logged and counted anyway.",
      "invalid_tags: Tags must be an object."
    ])
  })
})

describe("guard", () => {
  it("returns the function's result, or the fallback and a counted defect", () => {
    const { diagnostics } = make()
    assert.strictEqual(guard(diagnostics, "good", () => 1, 2), 1)
    const thrown = guard(diagnostics, "bad", (): number => {
      throw new RangeError("secret")
    }, 2)
    assert.strictEqual(thrown, 2)
    assert.deepStrictEqual([...diagnostics.counts()], [["defect:bad", 1]])
  })
})

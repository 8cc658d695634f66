import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Redaction from "../../src/domain/redaction/Redaction.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const sides = (agent: typeof LLMObs.DevAgent.Service, name: string) => {
  const { event } = Observed.named(agent, name)
  return { input: Observed.at(event, "meta.input"), output: Observed.at(event, "meta.output") }
}

describe("capture", () => {
  it.live("records the arguments and the result of Effect.fn and Effect.fnUntraced", () =>
    Effect.gen(function*() {
      const one = Effect.fn(function*(question: string) {
        return yield* Effect.succeed({ found: question.length })
      }, LLMObs.tool("one", { capture: true }))
      const several = Effect.fnUntraced(function*(id: number, options: { readonly deep: boolean }) {
        return yield* Effect.succeed([id, options.deep])
      }, LLMObs.task("several", { capture: true }))
      const none = Effect.fn(function*() {
        return yield* Effect.succeed("done")
      }, LLMObs.task("none", { capture: true }))
      assert.deepStrictEqual(yield* one("parcel"), { found: 6 })
      yield* several(7, { deep: true })
      yield* none()
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(sides(agent, "one"), { input: { value: "parcel" }, output: { value: "{\"found\":6}" } })
      assert.deepStrictEqual(sides(agent, "several"), {
        input: { value: "[7,{\"deep\":true}]" },
        output: { value: "[7,true]" }
      })
      assert.deepStrictEqual(sides(agent, "none"), { input: undefined, output: { value: "done" } })
    }).pipe(Effect.provide(Observed.dev())))

  it.live("reads a provider's request and answer, with its model and counts", () =>
    Effect.gen(function*() {
      const ask = Effect.fn(
        function*(request: { readonly model: string; readonly messages: ReadonlyArray<unknown> }) {
          return yield* Effect.succeed({
            object: "chat.completion",
            model: `${request.model}-2026`,
            choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Tomorrow." } }],
            usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
          })
        },
        LLMObs.llm("chat", { capture: true }),
        LLMObs.workflow("around", { capture: { input: true } })
      )
      yield* ask({ model: "gpt-5", messages: [{ role: "user", content: "When?" }] })
      const { agent } = yield* Observed.settle
      const { event } = Observed.named(agent, "chat")
      assert.deepStrictEqual(sides(agent, "chat"), {
        input: { messages: [{ role: "user", content: "When?" }] },
        output: { messages: [{ role: "assistant", content: "Tomorrow." }] }
      })
      assert.deepStrictEqual(event["metrics"], { input_tokens: 9, output_tokens: 2, total_tokens: 11 })
      assert.strictEqual(Observed.at(event, "meta.model_name"), "gpt-5-2026")
      assert.strictEqual(Observed.at(event, "meta.metadata.finish_reason"), "stop")
      assert.include(sides(agent, "around").input.value, "When?")
      assert.isUndefined(sides(agent, "around").output)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("yields to an annotated input or output, and to the model that the options name", () =>
    Effect.gen(function*() {
      const told = Effect.fn(function*(_question: string) {
        return yield* Effect.succeed({
          model: "answered",
          choices: [{ finish_reason: "stop", message: { role: "assistant", content: "a" } }]
        })
      }, LLMObs.llm("told", { capture: true, model: "named", input: "asked", output: () => "made" }))
      const annotated = Effect.fn(function*(_question: string) {
        yield* LLMObs.annotateCurrentSpan({ input: "asked", output: "annotated" })
        return "result"
      }, LLMObs.task("annotated", { capture: true }))
      const named = Effect.fn(function*(_question: string) {
        return yield* Effect.succeed({
          model: "answered",
          choices: [{ finish_reason: "stop", message: { role: "assistant", content: "a" } }]
        })
      }, LLMObs.llm("named", { capture: true, model: "named" }))
      yield* told("question")
      yield* annotated("question")
      yield* named("question")
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(sides(agent, "told"), {
        input: { messages: [{ role: "user", content: "asked" }] },
        output: { messages: [{ role: "assistant", content: "made" }] }
      })
      assert.deepStrictEqual(sides(agent, "annotated"), { input: { value: "asked" }, output: { value: "annotated" } })
      assert.strictEqual(Observed.at(Observed.named(agent, "named").event, "meta.model_name"), "named")
    }).pipe(Effect.provide(Observed.dev())))

  it.live("redacts the captured content, and keeps the input of a call that fails", () =>
    Effect.gen(function*() {
      const fails = Effect.fn(function*(_secret: { readonly key: Redacted.Redacted; readonly mail: string }) {
        return yield* Effect.fail("no")
      }, LLMObs.tool("fails", { capture: true }))
      const exit = yield* Effect.exit(fails({ key: Redacted.make("hunter2"), mail: "ann@example.com" }))
      assert.isTrue(Exit.isFailure(exit))
      const { agent } = yield* Observed.settle
      const { input, output } = sides(agent, "fails")
      assert.notInclude(input.value, "hunter2")
      assert.notInclude(input.value, "ann@example.com")
      assert.include(input.value, "mail")
      assert.isUndefined(output)
    }).pipe(Effect.provide(Observed.dev({ processors: [Redaction.personalData] }))))

  it.effect("reads no argument without a layer", () => {
    let reads = 0
    const argument = {
      get secret() {
        reads += 1
        return 1
      }
    }
    const plain = Effect.fn(function*(_argument: unknown) {
      return yield* Effect.succeed(1)
    }, LLMObs.task("plain", { capture: true }))
    return Effect.map(plain(argument), (result) => assert.deepStrictEqual([result, reads], [1, 0]))
  })
})

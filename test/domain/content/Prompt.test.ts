import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Prompt from "../../../src/domain/content/Prompt.ts"
import * as HostileValue from "../HostileValue.ts"

const defaults = { _dd_context_variable_keys: ["context"], _dd_query_variable_keys: ["question"] }

const rendered = (u: unknown, mlApp = "shop") => Prompt.render(Prompt.parse(u).value!, mlApp)

const given = Schema.Struct({
  id: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  template: Schema.optionalKey(Schema.Union([
    Schema.String,
    Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.String }))
  ])),
  variables: Schema.optionalKey(Schema.Record(Schema.String, Schema.Number)),
  contextVariables: Schema.optionalKey(Schema.Array(Schema.String))
})

const prompts = Arbitrary.map(Arbitrary.schema(given), (input) => Prompt.parse(input).value!)

describe("Prompt", () => {
  it("reads every field by its camelCase and its snake_case name", () => {
    const camel = {
      id: "greet",
      version: "1.2",
      label: "prod",
      template: "Hello {{name}}",
      variables: { name: "Ann", n: 5 },
      tags: { team: "x" },
      promptUuid: "u-1",
      promptVersionUuid: "v-1",
      contextVariables: ["docs"],
      queryVariables: ["q"]
    }
    const expected: Prompt.Prompt = {
      id: "greet",
      version: "1.2",
      label: "prod",
      template: "Hello {{name}}",
      variables: { name: "Ann", n: 5 },
      tags: { team: "x" },
      prompt_uuid: "u-1",
      prompt_version_uuid: "v-1",
      _dd_context_variable_keys: ["docs"],
      _dd_query_variable_keys: ["q"]
    }
    const { promptUuid: _, promptVersionUuid: __, contextVariables, queryVariables, ...common } = camel
    for (
      const input of [
        camel,
        {
          ...common,
          prompt_uuid: "u-1",
          prompt_version_uuid: "v-1",
          rag_context_variables: ["docs"],
          rag_query_variables: ["q"]
        },
        {
          ...common,
          promptUuid: "u-1",
          promptVersionUuid: "v-1",
          ragContextVariables: ["docs"],
          ragQueryVariables: ["q"]
        }
      ]
    ) {
      const { problems, value } = Prompt.parse(input)
      assert.deepStrictEqual(value, expected)
      assert.deepStrictEqual(problems, [])
    }
    assert.deepStrictEqual([contextVariables, queryVariables], [["docs"], ["q"]])
  })

  it("reads a chat from any of its names, with placeholders and without other keys", () => {
    const chat = [{ role: "system", content: "sys", extra: 1 }, { type: "placeholder", name: "history", x: 1 }]
    for (const name of ["template", "chatTemplate", "chat_template"]) {
      assert.deepStrictEqual(Prompt.parse({ [name]: chat }).value, {
        chat_template: [{ role: "system", content: "sys" }, { type: "placeholder", name: "history" }]
      })
    }
  })

  it("fills the id, the app of the span and the variable names", () => {
    assert.deepStrictEqual(rendered({}), { id: "shop_unnamed-prompt", ml_app: "shop", ...defaults })
    assert.deepStrictEqual(rendered({ template: "t" }, "span-app"), {
      id: "span-app_unnamed-prompt",
      ml_app: "span-app",
      template: "t",
      ...defaults
    })
    assert.deepStrictEqual(rendered({ id: "c", contextVariables: ["docs"], queryVariables: ["q"] }), {
      id: "c",
      ml_app: "shop",
      _dd_context_variable_keys: ["docs"],
      _dd_query_variable_keys: ["q"]
    })
  })

  it("treats empty fields as not given", () => {
    assert.deepStrictEqual(Prompt.parse({ id: "", version: "", template: "", variables: {}, tags: {}, label: null }), {
      value: {},
      bytes: Prompt.parse({ id: "", version: "", template: "", variables: {}, tags: {}, label: null }).bytes,
      problems: []
    })
  })

  it("leaves out fields of the wrong type, and keeps the rest", () => {
    const { problems, value } = Prompt.parse({
      id: "kept",
      version: 1,
      tags: { a: 1 },
      variables: ["x"],
      contextVariables: ["x", 1],
      chatTemplate: [{ role: "user" }]
    })
    assert.deepStrictEqual(value, { id: "kept" })
    assert.deepStrictEqual(problems.map((p) => p.code), Array.from({ length: 5 }, () => "invalid_prompt"))
    assert.deepStrictEqual(problems.map((p) => p.path), [
      "prompt.version",
      "prompt.variables",
      "prompt.tags",
      "prompt.contextVariables",
      "prompt.chatTemplate"
    ])
  })

  it("keeps the text of two templates, and refuses a value that is not an object", () => {
    const both = Prompt.parse({ chatTemplate: [{ role: "user", content: "x" }], template: "t" })
    assert.deepStrictEqual(both.value, { template: "t" })
    assert.deepStrictEqual(both.problems.map((p) => p.path), ["prompt.chatTemplate"])
    for (const bad of ["text", 1, ["x"], null]) {
      const { problems, value } = Prompt.parse(bad)
      assert.strictEqual(value, undefined)
      assert.deepStrictEqual(problems.map((p) => p.code), ["invalid_prompt"])
    }
  })

  it("merges key by key, and a template replaces one of the other kind", () => {
    assert.deepStrictEqual(
      Prompt.merge({ id: "a", version: "1", template: "t", variables: { x: "1" } }, { id: "b", variables: { y: "2" } }),
      { id: "b", version: "1", template: "t", variables: { y: "2" } }
    )
    const chat = [{ role: "user", content: "x" }]
    assert.deepStrictEqual(Prompt.merge({ template: "t" }, { chat_template: chat }), { chat_template: chat })
    assert.deepStrictEqual(Prompt.merge({ chat_template: chat }, { template: "t" }), { template: "t" })
  })

  it.prop("merges associatively, with the empty prompt as unit", [prompts, prompts, prompts], ([a, b, c]) => {
    assert.deepStrictEqual(Prompt.merge(Prompt.merge(a, b), c), Prompt.merge(a, Prompt.merge(b, c)))
    assert.deepStrictEqual(Prompt.merge({}, a), a)
    assert.deepStrictEqual(Prompt.merge(a, {}), a)
  })

  it.prop("never renders two templates", [prompts, prompts], ([a, b]) => {
    const both = Prompt.merge(a, b)
    assert.isFalse(both.template !== undefined && both.chat_template !== undefined)
  })

  it.prop(
    "reads any value without throwing, and bounds its rendered size from above",
    [HostileValue.arbitrary],
    ([input]) => {
      for (const given of [input, { id: "i", variables: input, template: "t" }]) {
        const { bytes, value } = Prompt.parse(given)
        if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(Prompt.render(value, ""))))
      }
    },
    { arbitrary: { runs: 500 } }
  )
})

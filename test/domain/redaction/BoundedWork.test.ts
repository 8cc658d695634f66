/** The work of the ready rules grows with the text and not faster, whatever the text. It is counted in steps. */
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as JsonTexts from "../../../src/domain/redaction/JsonTexts.ts"
import type { RedactableSpan } from "../../../src/domain/redaction/RedactableSpan.ts"
import * as Redaction from "../../../src/domain/redaction/Redaction.ts"
import * as Work from "../Work.ts"

const fragments = [
  "{\"",
  "\"{\",",
  "{",
  "}",
  "[",
  "]",
  "\\\"",
  "\\",
  "\"",
  "'",
  ",",
  ":",
  "=",
  ">",
  " ",
  "\n",
  "-",
  "--",
  "password",
  "password: ",
  "password=",
  "password=\"",
  "password: [",
  "--password ",
  "<password>",
  "token: ",
  "key:",
  "cookie: a=",
  "authorization: ",
  "Basic ",
  "curl -u ",
  "-u \"",
  "sk-",
  "eyJ",
  "eyJ.",
  "AKIA",
  "SG.",
  "://",
  "@",
  "a@",
  "a.",
  "%40",
  "4",
  "4 ",
  "1 ",
  "DE89",
  "de89 ",
  "+4",
  "0",
  "４",
  "bearer ",
  "a",
  "é",
  "\ud800",
  "-----BEGIN PRIVATE KEY-----"
] as const

const rules: ReadonlyArray<readonly [string, (text: string) => unknown]> = [
  ["secrets", Redaction.redactSecrets],
  ["personalData", Redaction.redactPersonalData],
  ["secrets, over a span", (text) => Redaction.secrets(spanOf(text))],
  ["deny", (text) => Redaction.deny(["**.email", "input[*].content"])(spanOf(text))],
  ["allow", (text) => Redaction.allow(["input.user.id"])(spanOf(text))]
]

const spanOf = (text: string): RedactableSpan => ({ kind: "task", name: "step", tags: {}, input: text })

// The work that one unit of a text may cost. A name is looked for 64 units back, an address 64 back and 253 ahead.
const stepsAUnit = 400

const size = 40_000

describe("the work of the ready rules", () => {
  for (const [name, rule] of rules) {
    it(`bounds the rules' work over a fragment that repeats: ${name}`, () => {
      for (const fragment of fragments) {
        for (const around of [["", ""], ["[\"", "\"]"], ["{\"a\":[", "1]}"]] as const) {
          const text = around[0] + fragment.repeat(size / fragment.length) + around[1]
          assert.isAtMost(Work.count(() => rule(text)), stepsAUnit * text.length, JSON.stringify(fragment))
        }
      }
    })
  }

  const Hostile = Arbitrary.map(
    Arbitrary.array(Arbitrary.schema(Schema.Tuple([Schema.Literals(fragments), Schema.Literals([1, 3, 500])]))),
    (parts) => parts.map(([fragment, times]) => fragment.repeat(times)).join("").slice(0, size)
  )

  for (const [name, rule] of rules) {
    it.prop(`bounds the rules' work over any mixture of fragments: ${name}`, [Hostile], ([text]) => {
      for (const whole of [text, JSON.stringify([text]), `[${text}]`]) {
        assert.isAtMost(Work.count(() => rule(whole)), stepsAUnit * (whole.length + 100))
      }
    })
  }

  it("throws for none of many texts inside a text that only begin like JSON", () => {
    const items = Array.from({ length: 20_000 }, (_, i) => i % 2 === 0 ? "{" : "{a}")
    const thrown = { parsed: 0 }
    const parse = JSON.parse
    JSON.parse = (...args) => {
      thrown.parsed++
      return parse(...args)
    }
    try {
      assert.strictEqual(Redaction.redactSecrets(parse(JSON.stringify(JSON.stringify(items)))), JSON.stringify(items))
    } finally {
      JSON.parse = parse
    }
    assert.strictEqual(thrown.parsed, 0)
  })

  it("calls a rule once for each text, however deep it lies", () => {
    const depth = 20_000
    const text = `${"[".repeat(depth)}"x"${"]".repeat(depth)}`
    let calls = 0
    JsonTexts.map(text, { text: (text) => (calls++, text) })
    assert.strictEqual(calls, 1)
  })
})

describe("JsonTexts.isJson", () => {
  const Json = Arbitrary.map(
    Arbitrary.array(
      Arbitrary.schema(
        Schema.Literals([
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "\"a\"",
          "\"\\u00e9\"",
          "\\",
          "\\u12",
          "1",
          "-",
          "0",
          ".5",
          "e3",
          "01",
          "true",
          "nul",
          "null",
          " ",
          "\n",
          "	",
          "",
          "\xA0",
          "{\"a\":",
          "[1,"
        ])
      )
    ),
    (parts) => parts.join("")
  )

  it.prop("agrees with JSON.parse on objects and lists", [Json], ([text]) => {
    for (const whole of [text, `[${text}]`, `{"a":${text}}`]) {
      let expected = false
      try {
        const value: unknown = JSON.parse(whole)
        expected = typeof value === "object" && value !== null
      } catch {
        // No JSON.
      }
      assert.strictEqual(JsonTexts.isJson(whole), expected, JSON.stringify(whole))
    }
  }, { arbitrary: { runs: 2_000 } })
})

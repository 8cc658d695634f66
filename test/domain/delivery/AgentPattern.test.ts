import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as AgentPattern from "../../../src/domain/delivery/AgentPattern.ts"

const enough = () => ({ left: 1_000_000_000 })

const matches = (source: string, text: string): boolean | undefined =>
  AgentPattern.compile(source)?.matches(AgentPattern.text(text), enough())

describe("AgentPattern", () => {
  it.each<readonly [string, string, boolean]>([
    ["health", "GET /healthcheck", true],
    ["^GET /health$", "GET /healthcheck", false],
    ["(GET|POST) /healthcheck", "POST /healthcheck", true],
    ["(GET|POST) /healthcheck", "PUT /healthcheck", false],
    [String.raw`^GET /users/\d+$`, "GET /users/123", true],
    [String.raw`^GET /users/\d+$`, "GET /users/a", false],
    [String.raw`\.well-known`, "/.well-known/x", true],
    [String.raw`\.well-known`, "/xwell-known/x", false],
    ["(?i)healthz", "/HealthZ", true],
    ["a(?i)b", "aB", true],
    ["a(?i)b", "AB", false],
    ["(?i:a)b", "Ab", true],
    ["(?i:a)b", "AB", false],
    ["(?i)[^a]", "A", false],
    ["(?i)[a-z]+$", "ABC", true],
    ["^[^/]+$", "a/b", false],
    ["^[]a]+$", "a]", true],
    ["^[a-]+$", "a-", true],
    [String.raw`^[\w.]+$`, "a.b_1", true],
    ["^[[:alpha:]]+$", "abc", true],
    ["^[[:^digit:]]+$", "ab1", false],
    ["a.c", "a\nc", false],
    ["(?s)a.c", "a\nc", true],
    ["^b$", "a\nb", false],
    ["(?m)^b$", "a\nb", true],
    [String.raw`\bcat\b`, "a cat!", true],
    [String.raw`\bcat\b`, "concat", false],
    [String.raw`\Bcat`, "concat", true],
    [String.raw`\Aab\z`, "ab", true],
    ["^a{2,3}$", "a", false],
    ["^a{2,3}$", "aaa", true],
    ["^a{2,3}$", "aaaa", false],
    ["^a{2}$", "aa", true],
    ["^a{2,}$", "aaaaa", true],
    ["^a{0,1}b$", "b", true],
    ["^(?:ab)*$", "ababab", true],
    ["^(?:ab)*$", "aba", false],
    ["^a+?b??$", "aab", true],
    ["^(?P<name>x|y)z$", "yz", true],
    ["^(|a)b$", "b", true],
    ["", "anything", true],
    ["^$", "", true],
    ["^$", "x", false],
    [String.raw`\x41\x{1F600}`, "A😀", true],
    ["^.$", "😀", true],
    ["^é$", "é", true],
    ["a{x}", "a{x}", true],
    ["^(a*)*$", "aaa", true],
    ["(a*)*b", "aaa", false]
  ])("matches as Go does, anywhere in the text: %s in %j is %s", (source, text, expected) => {
    assert.strictEqual(matches(source, text), expected, `${source} ~ ${JSON.stringify(text)}`)
  })

  const refused = [
    "(",
    ")",
    "a)",
    "[",
    "[a",
    "[b-a]",
    "[[:nope:]]",
    "*a",
    "a**",
    "a{3,2}",
    "a{501}",
    "(?<=a)b",
    "(?=a)",
    "(?)",
    String.raw`\pL`,
    String.raw`\Qa\E`,
    String.raw`\1`,
    "\\",
    String.raw`\x{110000}`,
    "(?U)a",
    "a".repeat(1_001),
    "(a{50}){50}",
    "(".repeat(21) + ")".repeat(21),
    "(((){500}){500}){500}"
  ]
  for (const source of refused) {
    it(`refuses to compile a pattern that it cannot run faithfully: ${source.slice(0, 30)}`, () => {
      assert.isUndefined(AgentPattern.compile(source), source.slice(0, 30))
    })
  }

  it("answers quickly for patterns and texts that make a backtracking engine run for years", () => {
    const text = "a".repeat(4_000)
    const work = { left: 1_000_000 }
    for (const [source, subject] of [["^(a+)+$", text + "!"], ["(a|aa)*$b", text], ["a*a*a*a*a*a*a*a*a*a*$c", text]]) {
      assert.isFalse(AgentPattern.compile(source!)?.matches(AgentPattern.text(subject!), work))
    }
    assert.isAtLeast(work.left, 0)
  })

  it("reads a text only up to its limit", () => {
    assert.isFalse(matches("b", "a".repeat(AgentPattern.limits.text) + "b"))
  })

  it.prop(
    "agrees with JavaScript's engine on the syntax that both have",
    [
      Schema.Array(
        Schema.Literals([
          "a",
          "b",
          ".",
          "a*",
          "b+",
          "a?",
          "[ab]",
          "[^a]",
          "(a|b)",
          "(?:ab)*",
          "a{1,2}",
          "|",
          "^",
          "$",
          "\\b"
        ])
      )
        .check(Schema.isMaxLength(7)),
      Schema.Array(Schema.Literals(["a", "b", " ", "\n"])).check(Schema.isMaxLength(7))
    ],
    ([parts, chars]) => {
      const source = parts.join("")
      const text = chars.join("")
      assert.strictEqual(matches(source, text), new RegExp(source).test(text), `${source} ~ ${JSON.stringify(text)}`)
    },
    { arbitrary: { runs: 1_000 } }
  )

  it.prop(
    "compiles or refuses any pattern without throwing",
    [Schema.Array(Schema.Literals([..."()[]{}|*+?\\^$.-,:P<>ims0123abdwx"]))],
    ([parts]) => {
      const compiled = AgentPattern.compile(parts.join(""))
      if (compiled !== undefined) assert.isBoolean(compiled.matches(AgentPattern.text(parts.join("")), enough()))
    },
    { arbitrary: { runs: 1_000 } }
  )
})

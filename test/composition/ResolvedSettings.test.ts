import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll } from "vitest"
import * as ResolvedSettings from "../../src/composition/ResolvedSettings.ts"

const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "resolved-settings-"))
afterAll(() => Fs.rmSync(folder, { recursive: true }))

/** The names in the rules for single spans, and the warnings, with these variables. */
const resolved = (variables: { readonly [name: string]: string }) => {
  const warnings: Array<string> = []
  const logger = Logger.make(({ message }) => {
    warnings.push(String(message))
  })
  return ResolvedSettings.make({}, { get: (name) => variables[name], names: [] }).pipe(
    Effect.map(({ spanSampling }) => ({ rates: spanSampling.map(({ sampleRate }) => sampleRate), warnings })),
    Effect.provide(Logger.layer([logger]))
  )
}

const file = (name: string, content: string): string => {
  const path = Path.join(folder, name)
  Fs.writeFileSync(path, content)
  return path
}

const rules = file("rules.json", JSON.stringify([{ name: "chat", sample_rate: 0.5 }, { service: "shop-*" }]))

describe("DD_SPAN_SAMPLING_RULES_FILE", () => {
  it.effect("gives the rules of the file, without a warning", () =>
    Effect.gen(function*() {
      const seen = yield* resolved({ DD_SPAN_SAMPLING_RULES_FILE: rules })
      assert.deepStrictEqual(seen, { rates: [0.5, 1], warnings: [] })
    }))

  it.effect("is not read beside DD_SPAN_SAMPLING_RULES, and one warning says so", () =>
    Effect.gen(function*() {
      const beside = { DD_SPAN_SAMPLING_RULES: "[{\"sample_rate\":0.25}]" }
      const seen = yield* resolved({ ...beside, DD_SPAN_SAMPLING_RULES_FILE: rules })
      assert.deepStrictEqual(seen.rates, [0.25])
      assert.lengthOf(seen.warnings, 1)
      assert.include(seen.warnings[0], "because DD_SPAN_SAMPLING_RULES is set")
    }))

  for (
    const [content, path] of [
      ["does not exist", Path.join(folder, "secret")],
      ["is no regular file", folder],
      ["is larger than 1000000 bytes", file("large.json", `[${" ".repeat(1_000_000)}]`)],
      ["is not a JSON list of objects", file("secret.json", "{\"secret\":1}")],
      ["is not a JSON list of objects", file("secret.txt", "secret")],
      ["A rule of", file("bad.json", "[{\"secret\":1}]")]
    ] as const
  ) {
    const name = path === folder ? "that is a folder" : Path.basename(path)
    it.effect(`gives no rules and a warning that shows no content for the file ${name}`, () =>
      Effect.gen(function*() {
        const { rates, warnings } = yield* resolved({ DD_SPAN_SAMPLING_RULES_FILE: path })
        assert.deepStrictEqual(rates, [])
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0], content)
        assert.include(warnings[0], "DD_SPAN_SAMPLING_RULES_FILE")
        assert.notInclude(warnings[0], "secret")
      }))
  }
})

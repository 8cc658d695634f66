import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Variables from "../../src/composition/Variables.ts"

const readFrom = (provider: ConfigProvider.ConfigProvider) =>
  Effect.provideService(Variables.read, ConfigProvider.ConfigProvider, provider)

describe("Variables", () => {
  it.effect("gives the text of each variable, even if its name begins another's", () =>
    Effect.gen(function*() {
      const env = { DD_TRACE_PROPAGATION_STYLE: "b3", DD_TRACE_PROPAGATION_STYLE_EXTRACT: "datadog", DD_ENV: "" }
      const { get } = yield* readFrom(ConfigProvider.fromEnv({ env }))
      assert.strictEqual(get("DD_TRACE_PROPAGATION_STYLE"), "b3")
      assert.strictEqual(get("DD_TRACE_PROPAGATION_STYLE_EXTRACT"), "datadog")
      assert.isUndefined(get("DD_ENV"))
    }))

  it.effect("tells an empty DD_TRACE_BAGGAGE_TAG_KEYS from a missing one", () =>
    Effect.gen(function*() {
      const empty = yield* readFrom(ConfigProvider.fromEnv({ env: { DD_TRACE_BAGGAGE_TAG_KEYS: "" } }))
      assert.strictEqual(empty.get("DD_TRACE_BAGGAGE_TAG_KEYS"), "")
      const missing = yield* readFrom(ConfigProvider.fromEnv({ env: {} }))
      assert.isUndefined(missing.get("DD_TRACE_BAGGAGE_TAG_KEYS"))
    }))

  it.effect("lists the names that look like settings, of an environment and of an object", () =>
    Effect.gen(function*() {
      const variables = {
        DD_LLMOBS_ML_APP: "a",
        DD_LLMOBS_ML: "b",
        _DD_LLMOBS_WRITER_TIMEOUT: "1",
        DD_LLMOBSX: "c",
        PATH: "d"
      }
      const names = ["DD_LLMOBS_ML", "DD_LLMOBS_ML_APP", "_DD_LLMOBS_WRITER_TIMEOUT"]
      const ofEnvironment = yield* readFrom(ConfigProvider.fromEnv({ env: variables }))
      assert.deepStrictEqual([...ofEnvironment.names].sort(), names)
      const ofObject = yield* readFrom(ConfigProvider.fromUnknown(variables))
      assert.deepStrictEqual([...ofObject.names].sort(), names)
    }))

  it.effect("treats a provider that fails, dies or throws as empty", () =>
    Effect.gen(function*() {
      const failing: ReadonlyArray<ConfigProvider.ConfigProvider> = [
        ConfigProvider.make(() => Effect.fail(new ConfigProvider.SourceError({ message: "away" }))),
        ConfigProvider.make(() => Effect.die("broken")),
        ConfigProvider.make(() => {
          throw new Error("broken")
        })
      ]
      for (const provider of failing) {
        const { get, names } = yield* readFrom(provider)
        assert.isUndefined(get("DD_ENV"))
        assert.deepStrictEqual(names, [])
      }
    }))

  it.effect("asks a provider with endless names no more than a few hundred times", () =>
    Effect.gen(function*() {
      let asked = 0
      const { names } = yield* readFrom(ConfigProvider.make((path) => {
        asked++
        return Effect.succeed(path.length < 2 ? undefined : ConfigProvider.makeRecord(new Set(["A", "B"]), "x"))
      }))
      assert.isAtMost(asked, 600)
      assert.isAtMost(names.length, 400)
    }))
})

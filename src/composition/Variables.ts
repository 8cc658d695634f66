/**
 * The `DD_*` variables, read from the current `ConfigProvider`.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type { Environment } from "./Settings.ts"
import * as Settings from "./Settings.ts"

/**
 * Returns the text of each variable that is set, and the names that look like a setting of LLM Observability. A
 * provider that fails counts as empty.
 */
export const read: Effect.Effect<Environment> = Effect.gen(function*() {
  const provider = yield* ConfigProvider.ConfigProvider
  const text = yield* textOf(Settings.variables)
  const empty = new Set<string>()
  for (const name of Settings.variablesWithEmpty) {
    if (text(name) === undefined && (yield* isListed(provider, name))) empty.add(name)
  }
  const names = [
    ...yield* wholeNames(provider),
    ...yield* namesUnder(provider, ["DD", "LLMOBS"]),
    ...yield* namesUnder(provider, ["", "DD", "LLMOBS"])
  ]
  return { get: (name) => text(name) ?? (empty.has(name) ? "" : undefined), names }
})

/** Returns the text of each of these variables that is set. A provider that fails counts as empty. */
export const textOf = (names: ReadonlyArray<string>): Effect.Effect<(name: string) => string | undefined> =>
  Effect.gen(function*() {
    const provider = yield* ConfigProvider.ConfigProvider
    const values = new Map<string, string>()
    for (const name of names) {
      const node = yield* load(provider, [name])
      if (node?.value !== undefined) values.set(name, node.value)
    }
    return (name) => values.get(name)
  })

const load = (
  provider: ConfigProvider.ConfigProvider,
  path: ConfigProvider.Path
): Effect.Effect<ConfigProvider.Node | undefined> =>
  Effect.suspend(() => provider.load(path)).pipe(Effect.catchCause(() => Effect.undefined))

// ConfigProvider reports empty variables as missing but still lists their names.
const isListed = (provider: ConfigProvider.ConfigProvider, name: string): Effect.Effect<boolean> => {
  const words = name.split("_")
  return Effect.map(
    load(provider, words.slice(0, -1)),
    (node) => node?._tag === "Record" && node.keys.has(words.at(-1)!)
  )
}

/**
 * The most words of names that are looked up. The environment of a process is small, but a user's provider may be
 * large.
 */
const maxLookups = 200

// A provider over an object lists whole names.
const wholeNames = (provider: ConfigProvider.ConfigProvider): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    load(provider, []),
    (node) =>
      node?._tag === "Record" ? [...node.keys].filter((name) => /^_?DD_LLMOBS_/.test(name)).slice(0, maxLookups) : []
  )

// A provider over the environment lists names word by word, `DD_LLMOBS_ENABLED` as `DD`, `LLMOBS`, `ENABLED`.
const namesUnder = Effect.fnUntraced(
  function*(provider: ConfigProvider.ConfigProvider, start: ReadonlyArray<string>) {
    const names: Array<string> = []
    const waiting: Array<ReadonlyArray<string>> = [start]
    for (let lookups = 0; lookups < maxLookups && waiting.length > 0; lookups++) {
      const path = waiting.pop()!
      const node = yield* load(provider, path)
      if (node?.value !== undefined && path !== start) names.push(path.join("_"))
      if (node?._tag === "Record") { for (const word of node.keys) waiting.push([...path, word]) }
    }
    return names.sort()
  }
)

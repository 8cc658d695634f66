/**
 * The `DD_*` variables, read from the current `ConfigProvider`.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Variable } from "./Settings.ts"
import * as Settings from "./Settings.ts"

/**
 * Gives the text of each variable that is set.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read: Effect.Effect<(name: Variable) => string | undefined> = Effect.gen(function*() {
  const provider = yield* ConfigProvider.ConfigProvider
  const values = new Map<string, string>()
  for (const name of Settings.variables) {
    const node = yield* Effect.option(provider.load([name]))
    if (Option.isSome(node) && node.value !== undefined && node.value._tag === "Value") {
      values.set(name, node.value.value)
    }
  }
  for (const name of Settings.variablesWithEmpty) {
    if (!values.has(name) && (yield* isListed(provider, name))) values.set(name, "")
  }
  return (name) => values.get(name)
})

// To a provider a variable with an empty text is missing, but its name still stands among those that are there.
const isListed = (provider: ConfigProvider.ConfigProvider, name: string): Effect.Effect<boolean> => {
  const words = name.split("_")
  return provider.load(words.slice(0, -1)).pipe(
    Effect.map((node) => node?._tag === "Record" && node.keys.has(words.at(-1)!)),
    Effect.orElseSucceed(() => false)
  )
}

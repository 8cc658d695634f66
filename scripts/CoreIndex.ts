/**
 * The text of `src/domain/index.ts`, the entry `effect-llmobs/core`: one namespace for each concept of the domain.
 */
import { readdirSync } from "node:fs"

/** The file that holds the index. */
export const file: URL = new URL("../src/domain/index.ts", import.meta.url)

/** What the index should say, from the files that are there. */
export const render = (): string => {
  const concepts = readdirSync(new URL("../src/domain/", import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "index.ts")
    .map((entry) => entry.name.slice(0, -".ts".length))
    .sort()
  return [
    "/**",
    " * The pure core: plain functions and types for any tracer. Loading it loads no module of Effect.",
    " *",
    " * Written by `npm run core-index`.",
    " *",
    " * @since 0.1.0",
    " */",
    ...concepts.map((concept) => `export * as ${concept} from "./${concept}.ts"`),
    ""
  ].join("\n")
}

/**
 * The page and its script, as a browser gets them.
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { build } from "vite"

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The page. */
export const html: Effect.Effect<string> = Effect.promise(() => Fs.readFile(pathOf("./page.html"), "utf8"))

/** The script with the RUM browser SDK in it, bundled in memory. */
export const script: Effect.Effect<string> = Effect.promise(async () => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      minify: false,
      lib: { entry: pathOf("./page.js"), formats: ["es"] },
      rolldownOptions: { output: { codeSplitting: false } }
    }
  })
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => "output" in one ? one.output : [])
  return outputs.flatMap((file) => file.type === "chunk" && file.isEntry ? [file.code] : []).join("\n")
})

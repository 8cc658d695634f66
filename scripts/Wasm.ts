/**
 * The WebAssembly of the library, built from its source by `wat2wasm` of wabt. `npm run wasm` writes the module that holds
 * the bytes; a test holds it to the source.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./SourceFile.ts"

const source = join(root, "src/domain/json/TextPass.wat")

/** The module with the bytes. */
export const target = join(root, "src/domain/json/TextPassWasm.ts")

// By its path, so that types and all other tests need no wabt.
const assembler = join(root, "node_modules/wabt/bin/wat2wasm")

/** Whether wabt is installed. */
export const canBuild = (): boolean => existsSync(assembler)

/** The text of the module, built from the source. */
export const built = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "effect-llmobs-wasm-"))
  try {
    const file = join(folder, "TextPass.wasm")
    execFileSync(process.execPath, [assembler, source, "-o", file])
    return textOf(readFileSync(file))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const lineLength = 112

const textOf = (bytes: Buffer): string => {
  const base64 = bytes.toString("base64")
  const lines: Array<string> = []
  for (let at = 0; at < base64.length; at += lineLength) lines.push(`  "${base64.slice(at, at + lineLength)}"`)
  return `/**
 * The bytes of \`TextPass.wat\`. \`npm run wasm\` writes this file.
 *
 * @since 0.2.0
 */

/**
 * The WebAssembly module, in base64.
 *
 * @category constants
 * @since 0.2.0
 */
export const base64 = // ${bytes.length} bytes
${lines.join(" +\n")}
`
}

if (import.meta.main) writeFileSync(target, built())

/**
 * Which modules a fresh Node loads to import one entry of the package.
 */
import { execFile } from "node:child_process"
import * as Path from "node:path"
import { promisify } from "node:util"
import { root } from "./SourceFile.ts"

const run = promisify(execFile)

// The hooks see every module, static and dynamic; what is printed is what was resolved until the import was complete.
const program = `
import { registerHooks } from "node:module"
const urls = new Set()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    urls.add(resolved.url)
    return resolved
  }
})
await import(process.argv[1])
process.stdout.write(JSON.stringify([...urls]))
`

/** The addresses of the modules that `import(specifier)` loads, the entry itself among them. */
export const loadedBy = async (specifier: string): Promise<ReadonlyArray<string>> => {
  const { stdout } = await run(
    process.execPath,
    ["--conditions=effect-llmobs-source", "--input-type=module", "--eval", program, specifier],
    { cwd: Path.resolve(root), timeout: 20_000 }
  )
  return JSON.parse(stdout)
}

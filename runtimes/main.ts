/**
 * Installs the packed library into a program, and runs that program on each runtime and through each bundler against an
 * embedded Agent. Prints a line for each trial.
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as DevAgent from "../src/adapters/devagent/DevAgent.ts"
import * as Place from "./Place.ts"
import type { Row } from "./Rows.ts"
import { rows } from "./Rows.ts"

const wanted = process.argv.slice(2)
const place = Place.make()
const counts = { passed: 0, failed: 0, skipped: 0 }

const attempt = async (row: Row): Promise<void> => {
  if (!Fs.existsSync(row.needs)) {
    counts.skipped++
    console.log(`skip ${row.name}: ${Path.relative(import.meta.dirname, row.needs)} was not installed`)
    return
  }
  const began = performance.now()
  const options = row.onSocket === true ? { socketPath: Path.join(place.folder, "agent.sock") } : {}
  const trial = Effect.flatMap(DevAgent.make(options), (agent) => Effect.promise(() => row.trial(place, agent)))
  try {
    await Effect.runPromise(Effect.scoped(trial))
    counts.passed++
    console.log(`ok   ${row.name} (${Math.round(performance.now() - began)} ms)`)
  } catch (error) {
    counts.failed++
    console.log(`FAIL ${row.name}\n${String(error).replaceAll(/^/gm, "     ")}`)
  }
}

try {
  for (const row of rows) if (wanted.every((word) => row.name.includes(word))) await attempt(row)
} finally {
  place.remove()
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1

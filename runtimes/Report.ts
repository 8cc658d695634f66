/**
 * A line for each step, with its time, and a last line that counts them.
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as DevAgent from "../src/adapters/devagent/DevAgent.ts"

/** One step. `needs` is the file without which it is skipped. */
export interface Step {
  readonly name: string
  readonly needs?: string
  /** The embedded Agent of the step. */
  readonly agent?: DevAgent.Options
  /** Rejects with the reason if the step falls short. */
  readonly run: (agent: DevAgent.DevAgent) => Promise<void>
}

/** Takes the steps one after another. Sets the exit code of this process. */
export const print = async (steps: ReadonlyArray<Step>): Promise<void> => {
  const counts = { passed: 0, skipped: 0 }
  const failures: Array<string> = []
  for (const { agent, name, needs, run } of steps) {
    if (needs !== undefined && !Fs.existsSync(needs)) {
      counts.skipped++
      console.log(`skip ${name}: ${Path.relative(import.meta.dirname, needs)} was not installed`)
      continue
    }
    const began = performance.now()
    try {
      await Effect.runPromise(Effect.scoped(
        Effect.flatMap(DevAgent.make(agent), (made) => Effect.promise(() => run(made)))
      ))
      counts.passed++
      console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`)
    } catch (error) {
      failures.push(`FAIL ${name}\n${String(error).replaceAll(/^/gm, "     ")}`)
      console.log(failures.at(-1))
    }
  }
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`
  // Again, because the end of a log is what is read first.
  for (const failure of failures) console.log(failure)
  console.log(`${counts.passed} passed, ${failures.length} failed${skipped}`)
  process.exitCode = failures.length === 0 && counts.passed > 0 ? 0 : 1
}

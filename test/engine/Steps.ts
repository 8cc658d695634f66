/** Counts how much of our code a program runs, so that growth shows without a clock. */
import { execFileSync } from "node:child_process"
import { root } from "../../scripts/SourceFile.ts"

// V8 counts blocks of those modules alone that are loaded after it began to.
const head = `
import { Session } from "node:inspector"
const session = new Session()
session.connect()
const post = (method, params) => {
  let answer
  session.post(method, params, (error, result) => {
    if (error) throw new Error(error.message)
    answer = result
  })
  return answer
}
post("Profiler.enable")
post("Profiler.startPreciseCoverage", { callCount: true, detailed: true })
const steps = (run) => {
  post("Profiler.takePreciseCoverage")
  run()
  return post("Profiler.takePreciseCoverage").result
    .filter(({ url }) => url.includes("/src/"))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)
}
const print = (value) => process.stdout.write(JSON.stringify(value))
`

/**
 * Runs a program in a process of its own, and returns the value that it gives to `print`. The program loads our modules by
 * `await import("./src/…")`. `steps(run)` gives the number of blocks of our code that a function runs.
 */
export const of = (program: string): unknown =>
  JSON.parse(execFileSync(
    process.execPath,
    ["--input-type=module", "--eval", head + program],
    { cwd: root, encoding: "utf8", timeout: 120_000 }
  ))

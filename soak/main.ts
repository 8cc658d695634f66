/**
 * Runs random rounds for some minutes (`--minutes 10`), each of a seed that is printed. `--seed S` begins with that seed, and
 * with `--rounds 1` runs that round alone. Exit code 1 when a check failed.
 */
import * as Effect from "effect/Effect"
import * as Chances from "./Chance.ts"
import * as Resources from "./Resources.ts"
import * as Round from "./Round.ts"

const argument = (name: string): number | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  if (at === -1) return undefined
  const value = Number(process.argv[at + 1])
  if (!(value >= 0)) throw new Error(`--${name} needs a number.`)
  return value
}

const minutes = argument("minutes") ?? 10
const rounds = argument("rounds") ?? Infinity
const firstSeed = argument("seed") ?? (Number(process.env["TEST_SEED"]) || Math.floor(Math.random() * 4_294_967_296))
/** The longest that a round may take before it counts as stuck. */
const patience = "5 minutes"

const soak = Effect.gen(function*() {
  const began = performance.now()
  const measured: Array<Resources.Resources> = []
  let seed = firstSeed
  let passed = 0
  const failed: Array<string> = []
  let events = 0
  const check = (name: string, problem: string | undefined): void => {
    if (problem === undefined) return void passed++
    const line = `  FAILED: ${name}: ${problem}`
    failed.push(line)
    console.log(line)
  }
  for (let round = 1; round <= rounds && performance.now() - began < minutes * 60_000; round++) {
    const started = performance.now()
    const found = yield* Effect.timeoutOption(Effect.scoped(Round.run(seed)), patience)
    const seconds = ((performance.now() - started) / 1_000).toFixed(1)
    if (found._tag === "None") {
      console.log(`round ${round}  seed ${seed}  ${seconds} s`)
      check("the round ends", `it was stuck for ${patience}`)
    } else {
      const { arrived, asked, checks, dropped, what } = found.value
      const verdict = checks.every(([, problem]) => problem === undefined) ? "held" : "FELL SHORT"
      console.log(
        `round ${round}  seed ${seed}  ${seconds} s  ${what}: ${asked} spans, ${arrived} arrived, ` +
          `dropped ${dropped === "" ? "0" : dropped}  ${verdict}`
      )
      events += asked
      for (const [name, problem] of checks) check(name, problem)
    }
    measured.push(Resources.measure())
    seed = Chances.make(seed).seed()
  }
  if (measured.length >= 6) {
    for (const [name, early, late, flat] of Resources.growth(measured)) {
      const shown = name === "heap" ? `${mib(early)} MiB, then ${mib(late)} MiB` : `${early}, then ${late}`
      console.log(`${name}: ${shown}`)
      check(`${name} stays flat`, flat ? undefined : shown)
    }
  }
  console.log(`\n${measured.length} rounds, ${events} spans, first seed ${firstSeed}`)
  // Again, because the end of a log is what is read first.
  for (const line of failed) console.log(line)
  console.log(`${passed} passed, ${failed.length} failed`)
  return failed.length === 0 ? 0 : 1
})

const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1)

process.exitCode = await Effect.runPromise(soak)

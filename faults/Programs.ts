/**
 * Programs in processes of their own, which a row starts, listens to, and ends by a signal.
 */
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Path from "node:path"

export interface Ended {
  /** Its output, by lines. */
  readonly lines: ReadonlyArray<string>
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** From the signal on, by looks: a pause of the machine is one of them. */
  readonly tookMillis: number
}

const lookMillis = 100

/** The looks after which a program is taken for one that does not end. */
const patience = 1_500

/**
 * Starts a program and sends it the signal when `when` says so: after so many milliseconds from that line on, or not yet.
 * Waits for its end, and ends it by force when it takes too long.
 */
export const run = (options: {
  readonly program: "Scribe.ts" | "Victim.ts"
  readonly args: ReadonlyArray<string>
  readonly signal: NodeJS.Signals
  readonly when: (line: string) => number | undefined
}): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = ChildProcess.spawn(
      process.execPath,
      [
        "--conditions=effect-llmobs-source",
        "--disable-warning=ExperimentalWarning",
        Path.join(import.meta.dirname, options.program),
        ...options.args
      ],
      { stdio: ["ignore", "pipe", "ignore"] }
    )
    const lines: Array<string> = []
    let rest = ""
    let looks = 0
    let looksBefore = 0
    let timer: NodeJS.Timeout | undefined
    const looking = setInterval(() => {
      if (++looks > patience) child.kill("SIGKILL")
    }, lookMillis)
    const send = () => {
      looksBefore = looks
      child.kill(options.signal)
    }
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n")
      rest = parts.pop()!
      for (const line of parts) {
        lines.push(line)
        const after = timer === undefined ? options.when(line) : undefined
        if (after !== undefined) timer = setTimeout(send, after)
      }
    })
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      clearInterval(looking)
      resume(Effect.succeed({ lines, code, signal, tookMillis: (looks - looksBefore) * lookMillis }))
    })
    return Effect.sync(() => {
      clearInterval(looking)
      child.kill("SIGKILL")
    })
  })

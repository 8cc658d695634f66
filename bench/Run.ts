/** Runs one job: a fresh process for the library, and one for the sink. Both end with the run, whatever happens. */
import * as ChildProcess from "node:child_process"
import { once } from "node:events"
import * as Path from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Assignment, Job, Report, ToParent } from "./Job.ts"
import * as Jobs from "./Job.ts"
import { libraries } from "./Library.ts"
import type { Count } from "./sinks/Received.ts"

/** A run that ended: what the process measured, and what the sink counted. */
export interface Outcome extends Report, Count {
  /** Events of which nothing arrived. */
  readonly lost: number
}

const longestMillis = 150_000

// Settings of the machine must not reach the libraries.
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(DD_|OTEL_|LANGFUSE_|NODE_OPTIONS)/.test(name)))

const fork = (file: string, more: NodeJS.ProcessEnv, args: ReadonlyArray<string> = []): ChildProcess.ChildProcess =>
  ChildProcess.fork(Path.join(import.meta.dirname, file), {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...environment(), ...more },
    execArgv: ["--disable-warning=ExperimentalWarning", ...args]
  })

const ask = <A>(sink: ChildProcess.ChildProcess, question: string): Promise<A> =>
  new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`The sink ended (${code}).`))
    sink.once("exit", died)
    sink.once("message", (message) => {
      sink.off("exit", died)
      resolve(message as A)
    })
    sink.send(question)
  })

const whenQuiet = async (sink: ChildProcess.ChildProcess, millis: number): Promise<void> => {
  // After a pause of the machine it only seems quiet, until the processes go on.
  for (let quiet = 0; quiet < 2;) {
    const { idle } = await ask<{ readonly idle: number }>(sink, "idle")
    quiet = idle < millis ? 0 : quiet + 1
    await setTimeout(Math.max(10, millis - idle))
  }
}

const end = async (child: ChildProcess.ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

/** Runs a job. Fails if the process ends early, or takes longer than it may. */
export const run = async (job: Job): Promise<Outcome> => {
  const sink = fork("sinks/Sink.ts", {})
  let subject: ChildProcess.ChildProcess | undefined
  try {
    const [{ origin }] = await once(sink, "message") as [{ readonly origin: string }]
    const assignment: Assignment = { job, sink: origin }
    const args = job.profiles === true ? ["--conditions=effect-llmobs-source"] : []
    subject = fork("Subject.ts", { [Jobs.variable]: JSON.stringify(assignment) }, args)
    const report = await Promise.race([reported(subject, sink, libraries[job.library].quietMillis), late()])
    const { count } = await ask<{ readonly count: Count }>(sink, "count")
    return { ...report, ...count, lost: libraries[job.library].delivers ? report.spans - count.unique : 0 }
  } finally {
    if (subject !== undefined) await end(subject)
    await end(sink)
  }
}

const late = async (): Promise<never> => {
  await setTimeout(longestMillis, undefined, { ref: false })
  throw new Error(`The process did not end within ${longestMillis / 1_000} seconds.`)
}

const reported = (
  subject: ChildProcess.ChildProcess,
  sink: ChildProcess.ChildProcess,
  quietMillis: number
): Promise<Report> =>
  new Promise((resolve, reject) => {
    let said = ""
    subject.stderr!.on("data", (part: Buffer) => said = (said + part.toString()).slice(-2_000))
    subject.on("message", (message) => {
      const told = message as ToParent
      if (told._tag === "Report") resolve(told.report)
      else whenQuiet(sink, quietMillis).then(() => subject.send("quiet"), reject)
    })
    subject.once("exit", (code, signal) => reject(new Error(`The process ended (${code ?? signal}). ${said}`)))
  })

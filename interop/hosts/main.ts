/**
 * Runs other tracers, instrumentations and their programs beside this library: each program in a process of its own.
 *
 * @since 0.2.0
 */
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import type { Outcome } from "./Checks.ts"

interface Program {
  readonly name: string
  readonly file: string
  readonly argument?: string | undefined
  /** The packages that it needs, as the folder that has them and their name. */
  readonly needs: ReadonlyArray<readonly [folder: string, name: string]>
}

const packages = "packages/"

const programs: ReadonlyArray<Program> = [
  {
    name: "OpenTelemetry SDK 1",
    file: "Sdk.ts",
    argument: "1",
    needs: [[`${packages}otel-sdk-1`, "@opentelemetry/sdk-trace-base"]]
  },
  {
    name: "OpenTelemetry SDK 2",
    file: "Sdk.ts",
    argument: "2",
    needs: [[`${packages}otel-sdk-2`, "@opentelemetry/sdk-trace-base"]]
  },
  { name: "OpenTelemetry SDK 3", file: "Sdk.ts", argument: "3", needs: [[".", "@opentelemetry/sdk-trace"]] },
  {
    name: "OpenInference",
    file: "Instrumentations.ts",
    argument: "openinference",
    needs: [[`${packages}openinference`, "@arizeai/openinference-instrumentation-openai"]]
  },
  {
    name: "Traceloop",
    file: "Instrumentations.ts",
    argument: "traceloop",
    needs: [[`${packages}traceloop`, "@traceloop/instrumentation-openai"]]
  },
  {
    name: "instrumentation-openai",
    file: "Instrumentations.ts",
    argument: "otel-openai",
    needs: [[`${packages}otel-openai`, "@opentelemetry/instrumentation-openai"]]
  },
  {
    name: "dd-trace 5.18",
    file: "DdTrace.ts",
    argument: `${packages}dd-trace-5`,
    needs: [[`${packages}dd-trace-5`, "dd-trace"]]
  },
  {
    name: "dd-trace 5.132",
    file: "DdTrace.ts",
    argument: `${packages}dd-trace-5-newest`,
    needs: [[`${packages}dd-trace-5-newest`, "dd-trace"]]
  },
  { name: "dd-trace 6.21", file: "DdTrace.ts", argument: ".", needs: [[".", "dd-trace"]] },
  { name: "dd-trace, newest", file: "DdTrace.ts", argument: "more", needs: [[".", "dd-trace"]] },
  { name: "Anthropic's SDK", file: "Anthropic.ts", needs: [[`${packages}anthropic`, "@anthropic-ai/sdk"]] },
  { name: "@ai-sdk/otel", file: "AiSdk.ts", needs: [[`${packages}ai-sdk`, "@ai-sdk/otel"]] },
  { name: "the SDK of dd-trace", file: "LlmObs.ts", needs: [[".", "dd-trace"]] }
]

const programMillis = 180_000
const atOnce = 2

const isInstalled = ([folder, name]: Program["needs"][number]): boolean => {
  try {
    createRequire(new URL(`../${folder}/package.json`, import.meta.url)).resolve(name)
    return true
  } catch {
    return false
  }
}

const run = (program: Program): Promise<ReadonlyArray<Outcome>> =>
  new Promise((resolve) => {
    const file = fileURLToPath(new URL(`programs/${program.file}`, import.meta.url))
    const child = spawn(
      process.execPath,
      [
        "--conditions=effect-llmobs-source",
        "--disable-warning=ExperimentalWarning",
        file,
        ...program.argument === undefined ? [] : [program.argument]
      ],
      { stdio: ["ignore", "pipe", "pipe"], timeout: programMillis }
    )
    let output = ""
    let errors = ""
    child.stdout.on("data", (chunk: Buffer) => output += chunk.toString())
    child.stderr.on("data", (chunk: Buffer) => errors += chunk.toString())
    child.on("close", (code) => {
      const outcomes = output.split("\n").filter((line) => line.startsWith("{\"name\"")).map((line) =>
        JSON.parse(line) as Outcome
      )
      const isOver = code === 0 && outcomes.length > 0
      resolve(
        isOver
          ? outcomes
          : [...outcomes, { name: "runs to its end", failure: `code ${code}: ${errors.trim().slice(-2_000)}` }]
      )
    })
  })

// A part of a name picks programs.
const part = process.argv[2] ?? ""
const chosen = programs.filter(({ name }) => name.toLowerCase().includes(part.toLowerCase()))
let passed = 0
const failures: Array<string> = []
const skipped: Array<string> = []

const next = async (waiting: Array<Program>): Promise<void> => {
  for (let program = waiting.shift(); program !== undefined; program = waiting.shift()) {
    const missing = program.needs.filter((need) => !isInstalled(need)).map(([, name]) => name)
    if (missing.length > 0) {
      skipped.push(`${program.name}: ${missing.join(", ")} could not be installed in interop/`)
      continue
    }
    for (const { failure, name } of await run(program)) {
      if (failure === undefined) {
        passed++
        console.log(`ok     ${program.name}: ${name}`)
        continue
      }
      failures.push(`FAILED ${program.name}: ${name}\n${failure.replace(/^/gm, "         ")}`)
      console.log(failures.at(-1))
    }
  }
}

const waiting = [...chosen]
await Promise.all(Array.from({ length: atOnce }, () => next(waiting)))
for (const reason of skipped) console.log(`skipped ${reason}`)
// Again, because the end of a log is what is read first.
console.log(["", ...failures].join("\n"))
console.log(`${passed} passed, ${failures.length} failed, ${skipped.length} skipped`)
process.exitCode = failures.length === 0 ? 0 : 1

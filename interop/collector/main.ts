/**
 * Sends events through a real OpenTelemetry Collector, built from its public Go modules, and reads what it prints.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as assert from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Ports from "../../test/layers/Ports.ts"

const folder = import.meta.dirname
const cache = Path.join(folder, "..", ".cache", "collector")
const binary = Path.join(cache, "collector")
const builder = "go.opentelemetry.io/collector/cmd/builder@v0.165.0"

// The first build takes some minutes and the network; later runs use what it made.
const buildMillis = 900_000
const startMillis = 30_000
const stopMillis = 15_000

const isGoInstalled = (): boolean => spawnSync("go", ["version"], { timeout: 30_000 }).status === 0

const build = (): void => {
  const mark = Path.join(cache, "built-from")
  const config = Fs.readFileSync(Path.join(folder, "builder.yaml"))
  const hash = createHash("sha256").update(config).update(builder).digest("hex")
  if (Fs.existsSync(binary) && Fs.existsSync(mark) && Fs.readFileSync(mark, "utf8") === hash) return
  const built = spawnSync("go", ["run", builder, "--config", "builder.yaml"], {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: buildMillis
  })
  if (built.status !== 0) throw new Error(`the Collector could not be built: ${String(built.stderr).slice(-2_000)}`)
  Fs.writeFileSync(mark, hash)
}

interface Collector {
  readonly url: string
  /** Stops it, and gives what it printed. */
  readonly stop: () => Promise<string>
}

const start = async (): Promise<Collector> => {
  const port = await Effect.runPromise(Ports.reserve)
  const config = JSON.stringify({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { debug: { verbosity: "detailed" } },
    service: {
      pipelines: { traces: { receivers: ["otlp"], exporters: ["debug"] } },
      telemetry: { metrics: { level: "none" } }
    }
  })
  const child = spawn(binary, ["--config", `yaml:${config}`], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let printed = ""
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the Collector does not start: ${printed.slice(-2_000)}`)),
      startMillis
    )
    const read = (chunk: Buffer): void => {
      printed += chunk.toString()
      if (!printed.includes("Everything is ready")) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("close", () => reject(new Error(`the Collector ended: ${printed.slice(-2_000)}`)))
  })
  const stop = async (): Promise<string> => {
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMillis)
    await ended
    clearTimeout(timer)
    return printed
  }
  try {
    await ready
    return { url: `http://127.0.0.1:${port}/v1/traces`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const events = 20

const request = (i: number) =>
  Effect.succeed(`answer ${i}`).pipe(
    LLMObs.llm("chat", {
      model: "gpt-5",
      provider: "openai",
      input: [{ role: "user", content: `question ${i}` }],
      output: (text) => text,
      metrics: { inputTokens: 9, outputTokens: 1 }
    }),
    LLMObs.workflow(`support ${i}`, { sessionId: `s-${i}` })
  )

const checks: ReadonlyArray<readonly [name: string, holds: (printed: string, ledger: LLMObs.Ledger) => void]> = [
  ["the books say that each event was taken", (_, ledger) => {
    assert.ok(Ledgers.balances(ledger))
    assert.deepEqual(ledger.delivered, { agent: 0, intake: 2 * events })
  }],
  ["the Collector prints each event as a span", (printed) => {
    assert.equal(printed.match(/^ *Name +: (?:chat|support \d+)$/gm)?.length, 2 * events)
  }],
  ["the spans have their attributes and the application", (printed) => {
    assert.equal(printed.match(/gen_ai\.operation\.name: Str\(chat\)/g)?.length, events)
    assert.equal(printed.match(/gen_ai\.usage\.input_tokens: Int\(9\)/g)?.length, events)
    assert.equal(printed.match(/dd_llmobs_enabled: Bool\(true\)/g)?.length, 2 * events)
    assert.ok(printed.includes("service.name: Str(shop)"))
    for (let i = 0; i < events; i++) {
      assert.ok(printed.includes(`question ${i}\\"`) || printed.includes(`question ${i}"`))
    }
  }],
  ["the parents are those of the program", (printed) => {
    const ids = [...printed.matchAll(/Parent ID +: ([0-9a-f]*)\n +ID +: ([0-9a-f]{16})\n +Name +: (\w+)/g)]
    const workflows = new Set(ids.filter(([, , , name]) => name === "support").map(([, , id]) => id))
    assert.equal(ids.filter(([, parent, , name]) => name === "chat" && workflows.has(parent!)).length, events)
  }]
]

const send = (url: string): Promise<LLMObs.Ledger> =>
  Effect.runPromise(
    Effect.forEach(Array.from({ length: events }, (_, i) => i), request, { discard: true }).pipe(
      Effect.andThen(LLMObs.flush),
      Effect.andThen(LLMObs.ledger),
      Effect.provide(LLMObs.layer({ mlApp: "shop", exporter: "otlp", otlpEndpoint: url }))
    )
  )

if (!isGoInstalled()) {
  console.log("skipped: Go is not installed, so the Collector cannot be built\n\n0 passed, 0 failed, 1 skipped")
} else {
  build()
  const collector = await start()
  const ledger = await send(collector.url)
  const printed = await collector.stop()
  let failed = 0
  for (const [name, holds] of checks) {
    try {
      holds(printed, ledger)
      console.log(`ok     ${name}`)
    } catch (error) {
      failed++
      console.log(`FAILED ${name}\n       ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  console.log(`\n${checks.length - failed} passed, ${failed} failed, 0 skipped`)
  process.exitCode = failed === 0 ? 0 : 1
}

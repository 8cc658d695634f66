import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Burst from "../../burst/Burst.ts"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as SqliteFile from "../adapters/sqlite/SqliteFile.ts"
import * as Observed from "./Observed.ts"

const folder = Effect.acquireRelease(Effect.sync(SqliteFile.folder), (folder) => Effect.sync(folder.remove))

const nowhere = { agentUrl: "http://127.0.0.1:1", flushTimeout: "50 millis" } as const

const spans = (n: number, name: string) =>
  Effect.forEach(Array.from({ length: n }), (_, i) => Effect.void.pipe(LLMObs.task(`${name}-${i}`)), { discard: true })

/** Its events can go nowhere, and it leaves no time for that either. */
const exiting = `
  import * as LLMObs from "effect-llmobs/LLMObs"
  import * as Effect from "effect/Effect"
  const program = Effect.gen(function*() {
    yield* Effect.void.pipe(LLMObs.task("first"))
    yield* Effect.void.pipe(LLMObs.task("last"))
    process.exit(3)
  })
  const durable = { directory: process.argv[1] }
  Effect.runFork(Effect.provide(program, LLMObs.layer({ mlApp: "shop", agentUrl: "http://127.0.0.1:1", durable })))
`

const runProgram = async (
  program: string,
  directory: string
): Promise<{ readonly code: unknown; readonly out: string }> => {
  const flags = ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning", "--input-type=module"]
  const child = spawn(process.execPath, [...flags, "-e", program, directory], { stdio: ["ignore", "ignore", "pipe"] })
  let out = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    out += text
  })
  const [code] = await once(child, "close")
  return { code, out }
}

describe("a layer with a durable outbox", () => {
  it.live("leaves what it could not deliver to the next layer that names the file", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      const durable = { directory }
      const { layer, lines } = Observed.warnings()
      const scope = Layer.merge(Observed.layerOf({ url: nowhere.agentUrl }, { ...nowhere, durable }), layer)
      const readLedger = yield* Effect.provide(
        Effect.andThen(Effect.andThen(spans(5, "kept"), LLMObs.flush), Effect.context<never>()),
        scope
      ).pipe(Effect.map((context) => Effect.provide(LLMObs.ledger, context)))
      const before = yield* readLedger
      assert.isTrue(Ledgers.balances(before), JSON.stringify(before))
      assert.strictEqual(before.pending.outbox, 5)
      assert.strictEqual(Ledgers.dropped(before), 0)
      assert.deepStrictEqual(lines.filter((line) => line.includes("lost")), [])

      yield* Effect.gen(function*() {
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(ledger.redelivered, 5)
        assert.deepStrictEqual(Observed.names(agent), ["kept-0", "kept-1", "kept-2", "kept-3", "kept-4"])
      }).pipe(Effect.provide(Observed.dev({ durable })))
      assert.deepStrictEqual(SqliteFile.query(directory, "SELECT * FROM events"), [])
    }))

  it.live("has events that ride in its file until the Agent has taken their trace", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      yield* Effect.gen(function*() {
        const inFile = () => SqliteFile.query(directory, "SELECT body FROM events").length
        yield* Effect.gen(function*() {
          yield* spans(3, "inner")
          yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => inFile() === 3, times: 4_000 })
          assert.strictEqual(inFile(), 3)
        }).pipe(LLMObs.workflow("outer"))
        const { ledger } = yield* Observed.settle
        assert.strictEqual(ledger.delivered.agent, 4)
        yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => inFile() === 0, times: 4_000 })
        assert.strictEqual(inFile(), 0)
      }).pipe(Effect.provide(Observed.dev({ durable: { directory } })))
    }))

  it.live("has kept a span that ends in the same breath as its program, by process.exit()", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      const { code, out } = yield* Effect.promise(() => runProgram(exiting, directory))
      assert.strictEqual(code, 3, out)
      yield* Effect.gen(function*() {
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(ledger.redelivered, 2)
        assert.deepStrictEqual(Observed.names(agent), ["first", "last"])
      }).pipe(Effect.provide(Observed.dev({ durable: { directory } })))
    }))

  it.live("sends what an earlier program left before it closes, though it does nothing itself", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      const durable = { directory }
      yield* spans(40, "left").pipe(
        Effect.provide(Observed.layerOf({ url: nowhere.agentUrl }, { ...nowhere, durable }))
      )
      const agent = yield* DevAgents.make()
      yield* Effect.provide(Effect.void, Observed.layerOf(agent, { durable }))
      assert.strictEqual(agent.events().length, 40)
      assert.deepStrictEqual(SqliteFile.query(directory, "SELECT * FROM events"), [])
    }))

  it.live("delivers what an earlier layer left though the time of day has jumped 25 hours ahead since", (ctx) =>
    Effect.gen(function*() {
      if (process.platform !== "linux") return ctx.skip("only Linux tells the start of the machine")
      const { directory } = yield* folder
      const durable = { directory }
      yield* spans(3, "left").pipe(
        Effect.provide(Observed.layerOf({ url: nowhere.agentUrl }, { ...nowhere, durable }))
      )
      const clock = yield* Clock.Clock
      const ahead: Clock.Clock = Object.create(clock, {
        currentTimeMillisUnsafe: { value: () => clock.currentTimeMillisUnsafe() + 25 * SqliteFile.day / 24 }
      })
      yield* Effect.gen(function*() {
        const { ledger } = yield* Observed.settle
        assert.strictEqual(ledger.redelivered, 3)
        assert.strictEqual(ledger.dropped.expired, 0)
        assert.strictEqual(Ledgers.delivered(ledger), 3)
      }).pipe(Effect.provide(Observed.dev({ durable })), Effect.provideService(Clock.Clock, ahead))
    }))

  it.live("has nothing in its file that redaction took out, whatever column it would be in", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      const secret = "topsecret"
      const hide = (value: unknown): unknown =>
        typeof value === "string"
          ? value.replaceAll(secret, "***")
          : Array.isArray(value)
          ? value.map(hide)
          : typeof value === "object" && value !== null
          ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hide(item)]))
          : value
      const { layer } = Observed.warnings()
      const scope = Observed.layerOf({ url: nowhere.agentUrl }, {
        ...nowhere,
        durable: { directory },
        processors: [(span) => hide(span) as typeof span]
      })
      yield* Effect.fail(new Error(`failed ${secret}`)).pipe(
        LLMObs.llm(`name ${secret}`, {
          input: secret,
          metadata: { key: secret },
          tags: { team: secret },
          sessionId: `session ${secret}`
        }),
        Effect.ignore,
        LLMObs.experiment(`experiment ${secret}`, {
          experiment: { id: `id ${secret}`, name: `name ${secret}`, runId: `run ${secret}`, datasetName: secret }
        }),
        LLMObs.annotateSpans({ tags: { "usr.id": secret, "usr.account_id": secret, other: secret } }),
        Effect.provide(Layer.provideMerge(scope, layer))
      )
      const bodies = SqliteFile.query(directory, "SELECT body FROM events")
      assert.strictEqual(bodies.length, 2)
      for (const { body } of bodies) assert.notInclude(String(body), secret)
      for (const path of SqliteFile.files(directory)) assert.isFalse(Fs.readFileSync(path).includes(secret), path)
    }))

  it.live("goes on in memory, and says so once, when the file cannot be used", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      Fs.writeFileSync(directory, "")
      const { layer, lines } = Observed.warnings()
      yield* Effect.gen(function*() {
        yield* spans(4, "kept")
        const { agent } = yield* Observed.settle
        assert.strictEqual(agent.events().length, 4)
      }).pipe(Effect.provide(Layer.provideMerge(Observed.dev({ durable: { directory } }), layer)))
      assert.strictEqual(lines.filter((line) => line.includes("durable outbox")).length, 1)
    }))

  it.live("says what is wrong with its options, and does with what is right", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      const { layer, lines } = Observed.warnings()
      const bad: ReadonlyArray<LLMObs.Options> = [
        { durable: { directory: "" } },
        { durable: { directory, durability: "always" as "power" } },
        { durable: { directory, maxBytes: -1 } }
      ]
      for (const options of bad) {
        yield* Effect.provide(Effect.void, Layer.provideMerge(Observed.dev(options), layer))
      }
      assert.strictEqual(lines.filter((line) => line.includes("invalid_option")).length, 3)
      assert.isTrue(Fs.existsSync(directory))
    }))

  it.live("loses no span of a burst that memory has no room for, while the intake refuses everything", () =>
    Effect.gen(function*() {
      const { ledger, mostPending, received } = yield* Effect.promise(() =>
        Burst.run({ spans: 2_000, bytes: 5_000, overMillis: 40, maxBytes: 4 * 1024 * 1024 })
      )
      assert.strictEqual(received.spans, 2_000)
      assert.strictEqual(Ledgers.dropped(ledger), 0)
      assert.isAbove(mostPending, 1_000)
    }))

  it.live("delivers what the disk must have, too", () =>
    Effect.gen(function*() {
      const { directory } = yield* folder
      const agent = yield* DevAgents.make()
      yield* Effect.gen(function*() {
        yield* spans(10, "kept")
        yield* LLMObs.flush
        assert.strictEqual(Ledgers.delivered(yield* LLMObs.ledger), 10)
      }).pipe(Effect.provide(Observed.layerOf(agent, { durable: { directory, durability: "power" } })))
      assert.strictEqual(agent.events().length, 10)
    }))
})

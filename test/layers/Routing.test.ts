import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import type { Problem } from "../../src/domain/Problem.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Intakes from "./Intakes.ts"
import * as Observed from "./Observed.ts"
import * as Patience from "./Patience.ts"

const keyOf = (name: string) => `${name}-0123456789abcdef`

const account = (name: string, site?: string): LLMObs.Routing => ({ apiKey: Redacted.make(keyOf(name)), site })

const call = (name: string, routing?: LLMObs.Routing) => {
  const span = Effect.succeed("fine").pipe(LLMObs.llm(name, { input: `what ${name} asks` }))
  return routing === undefined ? span : LLMObs.withRouting(routing)(span)
}

/** A layer with an Agent, and the intakes of all sites behind it. */
const scene = (options: LLMObs.Options = {}, statuses?: Map<string, number>) =>
  Effect.gen(function*() {
    const agent = yield* DevAgent.make()
    const intakes = yield* Intakes.make(statuses)
    return { agent, intakes, layer: Layer.provide(Observed.layerOf(agent, options), intakes.layer) }
  })

/** The events that the intakes have accepted of each account, by site and key. */
const byAccount = (
  received: ReadonlyArray<Intakes.Received>
): { readonly [account: string]: ReadonlyArray<string> } => {
  const found: { [account: string]: Array<string> } = {}
  for (const { key, names, site } of received) (found[`${site} ${key}`] ??= []).push(...names)
  for (const names of Object.values(found)) names.sort()
  return found
}

const balanced = Effect.tap(
  LLMObs.ledger,
  (ledger) => Effect.sync(() => assert.isTrue(Ledgers.balances(ledger), JSON.stringify(ledger)))
)

describe("withRouting", () => {
  it.live("sends the events of a region directly to its account, and those around it as before", () =>
    Effect.gen(function*() {
      const { agent, intakes, layer } = yield* scene()
      yield* Effect.gen(function*() {
        yield* Effect.all([call("own"), call("customer", account("acme", "datadoghq.eu"))]).pipe(
          LLMObs.workflow("root")
        )
        yield* LLMObs.flush
        const ledger = yield* balanced
        assert.deepStrictEqual(ledger.delivered, { agent: 2, intake: 1 })
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(Observed.names(agent), ["own", "root"])
      assert.deepStrictEqual(byAccount(intakes.accepted), { [`datadoghq.eu ${keyOf("acme")}`]: ["customer"] })
      // The APM span stays in its trace, without the event, and says that it left by another road.
      assert.strictEqual(Observed.span(agent, "customer").meta["_dd.llmobs.submitted"], "1")
      assert.isFalse(Object.hasOwn(Observed.span(agent, "customer").metaStruct, "_llmobs"))
    }))

  it.live("takes a region's missing key or site from the layer", () =>
    Effect.gen(function*() {
      const { intakes, layer } = yield* scene({ apiKey: Redacted.make(keyOf("own")), site: "us5.datadoghq.com" })
      yield* Effect.gen(function*() {
        yield* call("other key", { apiKey: Redacted.make(keyOf("acme")) })
        yield* call("other site", { site: "ap1.datadoghq.com" })
        yield* LLMObs.flush
        yield* balanced
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(byAccount(intakes.accepted), {
        [`us5.datadoghq.com ${keyOf("acme")}`]: ["other key"],
        [`ap1.datadoghq.com ${keyOf("own")}`]: ["other site"]
      })
    }))

  it.live("lets an event ride whose region names the layer's own account", () =>
    Effect.gen(function*() {
      const { agent, intakes, layer } = yield* scene({ apiKey: Redacted.make(keyOf("own")), site: "datadoghq.com" })
      yield* Effect.andThen(call("mine", account("own", "datadoghq.com")), LLMObs.flush).pipe(Effect.provide(layer))
      assert.deepStrictEqual(Observed.names(agent), ["mine"])
      assert.lengthOf(intakes.accepted, 0)
    }))

  it.live("routes forked fibers too, and prefers the inner region", () =>
    Effect.gen(function*() {
      const { intakes, layer } = yield* scene()
      yield* Effect.gen(function*() {
        yield* Effect.forkChild(call("forked")).pipe(
          Effect.flatMap(Fiber.join),
          Effect.andThen(call("inner", account("inner"))),
          Effect.andThen(call("outer again")),
          LLMObs.withRouting(account("outer"))
        )
        yield* LLMObs.flush
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(byAccount(intakes.accepted), {
        [`datadoghq.com ${keyOf("outer")}`]: ["forked", "outer again"],
        [`datadoghq.com ${keyOf("inner")}`]: ["inner"]
      })
    }))

  it.live("delays no account for one whose key is refused, and delivers to that one when it is accepted", () => {
    const statuses = new Map([[keyOf("late"), 403]])
    return Effect.gen(function*() {
      const { giveUp, layer: clock, vain } = Patience.make()
      const { agent, intakes, layer } = yield* scene({ flushTimeout: Patience.flushTimeout }, statuses)
      yield* Effect.gen(function*() {
        yield* Effect.all([call("a", account("late")), call("b", account("fine")), call("own")])
        const report = yield* vain(() =>
          agent.events().length + intakes.accepted.length === 2 && intakes.refused.length > 0
        )
        assert.deepStrictEqual([report.delivered, report.dropped, report.pending], [2, 0, 1])
        yield* call("c", account("fine"))
        yield* vain(() => intakes.accepted.length === 2)
        yield* balanced
        assert.deepStrictEqual(byAccount(intakes.accepted), { [`datadoghq.com ${keyOf("fine")}`]: ["b", "c"] })
        statuses.delete(keyOf("late"))
        assert.strictEqual((yield* LLMObs.flush).pending, 0)
        yield* balanced
        giveUp()
      }).pipe(Effect.provide(Layer.provideMerge(layer, clock)))
      assert.deepStrictEqual(byAccount(intakes.accepted)[`datadoghq.com ${keyOf("late")}`], ["a"])
    })
  })

  it.live("lets a refused account fill a quarter of the memory, and leaves the rest to the others", () =>
    Effect.gen(function*() {
      const { giveUp, layer: clock, vain } = Patience.make()
      const { intakes, layer } = yield* scene(
        { flushTimeout: Patience.flushTimeout, maxBytes: 400_000 },
        new Map([[keyOf("refused"), 403]])
      )
      const large = (name: string, routing: LLMObs.Routing) =>
        Effect.void.pipe(LLMObs.llm(name, { input: "x".repeat(5_000) }), LLMObs.withRouting(routing))
      yield* Effect.gen(function*() {
        const refused = account("refused")
        for (let index = 0; index < 200; index++) yield* large("r", refused)
        const held = yield* balanced
        assert.isAbove(held.dropped.outboxFull, 0)
        assert.isAbove(Ledgers.pending(held), 10)
        assert.isBelow(Ledgers.pending(held), 20)
        const fine = account("fine")
        for (let index = 0; index < 12; index++) yield* large("f", fine)
        yield* vain(() => byAccount(intakes.accepted)[`datadoghq.com ${keyOf("fine")}`]?.length === 12)
        const after = yield* balanced
        assert.strictEqual(after.dropped.outboxFull, held.dropped.outboxFull)
        giveUp()
      }).pipe(Effect.provide(Layer.provideMerge(layer, clock)))
    }))

  for (
    const [what, routing, code] of [
      ["a site that is not Datadog's", account("acme", "evil.example"), "missing_site"],
      ["an empty site", account("acme", ""), "missing_site"],
      ["a key that no header can carry", { apiKey: Redacted.make("a\r\nx: y") }, "missing_api_key"],
      ["an empty key", { apiKey: Redacted.make("") }, "missing_api_key"],
      ["no key, where the layer has none", { site: "datadoghq.eu" }, "missing_api_key"]
    ] as const
  ) {
    it.live(`sends the events of a region that names ${what} to no account, and keeps them readable`, () =>
      Effect.gen(function*() {
        const problems: Array<Problem> = []
        const { agent, intakes, layer } = yield* scene({ onProblem: (problem) => problems.push(problem) })
        yield* Effect.gen(function*() {
          yield* call("lost", routing)
          yield* call("own")
          yield* LLMObs.flush
          const ledger = yield* balanced
          assert.strictEqual(ledger.dropped.refused, 1)
          const [entry, ...others] = yield* LLMObs.setAside
          assert.lengthOf(others, 0)
          assert.strictEqual(entry!.reason, "refused")
          assert.include(entry!.event, "what lost asks")
        }).pipe(Effect.provide(layer))
        assert.deepStrictEqual(Observed.names(agent), ["own"])
        assert.lengthOf([...intakes.accepted, ...intakes.refused], 0)
        assert.deepStrictEqual(problems.map((problem) => problem.code), [code])
      }))
  }

  it.live("shows a key only in the requests of its account", () => {
    const { layer: logs, lines } = Observed.warnings()
    return Effect.gen(function*() {
      const { giveUp, layer: clock, vain } = Patience.make()
      const statuses = new Map([[keyOf("acme"), 403]])
      const { agent, intakes, layer } = yield* scene({ flushTimeout: Patience.flushTimeout }, statuses)
      const books = yield* Effect.gen(function*() {
        yield* call("one", account("acme"))
        yield* call("two", account("acme", "nowhere.example"))
        yield* vain(() => intakes.refused.length > 0 && lines.length > 0)
        giveUp()
        return [yield* LLMObs.ledger, yield* LLMObs.setAside, yield* LLMObs.currentSpan, yield* LLMObs.inject]
      }).pipe(Effect.provide(Layer.provideMerge(layer, clock)), Effect.provide(logs))
      const seen = JSON.stringify(
        [books, lines, agent.traces(), agent.requests()],
        (_, value) => typeof value === "bigint" ? String(value) : value
      )
      assert.notInclude(seen, keyOf("acme"))
    })
  })

  it.live("keeps an account's undelivered events in a file without keys, until a later process names the account", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "routing-"))),
        (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
      )
      const durable = { directory: folder }
      const statuses = new Map([[keyOf("acme"), 403]])
      const { giveUp, layer: clock, vain } = Patience.make()
      const first = yield* scene({ flushTimeout: Patience.flushTimeout, durable }, statuses)
      yield* Effect.gen(function*() {
        yield* Effect.all([call("acme's", account("acme")), call("own")])
        yield* vain(() => first.agent.events().length === 1 && first.intakes.refused.length > 0)
        giveUp()
      }).pipe(Effect.provide(Layer.provideMerge(first.layer, clock)))
      assert.deepStrictEqual(Observed.names(first.agent), ["own"])
      const files = Fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      assert.isAbove(files.length, 0)
      for (const { name, parentPath } of files) {
        assert.isFalse(Fs.readFileSync(Path.join(parentPath, name)).includes(keyOf("acme")), name)
      }
      statuses.clear()
      const { intakes, layer } = yield* scene({ durable }, statuses)
      yield* Effect.gen(function*() {
        yield* call("another's", account("globex"))
        yield* call("mine")
        const before = yield* LLMObs.ledger
        assert.strictEqual(before.redelivered, 1)
        yield* call("acme's next", account("acme"))
        assert.strictEqual((yield* LLMObs.flush).pending, 0)
        const after = yield* balanced
        assert.deepStrictEqual(after.delivered, { agent: 1, intake: 3 })
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(byAccount(intakes.accepted), {
        [`datadoghq.com ${keyOf("acme")}`]: ["acme's", "acme's next"],
        [`datadoghq.com ${keyOf("globex")}`]: ["another's"]
      })
    }))

  const Calls = Schema.Array(Schema.Struct({
    key: Schema.Literals(["a", "b", "c", "own"]),
    site: Schema.Literals(["datadoghq.com", "datadoghq.eu"])
  })).check(Schema.isMinLength(1))

  it.live.prop(
    "never mixes accounts in a request, whatever fibers send at the same time",
    [Calls],
    ([calls]) =>
      Effect.gen(function*() {
        const { agent, intakes, layer } = yield* scene()
        yield* Effect.gen(function*() {
          yield* Effect.forEach(
            calls,
            ({ key, site }, index) =>
              call(`${site} ${keyOf(key)} ${index}`, key === "own" ? undefined : account(key, site)),
            { concurrency: "unbounded", discard: true }
          )
          assert.strictEqual((yield* LLMObs.flush).pending, 0)
          const ledger = yield* balanced
          assert.strictEqual(Ledgers.delivered(ledger), calls.length)
        }).pipe(Effect.provide(layer))
        for (const { key, names, site } of intakes.accepted) {
          for (const name of names) assert.isTrue(name.startsWith(`${site} ${key} `), name)
        }
        const arrived = [...Observed.names(agent), ...intakes.accepted.flatMap(({ names }) => names)]
        assert.strictEqual(new Set(arrived).size, calls.length)
      }),
    { arbitrary: { runs: 20 } }
  )
})

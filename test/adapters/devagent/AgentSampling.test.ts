import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as AgentSampling from "../../../src/adapters/devagent/AgentSampling.ts"
import type { DecodedSpan } from "../../../src/adapters/devagent/TracePayload.ts"

const span = (given: Partial<DecodedSpan> = {}): DecodedSpan => ({
  service: "shop",
  name: "chat",
  resource: "POST /chat",
  type: "llm",
  traceId: 7n,
  spanId: 9n,
  parentId: 0n,
  start: 0n,
  duration: 0n,
  error: 0,
  meta: {},
  metrics: {},
  metaStruct: {},
  spanLinks: [],
  spanEvents: [],
  ...given
})

const settings: AgentSampling.Settings = {
  ignoreResources: [],
  filterTags: { require: [], reject: [] },
  errorsPerSecond: 2,
  unprioritisedPerSecond: 2
}

const prioritised = (priority: number): DecodedSpan => span({ metrics: { _sampling_priority_v1: priority } })

const decide = (
  chunk: ReadonlyArray<DecodedSpan>,
  change: Partial<AgentSampling.Settings> = {}
): AgentSampling.Decision => {
  const all = { ...settings, ...change }
  return AgentSampling.decide(AgentSampling.initial(all, 0), chunk, all, 0)
}

const kept = (
  chunk: ReadonlyArray<DecodedSpan>,
  times: ReadonlyArray<number>
): ReadonlyArray<boolean> => {
  let state = AgentSampling.initial(settings, 0)
  return times.map((now) => {
    const decision = AgentSampling.decide(state, chunk, settings, now)
    state = decision.state
    return decision.survivors.length > 0
  })
}

describe("AgentSampling", () => {
  const failed = span({ spanId: 10n, parentId: 9n, error: 1 })
  const priorities: ReadonlyArray<readonly [number | undefined, boolean, AgentSampling.Reason]> = [
    [-1, false, "rejected"],
    [-1, true, "rejected"],
    [0, false, "rejected"],
    [0, true, "kept_error"],
    [1, false, "kept"],
    [2, false, "kept"],
    [undefined, false, "kept"]
  ]
  for (const [priority, withError, reason] of priorities) {
    it(`decides by priority and error: ${reason} at ${priority ?? "no priority"}${withError ? " with an error" : ""}`, () => {
      const top = priority === undefined ? span() : prioritised(priority)
      const chunk = withError ? [top, failed] : [top]
      const decision = decide(chunk)
      assert.strictEqual(decision.reason, reason)
      assert.strictEqual(decision.survivors.length, reason === "rejected" ? 0 : chunk.length)
    })
  }

  it("keeps errors of priority 0 only within a rate", () => {
    const chunk = [{ ...prioritised(0), error: 1 }]
    assert.deepStrictEqual(kept(chunk, [0, 0, 0, 400, 500, 999, 1000]), [true, true, false, false, true, false, true])
  })

  it("keeps chunks without a priority only within a rate, and accumulates at most one second of it", () => {
    assert.deepStrictEqual(kept([span()], [0, 0, 0, 60_000, 60_000, 60_000]), [true, true, false, true, true, false])
  })

  it("keeps its rate when the clock goes back", () => {
    assert.deepStrictEqual(kept([span()], [5000, 5000, 0, 0]), [true, true, false, false])
  })

  it("takes the priority of the root before that of any other span", () => {
    const child = { ...prioritised(2), spanId: 10n, parentId: 9n }
    assert.strictEqual(AgentSampling.priority([child, prioritised(-1)]), -1)
    assert.strictEqual(AgentSampling.priority([span(), child]), 2)
    assert.isUndefined(AgentSampling.priority([span()]))
  })

  it("finds the root of a chunk whose parents are elsewhere", () => {
    const top = span({ spanId: 9n, parentId: 1n })
    const leaf = span({ spanId: 10n, parentId: 9n })
    assert.strictEqual(AgentSampling.root([leaf, top])?.spanId, 9n)
    assert.strictEqual(
      AgentSampling.root([span({ spanId: 5n, parentId: 6n }), span({ spanId: 6n, parentId: 5n })])?.spanId,
      6n
    )
    assert.isUndefined(AgentSampling.root([]))
  })

  it("keeps the single-span-sampled spans of a rejected chunk, and no others", () => {
    const chosen = span({ spanId: 10n, parentId: 9n, metrics: { "_dd.span_sampling.mechanism": 8 } })
    const other = span({ spanId: 11n, parentId: 9n, metrics: { "_dd.span_sampling.mechanism": 4 } })
    for (const priority of [-1, 0]) {
      const decision = decide([prioritised(priority), chosen, other])
      assert.strictEqual(decision.reason, "single_span_sampled")
      assert.deepStrictEqual(decision.survivors, [chosen])
    }
  })

  it("drops a chunk whose root the Agent's own filters match, whatever its priority", () => {
    const chunk = [{ ...prioritised(2), resource: "GET /health", meta: { env: "prod", team: "ops" } }]
    const filter = (require: ReadonlyArray<string>, reject: ReadonlyArray<string>): AgentSampling.Reason =>
      decide(chunk, { filterTags: { require, reject } }).reason
    assert.strictEqual(decide(chunk, { ignoreResources: [/^GET \/health$/] }).reason, "ignored_resource")
    assert.strictEqual(decide(chunk, { ignoreResources: [/^POST/] }).reason, "kept")
    assert.strictEqual(filter([], ["env:prod"]), "filtered_tag")
    assert.strictEqual(filter([], ["env"]), "filtered_tag")
    assert.strictEqual(filter([], ["env:dev"]), "kept")
    assert.strictEqual(filter(["env:prod", "team"], []), "kept")
    assert.strictEqual(filter(["env:prod", "region"], []), "filtered_tag")
    assert.strictEqual(filter([], ["toString"]), "kept")
  })

  it("asks the filters about the root alone", () => {
    const child = span({ spanId: 10n, parentId: 9n, resource: "GET /health" })
    assert.strictEqual(decide([prioritised(1), child], { ignoreResources: [/health/] }).reason, "kept")
  })

  it.prop(
    "passes only spans of the chunk, and none of a negative priority",
    { priorities: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -1, maximum: 2 }))), now: Schema.Int },
    ({ now, priorities }) => {
      let state = AgentSampling.initial(settings, 0)
      for (const priority of priorities) {
        const chunk = [prioritised(priority)]
        const decision = AgentSampling.decide(state, chunk, settings, now)
        state = decision.state
        assert.isTrue(decision.survivors.every((survivor) => chunk.includes(survivor)))
        assert.isTrue(priority >= 0 || decision.survivors.length === 0)
        assert.isTrue(priority < 1 || decision.survivors.length === 1)
      }
    }
  )
})

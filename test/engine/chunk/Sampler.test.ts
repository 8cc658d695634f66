import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SamplingRules from "../../../src/domain/sampling/SamplingRules.ts"
import type { Root } from "../../../src/engine/chunk/Sampler.ts"
import * as Sampler from "../../../src/engine/chunk/Sampler.ts"

const root: Root = {
  service: "shop",
  name: "http",
  resource: "GET /",
  env: "prod",
  tags: {},
  traceId: "1".padStart(32, "0")
}

const make = (options: { rules?: string; sampleRate?: number; rateLimit?: number; now?: () => number }) =>
  Sampler.make({
    rules: SamplingRules.parse(options.rules).value,
    sampleRate: options.sampleRate,
    rateLimit: options.rateLimit,
    now: options.now ?? (() => 0)
  })

describe("Sampler", () => {
  it("keeps by default, and stamps that as captured", () => {
    assert.deepStrictEqual(make({}).decide(root), {
      priority: 1,
      mechanism: 0,
      decisionMaker: "-0",
      tags: { "_dd.p.dm": "-0" },
      metrics: {}
    })
  })

  it("drops by a rule, and stamps that as captured", () => {
    assert.deepStrictEqual(make({ rules: `[{"sample_rate":0}]` }).decide(root), {
      priority: -1,
      mechanism: 3,
      decisionMaker: "-3",
      tags: { "_dd.p.dm": "-3", "_dd.p.ksr": "0" },
      metrics: { "_dd.rule_psr": 0 }
    })
  })

  it("drops by the rate limit a trace that a rule kept, and stamps that as captured", () => {
    assert.deepStrictEqual(make({ rules: `[{"sample_rate":1}]`, rateLimit: 0 }).decide(root), {
      priority: -1,
      mechanism: 3,
      decisionMaker: "-3",
      tags: { "_dd.p.dm": "-3", "_dd.p.ksr": "1" },
      metrics: { "_dd.rule_psr": 1, "_dd.limit_psr": 0 }
    })
  })

  it("keeps by a rule with the highest priority, under a limit of 100 per second", () => {
    const sampler = make({ rules: `[{"sample_rate":1}]` })
    const priorities = Array.from({ length: 101 }, () => sampler.decide(root).priority)
    assert.deepStrictEqual(priorities, [...Array<number>(100).fill(2), -1])
  })

  it("refills the rate limit with time", () => {
    let now = 0
    const sampler = make({ sampleRate: 1, rateLimit: 1, now: () => now })
    assert.strictEqual(sampler.decide(root).priority, 2)
    assert.strictEqual(sampler.decide(root).priority, -1)
    now = 1_000
    assert.strictEqual(sampler.decide(root).priority, 2)
  })

  it("applies no limit below zero, and stamps none", () => {
    const sampler = make({ sampleRate: 1, rateLimit: -1 })
    for (let i = 0; i < 1_000; i++) {
      assert.deepStrictEqual(sampler.decide(root).metrics, { "_dd.rule_psr": 1 })
    }
  })

  it("applies a rule's own limit, and charges the common limit nothing for its drops", () => {
    const sampler = make({
      rules: `[{"service":"shop","sample_rate":1,"max_per_second":1},{"sample_rate":1}]`,
      rateLimit: 2
    })
    assert.deepStrictEqual([1, 2, 3].map(() => sampler.decide(root).priority), [2, -1, -1])
    assert.strictEqual(sampler.decide({ ...root, service: "other" }).priority, 2)
    assert.strictEqual(sampler.decide({ ...root, service: "other" }).priority, -1)
  })

  it("asks rules, then the rate, then the Agent", () => {
    const sampler = make({ rules: `[{"service":"other","sample_rate":1}]`, sampleRate: 0 })
    sampler.updateRates(new Map([["service:,env:", 1]]))
    assert.strictEqual(sampler.decide({ ...root, service: "other" }).priority, 2)
    assert.deepStrictEqual(sampler.decide(root).metrics, { "_dd.rule_psr": 0 })
  })

  it("follows the Agent's rates from the time they change", () => {
    const sampler = make({})
    const before = sampler.decide(root)
    sampler.updateRates(new Map([["service:shop,env:prod", 0], ["service:,env:", 1]]))
    assert.strictEqual(before.priority, 1)
    assert.deepStrictEqual(sampler.decide(root), {
      priority: 0,
      mechanism: 1,
      decisionMaker: "-1",
      tags: { "_dd.p.dm": "-1", "_dd.p.ksr": "0" },
      metrics: { "_dd.agent_psr": 0 }
    })
    assert.strictEqual(sampler.decide({ ...root, env: "dev" }).priority, 1)
  })

  it("honours an upstream's priority over every rule, and adds no tag to it", () => {
    const sampler = make({ rules: `[{"sample_rate":0}]`, sampleRate: 1, rateLimit: 0 })
    for (const upstreamPriority of [-1, 0, 1, 2]) {
      assert.deepStrictEqual(sampler.decide({ ...root, upstreamPriority }), {
        priority: upstreamPriority,
        mechanism: undefined,
        decisionMaker: undefined,
        tags: {},
        metrics: {}
      })
    }
  })

  it("honours a manual decision over all others, and stamps that as captured", () => {
    const sampler = make({ rules: `[{"sample_rate":1}]`, rateLimit: 0 })
    const drop = sampler.decide({ ...root, upstreamPriority: 2, manual: "drop" })
    assert.deepStrictEqual([drop.priority, drop.tags, drop.metrics], [-1, { "_dd.p.dm": "-4" }, {}])
    const keep = sampler.decide({ ...root, upstreamPriority: -1, manual: "keep" })
    assert.deepStrictEqual([keep.priority, keep.tags, keep.metrics], [2, { "_dd.p.dm": "-4" }, {}])
  })

  it.prop(
    "keeps at a higher rate every trace that it keeps at a lower one, and always sets a priority",
    [Schema.BigInt, Schema.Finite, Schema.Finite],
    ([traceIdLow64, a, b]) => {
      const rates = [Math.abs(a) % 1, Math.abs(b) % 1].sort((x, y) => x - y)
      const [low, high] = rates.map((sampleRate) =>
        make({ sampleRate }).decide({
          ...root,
          traceId: BigInt.asUintN(64, traceIdLow64).toString(16).padStart(32, "0")
        }).priority
      )
      assert.include([-1, 2], low)
      assert.isAtLeast(high!, low!)
    }
  )
})

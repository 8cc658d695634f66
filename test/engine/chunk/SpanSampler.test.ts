import { assert, describe, it } from "@effect/vitest"
import * as SamplingRules from "../../../src/domain/sampling/SamplingRules.ts"
import * as SpanSampler from "../../../src/engine/chunk/SpanSampler.ts"

const make = (rules: ReadonlyArray<object>) => {
  const clock = { now: 0 }
  const { problems, value } = SamplingRules.parseSpanRules(JSON.stringify(rules))
  assert.deepStrictEqual(problems, [])
  const sample = SpanSampler.make({ rules: value, now: () => clock.now })
  let ids = 0
  return {
    clock,
    marks: (name: string, service = "shop") => {
      const span = { spanId: (++ids).toString(16).padStart(16, "0"), name, service, metrics: {} }
      sample([span])
      return span.metrics
    }
  }
}

const kept = { "_dd.span_sampling.mechanism": 8, "_dd.span_sampling.rule_rate": 1 }

describe("SpanSampler", () => {
  it("keeps a span that matches a rule's patterns for service and name, and no other", () => {
    const { marks } = make([{ service: "sh?p", name: "chat*" }])
    assert.deepStrictEqual(marks("chat model"), kept)
    assert.deepStrictEqual(marks("tool"), {})
    assert.deepStrictEqual(marks("chat model", "other"), {})
  })

  it("asks the first matching rule, and no further one", () => {
    const { marks } = make([{ name: "chat", sample_rate: 0 }, { name: "*" }])
    assert.deepStrictEqual(marks("chat"), {})
    assert.deepStrictEqual(marks("tool"), kept)
  })

  it("keeps the share of spans that a rule sets, by their span ids", () => {
    const { marks } = make([{ sample_rate: 0.5 }])
    const share = Array.from({ length: 1_000 }, () => marks("x")).filter((metrics) => Object.keys(metrics).length > 0)
    assert.isAbove(share.length, 400)
    assert.isBelow(share.length, 600)
    assert.deepStrictEqual(share[0], { ...kept, "_dd.span_sampling.rule_rate": 0.5 })
  })

  it("keeps at most the number a second that a rule sets, and stamps that limit", () => {
    const { clock, marks } = make([{ name: "chat", max_per_second: 2 }])
    const limited = { ...kept, "_dd.span_sampling.max_per_second": 2 }
    assert.deepStrictEqual([marks("chat"), marks("chat"), marks("chat")], [limited, limited, {}])
    clock.now = 1_000
    assert.deepStrictEqual([marks("chat"), marks("chat"), marks("chat")], [limited, limited, {}])
  })
})

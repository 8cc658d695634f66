import { assert, describe, it } from "@effect/vitest"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"
import * as Propagation from "../../../src/domain/propagation/Propagation.ts"
import * as PropagationStyle from "../../../src/domain/propagation/PropagationStyle.ts"
import * as RequestContext from "../../../src/engine/context/RequestContext.ts"

const headers = Headers.fromRecord({
  "x-datadog-trace-id": "17",
  "x-datadog-parent-id": "18",
  baggage: "session.id=s,user.id=u,_ml_obs.experiment_id=e,_ml_obs.experiment_name=n,bad"
})

describe("a propagation style without baggage", () => {
  const without: PropagationStyle.PropagationSettings = {
    ...PropagationStyle.defaults,
    stylesExtract: ["datadog"],
    stylesInject: ["datadog"]
  }

  it("reads no baggage: no label, no experiment, no tag, and no problem about it", () => {
    const read = RequestContext.fromHeaders(headers, PropagationStyle.defaults, undefined)
    assert.strictEqual(read.value.labels.rum?.sessionId, "s")
    assert.strictEqual(read.value.labels.experiment?.experimentId, "e")
    const { problems, value } = RequestContext.fromHeaders(headers, without, undefined)
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(value.labels, { rum: undefined, experiment: undefined })
    assert.strictEqual(value.upstream?.parentId, Propagation.extract(headers).value?.parentId)
    assert.deepStrictEqual([value.upstream?.baggage.size, value.upstream?.baggageTags.size], [0, 0])
  })

  it("writes no baggage", () => {
    const injection = { traceId: "1".repeat(32), spanId: "2".repeat(16), baggage: new Map([["session.id", "s"]]) }
    assert.property(Propagation.inject(injection), "baggage")
    assert.notProperty(Propagation.inject(injection, without), "baggage")
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as SpanMeta from "../../../src/domain/event/SpanMeta.ts"
import * as Baggage from "../../../src/domain/propagation/Baggage.ts"
import * as ExperimentBaggage from "../../../src/domain/propagation/ExperimentBaggage.ts"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"
import { makeContext, makeRecord } from "../Records.ts"

const all = "_ml_obs.experiment_id=exp%201,_ml_obs.experiment_run_id=run-1,_ml_obs.experiment_run_iteration=2," +
  "_ml_obs.experiment_dataset_name=ds,_ml_obs.experiment_dataset_id=ds-1,_ml_obs.experiment_project_id=proj-1," +
  "_ml_obs.experiment_project_name=proj,_ml_obs.experiment_name=n%C3%A4me%2Cx"

describe("ExperimentBaggage", () => {
  it("turns every experiment key into its tag", () => {
    assert.deepStrictEqual(ExperimentBaggage.read(Baggage.parseLenient([all]).value), {
      experimentId: "exp 1",
      tags: {
        experiment_id: "exp 1",
        run_id: "run-1",
        run_iteration: "2",
        dataset_name: "ds",
        dataset_id: "ds-1",
        project_id: "proj-1",
        project_name: "proj",
        experiment_name: "näme,x"
      }
    })
  })

  it("turns sibling keys without an id into their tags, without the scope", () => {
    const experiment = ExperimentBaggage.read(
      new Map([["_ml_obs.experiment_name", "x"], ["_ml_obs.experiment_id", ""]])
    )
    assert.deepStrictEqual(experiment, { tags: { experiment_name: "x" } })
    const record = makeRecord({ context: makeContext({ kind: "experiment", labels: { experiment } }) })
    assert.notProperty(SpanMeta.reserved(record), "scope")
    assert.deepStrictEqual([...ExperimentBaggage.write(experiment!)], [["_ml_obs.experiment_name", "x"]])
    const scoped = { experimentId: "e-1", tags: { experiment_id: "e-1" } }
    const inScope = makeRecord({ context: makeContext({ labels: { experiment: scoped } }) })
    assert.strictEqual(SpanMeta.reserved(inScope)["scope"], "experiments")
  })

  it("finds no experiment without one of its keys, and survives a bad sibling key", () => {
    assert.strictEqual(ExperimentBaggage.read(new Map([["_ml_obs.else", "x"], ["session.id", "s"]])), undefined)
    const read = Baggage.parseLenient(["_ml_obs.experiment_id=exp-1,_ml_obs.experiment_project_name="])
    assert.deepStrictEqual(ExperimentBaggage.read(read.value), {
      experimentId: "exp-1",
      tags: { experiment_id: "exp-1" }
    })
  })

  it("reads back the baggage that it writes", () => {
    const line = Baggage.render(ExperimentBaggage.write(ExperimentBaggage.read(Baggage.parseLenient([all]).value)!))
    assert.strictEqual(line.value, all)
  })

  const requests: ReadonlyArray<readonly [Record<string, string>, boolean]> = [
    [{}, false],
    [{ "x-datadog-origin": "rum" }, true],
    [{ "x-datadog-origin": "synthetics" }, false],
    [{ tracestate: "foo=1,dd=s:1;o:rum" }, true],
    [{ tracestate: "foo=o:rum,dd=s:1" }, false],
    [{ "sec-fetch-site": "cross-site" }, true],
    [{ "Sec-Fetch-Dest": "empty" }, true],
    [{ "sec-fetch-mode": "cors", "user-agent": "Mozilla/5.0" }, true],
    [{ "sec-fetch-mode": "cors" }, true],
    // A page without TLS sends no fetch metadata.
    [{ origin: "http://shop.example", "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" }, true],
    [{ Origin: "null", "User-Agent": "Opera/9.80" }, true],
    [{ origin: "http://shop.example", "user-agent": "node" }, false],
    [{ origin: "http://shop.example" }, false],
    [{ "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" }, false],
    // The headers that Node's fetch adds by itself.
    [{ "sec-fetch-mode": "cors", "user-agent": "node" }, false],
    [{ "sec-fetch-mode": "cors", "user-agent": "undici" }, false],
    [{ "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin", "user-agent": "node" }, true],
    // A traced service in a trace that began in a browser.
    [{ "x-datadog-origin": "rum", tracestate: "dd=p:0123456789abcdef;s:1;o:rum" }, false],
    [{ "x-datadog-origin": "rum", "sec-fetch-site": "none", tracestate: "dd=p:0123456789abcdef;o:rum" }, true]
  ]
  for (const [headers, expected] of requests) {
    it(`recognises a request ${expected ? "of a browser" : "of no browser"}: ${JSON.stringify(headers)}`, () => {
      const lookup = Headers.fromRecord(headers)
      assert.strictEqual(ExperimentBaggage.isBrowserRequest(lookup), expected, JSON.stringify(headers))
      assert.strictEqual(ExperimentBaggage.accepts(lookup, "auto"), !expected)
      assert.isTrue(ExperimentBaggage.accepts(lookup, "accept"))
      assert.isFalse(ExperimentBaggage.accepts(lookup, "ignore"))
    })
  }
})

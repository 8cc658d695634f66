import { assert, describe, it } from "@effect/vitest"
import * as Baggage from "../../../src/domain/propagation/Baggage.ts"
import * as ExperimentBaggage from "../../../src/domain/propagation/ExperimentBaggage.ts"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"

const all = "_ml_obs.experiment_id=exp%201,_ml_obs.experiment_run_id=run-1,_ml_obs.experiment_run_iteration=2," +
  "_ml_obs.experiment_dataset_name=ds,_ml_obs.experiment_dataset_id=ds-1,_ml_obs.experiment_project_id=proj-1," +
  "_ml_obs.experiment_project_name=proj,_ml_obs.experiment_name=n%C3%A4me%2Cx"

describe("ExperimentBaggage", () => {
  it("turns every key into its tag", () => {
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

  it("is none without an id, and survives a bad sibling", () => {
    assert.strictEqual(ExperimentBaggage.read(new Map([["_ml_obs.experiment_name", "x"]])), undefined)
    const read = Baggage.parseLenient(["_ml_obs.experiment_id=exp-1,_ml_obs.experiment_project_name="])
    assert.deepStrictEqual(ExperimentBaggage.read(read.value), {
      experimentId: "exp-1",
      tags: { experiment_id: "exp-1" }
    })
  })

  it("writes what it reads", () => {
    const line = Baggage.render(ExperimentBaggage.write(ExperimentBaggage.read(Baggage.parseLenient([all]).value)!))
    assert.strictEqual(line.value, all)
  })

  it("knows a browser by its origin or its fetch metadata, and a service by neither", () => {
    const table: ReadonlyArray<readonly [Record<string, string>, boolean]> = [
      [{}, false],
      [{ "x-datadog-origin": "rum" }, true],
      [{ "x-datadog-origin": "synthetics" }, false],
      [{ tracestate: "foo=1,dd=s:1;o:rum" }, true],
      [{ tracestate: "foo=o:rum,dd=s:1" }, false],
      [{ "sec-fetch-site": "cross-site" }, true],
      [{ "Sec-Fetch-Dest": "empty" }, true],
      [{ "sec-fetch-mode": "cors", "user-agent": "Mozilla/5.0" }, true],
      [{ "sec-fetch-mode": "cors" }, true],
      // What the fetch of Node sends of its own accord.
      [{ "sec-fetch-mode": "cors", "user-agent": "node" }, false],
      [{ "sec-fetch-mode": "cors", "user-agent": "undici" }, false],
      [{ "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin", "user-agent": "node" }, true],
      // A traced service in a trace that began in a browser.
      [{ "x-datadog-origin": "rum", tracestate: "dd=p:0123456789abcdef;s:1;o:rum" }, false],
      [{ "x-datadog-origin": "rum", "sec-fetch-site": "none", tracestate: "dd=p:0123456789abcdef;o:rum" }, true]
    ]
    for (const [headers, expected] of table) {
      const lookup = Headers.fromRecord(headers)
      assert.strictEqual(ExperimentBaggage.isBrowserRequest(lookup), expected, JSON.stringify(headers))
      assert.strictEqual(ExperimentBaggage.accepts(lookup, "auto"), !expected)
      assert.isTrue(ExperimentBaggage.accepts(lookup, "accept"))
      assert.isFalse(ExperimentBaggage.accepts(lookup, "ignore"))
    }
  })
})

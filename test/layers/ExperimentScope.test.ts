import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Client from "../../src/layers/HttpClient.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const experiment = {
  id: "e-1",
  runId: "r-1",
  runIteration: 2,
  datasetName: "parcels",
  datasetId: "d-1",
  projectName: "shop",
  projectId: "p-1",
  name: "greeting"
}

const members = [
  "_ml_obs.experiment_id=e-1",
  "_ml_obs.experiment_run_id=r-1",
  "_ml_obs.experiment_run_iteration=2",
  "_ml_obs.experiment_dataset_name=parcels",
  "_ml_obs.experiment_dataset_id=d-1",
  "_ml_obs.experiment_project_id=p-1",
  "_ml_obs.experiment_project_name=shop",
  "_ml_obs.experiment_name=greeting"
]

const tags = {
  experiment_id: "e-1",
  run_id: "r-1",
  run_iteration: "2",
  dataset_name: "parcels",
  dataset_id: "d-1",
  project_name: "shop",
  project_id: "p-1",
  experiment_name: "greeting"
}

const baggage = Effect.map(LLMObs.inject, (headers) => headers["baggage"])

const scopeOf = (agent: Parameters<typeof Observed.named>[0], name: string) =>
  Observed.at(Observed.named(agent, name).event, "_dd.scope")

describe("experiment spans", () => {
  it.live("puts an experiment span and its descendants into the experiments scope, with its tags", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.llm("inner"), LLMObs.task("task"), LLMObs.experiment("run", { experiment }))
      const { agent } = yield* Observed.settle
      for (const name of ["inner", "task", "run"]) {
        assert.strictEqual(scopeOf(agent, name), "experiments", name)
        const found = Observed.tagsOf(Observed.named(agent, name))
        for (const [key, value] of Object.entries(tags)) assert.strictEqual(found.get(key), value, `${name} ${key}`)
      }
    }).pipe(Effect.provide(Observed.dev())))

  it.live("names the experiment in the baggage of calls under its span, and of no sibling's or later calls", () =>
    Effect.gen(function*() {
      const [before, siblings, after] = yield* Effect.gen(function*() {
        const before = yield* baggage
        const siblings = yield* Effect.all([
          Effect.andThen(Effect.yieldNow, baggage).pipe(LLMObs.llm("under"), LLMObs.experiment("run", { experiment })),
          Effect.andThen(Effect.yieldNow, baggage).pipe(LLMObs.llm("beside")),
          Effect.andThen(Effect.yieldNow, baggage).pipe(
            LLMObs.experiment("other", { experiment: { id: "e-2" } })
          )
        ], { concurrency: "unbounded" })
        return [before, siblings, yield* baggage] as const
      }).pipe(LLMObs.workflow("around"))
      assert.deepStrictEqual([before, after], [undefined, undefined])
      assert.deepStrictEqual(siblings[0]!.split(",").sort(), members.toSorted())
      assert.isUndefined(siblings[1])
      assert.strictEqual(siblings[2], "_ml_obs.experiment_id=e-2")
      const { agent } = yield* Observed.settle
      assert.isUndefined(scopeOf(agent, "beside"))
      assert.isUndefined(scopeOf(agent, "around"))
      assert.strictEqual(Observed.tagsOf(Observed.named(agent, "other")).get("experiment_id"), "e-2")
    }).pipe(Effect.provide(Observed.dev())))

  it.live("keeps a request's experiment for siblings of an experiment span, and adds to it under the span", () =>
    Effect.gen(function*() {
      const [under, beside] = yield* Effect.all([
        baggage.pipe(LLMObs.experiment("run", { experiment: { id: "e-1" } })),
        baggage.pipe(LLMObs.llm("beside"))
      ]).pipe(LLMObs.extract({ baggage: "own=1,_ml_obs.experiment_id=outer" }))
      assert.strictEqual(under, "own=1,_ml_obs.experiment_id=e-1")
      assert.strictEqual(beside, "own=1,_ml_obs.experiment_id=outer")
      const { agent } = yield* Observed.settle
      assert.strictEqual(Observed.tagsOf(Observed.named(agent, "beside")).get("experiment_id"), "outer")
    }).pipe(Effect.provide(Observed.dev())))

  it.live("shows the experiment to trusted services, and to third parties only when they are configured", () =>
    Effect.gen(function*() {
      const sent: Array<string | undefined> = []
      const plain = HttpClient.make((request) => {
        sent.push(request.headers["baggage"])
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
      })
      const client = plain.pipe(Client.withPropagation())
      const asked = plain.pipe(Client.withPropagation({ allowedOrigins: ["api.example.com"] }))
      yield* Effect.all([
        client.get("http://tools.internal/"),
        client.get("https://api.example.com/"),
        asked.get("https://api.example.com/")
      ]).pipe(LLMObs.experiment("run", { experiment: { id: "e-1" } }))
      assert.deepStrictEqual(sent, ["_ml_obs.experiment_id=e-1", undefined, "_ml_obs.experiment_id=e-1"])
    }).pipe(Effect.provide(Observed.dev())))

  it.live("records an experiment span without an experiment like other spans", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* baggage.pipe(LLMObs.experiment("run")))
    }).pipe(Effect.provide(Observed.dev())))
})

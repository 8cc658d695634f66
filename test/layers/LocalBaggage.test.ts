import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const span = (name: string) => Effect.void.pipe(LLMObs.task(name))
const experiment = LLMObs.withBaggage({ "_ml_obs.experiment_id": "e-1", "_ml_obs.experiment_run_id": "r-1" })
const person = LLMObs.withBaggage({ "session.id": "s-1", "user.id": "u-1", "account.id": "a-1" })
const browser = { "sec-fetch-site": "same-origin" }

// Session, user, account, experiment, run and scope, as the event of a span has them.
const labelsOf = (agent: LLMObs.DevAgent["Service"], name: string) => {
  const received = Observed.named(agent, name)
  const tags = Observed.tagsOf(received)
  return [
    received.event["session_id"],
    tags.get("usr.id"),
    tags.get("usr.account_id"),
    tags.get("experiment_id"),
    tags.get("run_id"),
    Observed.at(received.event, "_dd.scope")
  ]
}
const nothing = [undefined, undefined, undefined, undefined, undefined, undefined]
const inExperiment = [undefined, undefined, undefined, "e-1", "r-1", "experiments"]
const ofPerson = ["s-1", "u-1", "a-1", undefined, undefined, undefined]

const seen = (program: Effect.Effect<unknown>, layer: ReturnType<typeof Observed.dev> = Observed.dev()) =>
  program.pipe(Effect.andThen(Observed.settle), Effect.map(({ agent }) => agent), Effect.provide(layer))

describe("local baggage", () => {
  it.live("scopes and labels every span of a trace by baggage set before the trace begins", () =>
    Effect.gen(function*() {
      const agent = yield* seen(span("inner").pipe(LLMObs.workflow("outer"), experiment, person))
      for (const name of ["inner", "outer"]) {
        assert.deepStrictEqual(labelsOf(agent, name), ["s-1", "u-1", "a-1", "e-1", "r-1", "experiments"], name)
      }
    }))

  it.live("scopes and labels the spans started inside baggage set in the middle of a trace, and no others", () =>
    Effect.gen(function*() {
      const agent = yield* seen(
        Effect.gen(function*() {
          yield* span("before")
          yield* span("leaf").pipe(LLMObs.llm("inside"), experiment)
          yield* span("person").pipe(person)
          yield* span("after")
        }).pipe(LLMObs.workflow("outer"))
      )
      for (const name of ["outer", "before", "after"]) assert.deepStrictEqual(labelsOf(agent, name), nothing, name)
      for (const name of ["inside", "leaf"]) assert.deepStrictEqual(labelsOf(agent, name), inExperiment, name)
      assert.deepStrictEqual(labelsOf(agent, "person"), ofPerson)
    }))

  it.live("labels spans of forked fibers, and not those of concurrent fibers", () =>
    Effect.gen(function*() {
      const agent = yield* seen(Effect.gen(function*() {
        const inside = yield* Effect.forkChild(Effect.andThen(Effect.sleep("5 millis"), span("inside"))).pipe(
          experiment
        )
        const beside = yield* Effect.forkChild(Effect.andThen(Effect.sleep("5 millis"), span("beside")))
        yield* Fiber.join(inside)
        yield* Fiber.join(beside)
      }))
      assert.deepStrictEqual(labelsOf(agent, "inside"), inExperiment)
      assert.deepStrictEqual(labelsOf(agent, "beside"), nothing)
    }))

  it.live("replaces the request's baggage, also under a span that inherited it", () =>
    Effect.gen(function*() {
      const agent = yield* seen(
        Effect.gen(function*() {
          yield* span("changed").pipe(
            LLMObs.withBaggage({ "session.id": "s-2", "user.id": undefined, "_ml_obs.experiment_id": "e-2" })
          )
          yield* span("left").pipe(LLMObs.withBaggage({ "_ml_obs.experiment_id": undefined }))
          yield* span("as it came")
        }).pipe(
          LLMObs.workflow("outer"),
          LLMObs.extract({
            baggage: "session.id=s-1,user.id=u-1,_ml_obs.experiment_id=e-1,_ml_obs.experiment_run_id=r-1"
          })
        )
      )
      assert.deepStrictEqual(labelsOf(agent, "changed"), ["s-2", undefined, undefined, "e-2", "r-1", "experiments"])
      assert.deepStrictEqual(labelsOf(agent, "left"), ["s-1", "u-1", undefined, undefined, "r-1", undefined])
      assert.deepStrictEqual(labelsOf(agent, "as it came"), ["s-1", "u-1", undefined, "e-1", "r-1", "experiments"])
    }))

  it.live("yields to a session, a user or an experiment that the code sets", () =>
    Effect.gen(function*() {
      const agent = yield* seen(Effect.gen(function*() {
        yield* Effect.void.pipe(LLMObs.task("option", { sessionId: "own" }), person)
        yield* span("inherits").pipe(person, LLMObs.workflow("explicit", { sessionId: "own" }))
        yield* span("region").pipe(LLMObs.annotateSpans({ userId: "own" }), person)
        yield* span("run child").pipe(LLMObs.experiment("run", { experiment: { id: "own" } }), experiment)
      }))
      assert.deepStrictEqual(labelsOf(agent, "option"), ["own", "u-1", "a-1", undefined, undefined, undefined])
      assert.deepStrictEqual(labelsOf(agent, "inherits"), ["own", "u-1", "a-1", undefined, undefined, undefined])
      assert.deepStrictEqual(labelsOf(agent, "region"), ["s-1", "own", "a-1", undefined, undefined, undefined])
      for (const name of ["run", "run child"]) {
        assert.deepStrictEqual(labelsOf(agent, name).slice(3), ["own", undefined, "experiments"], name)
      }
    }))

  it.live("keeps the experiment of a span when its region sets other members", () =>
    Effect.gen(function*() {
      const agent = yield* seen(
        span("child").pipe(
          LLMObs.withBaggage({ team: "ops" }),
          LLMObs.experiment("run", { experiment: { id: "own" } }),
          experiment
        )
      )
      assert.deepStrictEqual(labelsOf(agent, "child").slice(3), ["own", undefined, "experiments"])
    }))

  it.live("passes the same baggage to calls as the spans beside them have", () =>
    Effect.gen(function*() {
      const sent = Effect.map(LLMObs.inject, (headers) => headers["baggage"])
      const inside = yield* sent.pipe(
        LLMObs.withBaggage({ "_ml_obs.experiment_id": "e-2" }),
        LLMObs.experiment("run", { experiment: { id: "e-1" } })
      )
      assert.strictEqual(inside, "_ml_obs.experiment_id=e-2")
      const around = yield* sent.pipe(LLMObs.experiment("run", { experiment: { id: "e-1" } }), experiment)
      assert.strictEqual(around, "_ml_obs.experiment_id=e-1,_ml_obs.experiment_run_id=r-1")
      const out = yield* sent.pipe(
        LLMObs.withBaggage({ "_ml_obs.experiment_id": undefined }),
        LLMObs.experiment("run", { experiment: { id: "e-1" } })
      )
      assert.isUndefined(out)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("counts in a browser's request, whose own experiment is ignored", () =>
    Effect.gen(function*() {
      const agent = yield* seen(
        span("inside").pipe(
          experiment,
          LLMObs.workflow("outer"),
          LLMObs.extract({ ...browser, baggage: "_ml_obs.experiment_id=browser" })
        )
      )
      assert.deepStrictEqual(labelsOf(agent, "outer"), nothing)
      assert.deepStrictEqual(labelsOf(agent, "inside"), inExperiment)
    }))

  it.live("tags the other keys of an experiment without an id, and sets no scope", () =>
    Effect.gen(function*() {
      const agent = yield* seen(span("inside").pipe(LLMObs.withBaggage({ "_ml_obs.experiment_run_id": "r-1" })))
      assert.deepStrictEqual(labelsOf(agent, "inside").slice(3), [undefined, "r-1", undefined])
    }))

  it.live("puts no span into an experiment with `experimentBaggage: ignore`, and still labels it", () =>
    Effect.gen(function*() {
      const agent = yield* seen(span("inside").pipe(experiment, person), Observed.dev({ experimentBaggage: "ignore" }))
      assert.deepStrictEqual(labelsOf(agent, "inside"), ofPerson)
    }))

  it.live("has no effect without the propagation style `baggage`", () =>
    Effect.gen(function*() {
      const agent = yield* seen(
        span("inside").pipe(experiment, person),
        Observed.fromEnv({ DD_TRACE_PROPAGATION_STYLE: "datadog" })
      )
      assert.deepStrictEqual(labelsOf(agent, "inside"), nothing)
    }))

  it.live("leaves out a label that no header could carry, and reports it once", () =>
    Effect.gen(function*() {
      const problems: Array<string> = []
      const agent = yield* seen(
        Effect.all([span("one"), span("two")]).pipe(
          LLMObs.withBaggage({ "session.id": "x".repeat(201), "user.id": "u-\u202e1", "account.id": "a-1" })
        ),
        Observed.dev({ onProblem: ({ code }) => problems.push(code) })
      )
      for (const name of ["one", "two"]) {
        assert.deepStrictEqual(labelsOf(agent, name), [undefined, undefined, "a-1", undefined, undefined, undefined])
      }
      assert.deepStrictEqual(problems, ["invalid_baggage"])
    }))
})

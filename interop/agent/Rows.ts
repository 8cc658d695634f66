/**
 * The situations in which an event must still arrive.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import type { Reply, Route } from "./FakeIntake.ts"
import type { World } from "./World.ts"
import { converse, inRequest } from "./World.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly name: string
  /** `at least once` where an outcome leaves open whether an event arrived. */
  readonly promise: "exactly once" | "at least once"
  /** The routes that events may take. */
  readonly by: ReadonlyArray<Route>
  /** What becomes of the APM spans: a row that expects a drop and sees none has shown nothing. */
  readonly apm: "arrives" | "dropped" | "either"
  /** `DD_*` variables. */
  readonly env?: { readonly [name: string]: string }
  /** Settings of the Agent, by the names of its Go fields. */
  readonly agent?: { readonly [field: string]: unknown }
  /** Whether the Agent is there when the program starts. */
  readonly agentLate?: boolean
  /** What the intake does with the n-th request of a route. */
  readonly reply?: (route: Route, nth: number) => Reply
  readonly program: (world: World) => Effect.Effect<void>
}

const rejectAll = { DD_TRACE_SAMPLING_RULES: JSON.stringify([{ sample_rate: 0 }]) }

// The resource of the spans that `converse` opens first.
const filtering = { Ignore: { resource: ["^workflow$"] } }

const upstream = (priority: number) => ({
  "x-datadog-trace-id": "7277407061855694839",
  "x-datadog-parent-id": "8448496287173922",
  "x-datadog-sampling-priority": String(priority)
})

const plain = (world: World) => converse(world)

const restarting = (world: World) =>
  converse(world).pipe(
    Effect.andThen(LLMObs.flush),
    Effect.andThen(world.stopAgent),
    Effect.andThen(converse(world)),
    Effect.andThen(LLMObs.flush),
    Effect.andThen(world.startAgent)
  )

/**
 * @category constants
 * @since 0.1.0
 */
export const rows: ReadonlyArray<Row> = [
  {
    name: "kept",
    promise: "exactly once",
    by: ["trace"],
    apm: "arrives",
    program: plain
  },
  {
    name: "rejected by the user's rule",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    env: rejectAll,
    program: plain
  },
  {
    name: "rejected automatically (upstream 0)",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    program: (world) => inRequest(upstream(0), converse(world))
  },
  {
    name: "rejected by the upstream's user (-1)",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    program: (world) => inRequest(upstream(-1), converse(world))
  },
  {
    // The Agent's error sampler keeps the trace all the same.
    name: "rejected, with an error",
    promise: "exactly once",
    by: ["evp"],
    apm: "arrives",
    program: (world) => inRequest(upstream(0), converse(world, { fails: true }))
  },
  {
    name: "rejected, but rare to the Agent",
    promise: "exactly once",
    by: ["evp"],
    apm: "arrives",
    agent: { RareSamplerEnabled: true },
    program: (world) => inRequest(upstream(0), converse(world))
  },
  {
    name: "rejected, kept as single spans",
    promise: "exactly once",
    by: ["evp"],
    apm: "arrives",
    program: (world) => inRequest(upstream(-1), converse(world, { attribute: ["_dd.span_sampling.mechanism", 8] }))
  },
  {
    name: "filtered by the Agent",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    agent: filtering,
    // A trace without events makes the Agent's filters known.
    program: (world) =>
      Effect.void.pipe(Effect.withSpan("warm up"), Effect.andThen(LLMObs.flush), Effect.andThen(converse(world)))
  },
  {
    name: "filtered by the Agent, from the start",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    agent: filtering,
    program: plain
  },
  {
    name: "struct above 1 MB",
    promise: "exactly once",
    by: ["trace", "evp"],
    apm: "arrives",
    program: (world) => converse(world, { input: "x".repeat(1_500_000) })
  },
  {
    name: "EVP refused: 503 twice",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    env: rejectAll,
    reply: (route, nth) => route === "evp" && nth <= 2 ? 503 : "take",
    program: plain
  },
  {
    name: "EVP refused: 403 once",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    env: rejectAll,
    reply: (route, nth) => route === "evp" && nth === 1 ? 403 : "take",
    program: plain
  },
  {
    name: "EVP switched off in the Agent, kept",
    promise: "exactly once",
    by: ["trace"],
    apm: "arrives",
    agent: { EVPProxy: { Enabled: false } },
    program: plain
  },
  {
    name: "acknowledgement lost by EVP",
    promise: "at least once",
    by: ["evp"],
    apm: "dropped",
    env: rejectAll,
    reply: (route, nth) => route === "evp" && nth === 1 ? "lose" : "take",
    program: plain
  },
  {
    // The Agent has said 200 to us by then; it is the Agent that sends twice.
    name: "acknowledgement lost behind the Agent",
    promise: "at least once",
    by: ["trace"],
    apm: "arrives",
    reply: (route, nth) => route === "trace" && nth === 1 ? "lose" : "take",
    program: plain
  },
  {
    name: "Agent restarted",
    promise: "exactly once",
    by: ["trace", "evp"],
    apm: "either",
    program: restarting
  },
  {
    name: "Agent restarted, rejected",
    promise: "exactly once",
    by: ["evp"],
    apm: "dropped",
    env: rejectAll,
    program: restarting
  },
  {
    name: "Agent late",
    promise: "exactly once",
    by: ["trace", "evp"],
    apm: "either",
    agentLate: true,
    program: (world) => converse(world).pipe(Effect.andThen(LLMObs.flush), Effect.andThen(world.startAgent))
  },
  {
    name: "v0.5 asked",
    promise: "exactly once",
    by: ["trace"],
    apm: "arrives",
    env: { DD_TRACE_API_VERSION: "v0.5" },
    program: plain
  },
  {
    name: "kept, Agent with the older decoding",
    promise: "exactly once",
    by: ["trace"],
    apm: "arrives",
    agent: { Features: { "disable-convert-traces": {} } },
    program: plain
  }
]

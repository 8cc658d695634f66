/**
 * Rows in which the Agent, or the intake behind it or by itself, answers with something else than it should.
 */
import * as Effect from "effect/Effect"
import * as AgentInfo from "../src/adapters/devagent/AgentInfo.ts"
import { until } from "./Eventually.ts"
import type { Row, Stage } from "./Row.ts"
import type { Promised } from "./Verdict.ts"
import { allBut, atLeastOnce, once } from "./Verdict.ts"

const events = 20

const answered = (agent: Stage["agent"], status: number, path: string): number =>
  agent.requests().filter((request) => request.status === status && request.path.includes(path)).length

/** The intake answers with these statuses, in this order, before it takes anything; nobody flushes. */
const intake = (name: string, statuses: ReadonlyArray<number>, more: Partial<Row> & {
  readonly headers?: { readonly [name: string]: string }
  readonly delivers?: boolean
} = {}): Row => {
  const { delivers = false, headers = {}, ...row } = more
  return {
    name,
    promised: once,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: statuses, evpHeaders: headers, deliverRefused: delivers })
        yield* emit(events)
        yield* wait(30_000)
        for (const status of new Set(statuses)) {
          const wanted = statuses.filter((other) => other === status).length
          const found = answered(agent, status, "/llmobs")
          if (found < wanted) return `${status} was answered ${found} times and not ${wanted}`
        }
        return undefined
      }),
    ...row
  }
}

const direct = (name: string, statuses: ReadonlyArray<number>, more: Parameters<typeof intake>[2] = {}): Row =>
  intake(`direct: ${name}`, statuses, { direct: true, ...more })

/** The Agent answers traces with these statuses; what it definitely refuses goes to the intake. */
const traces = (name: string, statuses: number | ReadonlyArray<number>, promised: Promised = once): Row => ({
  name: `traces: ${name}`,
  promised,
  run: ({ agent, emit, wait }) =>
    Effect.gen(function*() {
      agent.configure({ tracesStatus: statuses })
      yield* emit(events, { road: "trace" })
      yield* wait(40_000)
      const status = typeof statuses === "number" ? statuses : statuses[0]!
      return answered(agent, status, "/traces") === 0 ? `${status} was never answered` : undefined
    })
})

/** Nothing is sent again until somebody corrects a setting: it is looked at every half minute, or when somebody flushes. */
const paused = (status: number, direct: boolean): Row => ({
  name: `${direct ? "direct: " : ""}${status}, then it is put right`,
  promised: once,
  direct,
  run: ({ agent, emit, pending, settle, short, wait }) =>
    Effect.gen(function*() {
      agent.configure({ evpStatus: status })
      yield* emit(events)
      yield* until(() => answered(agent, status, "/llmobs") > 0)
      if (!short) yield* Effect.sleep(35_000)
      yield* emit(events)
      const held = yield* pending
      agent.configure({ evpStatus: 202 })
      yield* short ? settle(20_000) : wait(70_000)
      if (answered(agent, status, "/llmobs") === 0) return `${status} was never answered`
      return held === 2 * events ? undefined : `${held} were held`
    })
})

const seconds = (agent: Stage["agent"]) => {
  const started = performance.now()
  return () => agent.events().length === 0 ? undefined : (performance.now() - started) / 1_000
}

const busy = (direct: boolean): Row => ({
  name: direct ? "direct: 429 with Retry-After" : "429 with Retry-After",
  promised: once,
  direct,
  run: ({ agent, emit, wait }) =>
    Effect.gen(function*() {
      agent.configure({ evpStatus: [429, 429], evpHeaders: { "retry-after": "1" } })
      const taken = seconds(agent)
      yield* emit(events)
      yield* wait(20_000)
      return (taken() ?? 0) < 2 ? "nobody waited twice for the second that was asked for" : undefined
    })
})

/** A single 404 of the proxy is followed by a rest of a minute, which neither a flush nor the end waits for. */
const resting = (name: string, then: (settle: Stage["settle"]) => Effect.Effect<void>): Row => ({
  name: `one 404 of the EVP proxy, then ${name}`,
  promised: once,
  run: ({ agent, emit, settle }) =>
    Effect.gen(function*() {
      agent.configure({ evpStatus: [404] })
      yield* emit(events)
      yield* until(() => answered(agent, 404, "/llmobs") > 0)
      yield* then(settle)
      return answered(agent, 404, "/llmobs") === 1 ? undefined : "404 was not answered once"
    })
})

export const rows: ReadonlyArray<Row> = [
  intake("500, three times", [500, 500, 500]),
  intake("503, three times", [503, 503, 503]),
  busy(false),
  {
    name: "429 with a date in Retry-After",
    promised: once,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        agent.configure({
          evpStatus: [429],
          evpHeaders: { "retry-after": new Date(Date.now() + 2_500).toUTCString() }
        })
        const taken = seconds(agent)
        yield* emit(events)
        yield* wait(20_000)
        // A date has whole seconds.
        return (taken() ?? 0) < 1 ? "nobody waited for the date that was given" : undefined
      })
  },
  intake("429 without Retry-After", [429, 429]),
  intake("408", [408, 408]),
  intake("425", [425, 425]),
  paused(301, false),
  paused(401, false),
  paused(301, true),
  paused(401, true),
  intake("413 for a batch", [413]),
  intake("413 for every event", Array.from({ length: 39 }, () => 413), { promised: allBut("oversized") }),
  intake("400 for a batch", [400]),
  intake("400 for every event", Array.from({ length: 39 }, () => 400), { promised: allBut("refused") }),
  intake("422 for a batch", [422]),
  intake("422 for every event", Array.from({ length: 39 }, () => 422), { promised: allBut("refused") }),
  intake("409 for a batch", [409]),
  resting("the program flushes", (settle) => settle(10_000)),
  resting("the layer closes", () => Effect.void),
  intake("a storm of 502", [502, 502, 502, 502, 502], { promised: atLeastOnce }),
  intake("502, yet delivered", [502, 502], { promised: atLeastOnce, delivers: true }),
  intake("504, yet delivered", [504], { promised: atLeastOnce, delivers: true }),
  {
    name: "405: no EVP proxy for a moment",
    promised: once,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: [405] })
        yield* emit(events)
        yield* wait(30_000)
        return answered(agent, 405, "/llmobs") === 0 ? "405 was never answered" : undefined
      })
  },
  {
    name: "no EVP proxy at first",
    promised: once,
    run: ({ agent, emit, pending, wait }) =>
      Effect.gen(function*() {
        const endpoints = AgentInfo.servedEndpoints
        agent.configure({ endpoints: endpoints.filter((endpoint) => !endpoint.startsWith("/evp_proxy")) })
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        yield* until(() => agent.events().length === events)
        yield* Effect.sleep(200)
        const held = yield* pending
        agent.configure({ endpoints })
        yield* wait(30_000)
        return held === events ? undefined : `${held} were held`
      })
  },
  {
    name: "the EVP proxy goes away and comes back",
    promised: once,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        const endpoints = AgentInfo.servedEndpoints
        yield* emit(1)
        yield* wait(10_000)
        // As when an Agent restarts with other settings, and again with those it had.
        agent.configure({ endpoints: endpoints.filter((endpoint) => !endpoint.startsWith("/evp_proxy")) })
        yield* emit(events)
        yield* until(() => answered(agent, 404, "/llmobs") > 0)
        yield* Effect.sleep(200)
        agent.configure({ endpoints })
        yield* wait(15_000)
        return answered(agent, 404, "/llmobs") === 0 ? "it never went away" : undefined
      })
  },
  {
    name: "405: no EVP proxy, traces go on",
    promised: once,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        agent.configure({ evpDisabled: true })
        yield* emit(events, { road: "trace" })
        yield* wait(20_000)
      })
  },
  direct("500, three times", [500, 500, 500]),
  direct("503, three times", [503, 503, 503]),
  busy(true),
  direct("408", [408, 408]),
  direct("413 for a batch", [413]),
  direct("413 for every event", Array.from({ length: 39 }, () => 413), { promised: allBut("oversized") }),
  direct("422 for a batch", [422]),
  direct("422 for every event", Array.from({ length: 39 }, () => 422), { promised: allBut("refused") }),
  direct("a storm of 502", [502, 502, 502, 502, 502], { promised: atLeastOnce }),
  direct("502, yet delivered", [502], { promised: atLeastOnce, delivers: true }),
  direct("404 for good", Array.from({ length: 100 }, () => 404), {
    promised: allBut("refused"),
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: 404 })
        yield* emit(events)
        yield* wait(20_000)
      })
  }),
  traces("refused with 400", 400),
  traces("refused with 413", 413),
  traces("answered with 500", [500, 500]),
  traces("answered with 503", [503, 503]),
  traces("answered with 429", [429, 429]),
  traces("busy (429) for good", 429),
  traces("404 for good", 404)
]

/**
 * Rows in which the connection to the Agent, or direct to the intake, fails.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import { until } from "./Eventually.ts"
import type { Behaviour } from "./FaultProxy.ts"
import type { Road, Row } from "./Row.ts"
import { apiKey } from "./Row.ts"
import { atLeastOnce, once } from "./Verdict.ts"

const events = 20

const pathOf = (road: Road): string => road === "trace" ? "/traces" : "/llmobs"

/** Behaves in this way until so many requests have met it, and well afterwards. */
const meanwhile = (name: string, behaviour: Behaviour, more: Partial<Row> & {
  readonly bytes?: number
  readonly road?: Road
  readonly strikes?: number
  readonly count?: number
} = {}): Row => {
  // A trace whose fate is unknown is not sent again: its events go by the other road, where they meet the same.
  const { bytes = 10, count = events, road = "intake", strikes = road === "trace" ? 1 : 2, ...row } = more
  return {
    name,
    promised: atLeastOnce,
    env: quick,
    run: ({ emit, proxy, wait }) =>
      Effect.gen(function*() {
        // The Agent is known before it misbehaves: what is tested is the way of events, not the search.
        yield* emit(1, { road })
        yield* wait(5_000)
        proxy.behave(behaviour)
        yield* emit(count, { bytes, road })
        yield* until(() => proxy.struck(pathOf(road)) >= strikes)
        const struck = proxy.struck(pathOf(road))
        proxy.behave({ _tag: "pass" })
        yield* wait(40_000)
        return struck < strikes ? `it happened to ${struck} requests and not to ${strikes}` : undefined
      }),
    ...row
  }
}

/** One second is all that a request may take. */
const quick = { _DD_LLMOBS_WRITER_TIMEOUT: "1", DD_TRACE_AGENT_TIMEOUT_SECONDS: "2" }

const large = { bytes: 60_000 }

/** The same on each road. `where` is what a name begins with. */
const everywhere = (where: string, more: { readonly road?: Road; readonly direct?: boolean }): ReadonlyArray<Row> => [
  meanwhile(`${where}hang`, { _tag: "hang" }, more),
  meanwhile(`${where}reset at the first byte`, { _tag: "reset", bytes: 1 }, more),
  meanwhile(`${where}reset mid-body`, { _tag: "reset", bytes: 200_000 }, { ...more, ...large }),
  meanwhile(`${where}the answer is lost`, { _tag: "loseAnswer" }, more),
  meanwhile(`${where}garbage for an answer`, { _tag: "garbage", delivered: false }, more),
  meanwhile(`${where}garbage, yet delivered`, { _tag: "garbage", delivered: true }, more)
]

/** A megabyte is read in 64 KiB pieces: this takes half a second, or three. */
const slowly = (where: string, more: { readonly road?: Road; readonly direct?: boolean }): ReadonlyArray<Row> => [
  {
    ...meanwhile(`${where}slow reading, in time`, { _tag: "slow", millis: 30 }, { ...more, ...large, strikes: 1 }),
    promised: once,
    env: {},
    run: ({ emit, proxy, wait }) =>
      Effect.gen(function*() {
        yield* emit(1, more)
        yield* wait(5_000)
        proxy.behave({ _tag: "slow", millis: 30 })
        yield* proxy.quiet
        const started = performance.now()
        yield* emit(events, { ...more, ...large })
        yield* wait(30_000)
        if (proxy.struck(pathOf(more.road ?? "intake")) === 0) return "nothing was read slowly"
        return performance.now() - started < 300 ? "the reading was not slow" : undefined
      })
  },
  meanwhile(`${where}slow reading, too slow`, { _tag: "slow", millis: 200 }, {
    ...more,
    ...large,
    run: ({ emit, proxy, wait }) =>
      Effect.gen(function*() {
        yield* emit(1, more)
        yield* wait(5_000)
        proxy.behave({ _tag: "slow", millis: 200 })
        yield* emit(events, { ...more, ...large })
        let found = 0
        const count = Effect.map(LLMObs.ledger, (books) => {
          found = books.possibleDuplicates
        })
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(count, Effect.sleep(10))))
        yield* until(() => found > 0)
        proxy.behave({ _tag: "pass" })
        yield* wait(40_000)
        return found === 0 ? "no request timed out" : undefined
      })
  })
]

/** No server listens for a while. Without a flush the program must resume by itself. */
const refused = (name: string, road: Road, direct: boolean): Row => ({
  name,
  promised: once,
  direct,
  run: ({ agent, emit, pending, proxy, short, wait }) =>
    Effect.gen(function*() {
      yield* emit(1, { road })
      yield* wait(5_000)
      yield* proxy.down
      yield* emit(events, { road })
      yield* Effect.sleep(short ? 2_000 : 60_000)
      const held = yield* pending
      const before = agent.events().length
      yield* proxy.up
      yield* wait(40_000)
      return held !== events || before !== 1 ? `${held} were held and not ${events}` : undefined
    })
})

/** An Agent that misbehaves before it is known: nothing is sent to it, so nothing is uncertain. */
const unknown = (name: string, behaviour: Behaviour, env: { readonly [name: string]: string }): Row => ({
  name,
  promised: once,
  env,
  prepare: ({ proxy }) => Effect.sync(() => proxy.behave(behaviour)),
  run: ({ agent, emit, proxy, wait }) =>
    Effect.gen(function*() {
      yield* emit(events / 2, { road: "trace" })
      yield* emit(events / 2)
      yield* until(() => proxy.struck("/info") > 1)
      const struck = proxy.struck("/info")
      const before = agent.events().length
      proxy.behave({ _tag: "pass" })
      yield* wait(30_000)
      return struck < 2 || before > 0 ? `it happened ${struck} times` : undefined
    })
})

const latency = 300

export const rows: ReadonlyArray<Row> = [
  ...everywhere("", {}),
  ...slowly("", {}),
  ...everywhere("traces: ", { road: "trace" }),
  ...slowly("traces: ", { road: "trace" }),
  ...everywhere("direct: ", { direct: true }),
  ...slowly("direct: ", { direct: true }),
  refused("refused for a minute", "intake", false),
  refused("traces: refused for a minute", "trace", false),
  refused("direct: refused for a minute", "intake", true),
  {
    name: "the Agent is late",
    promised: once,
    lateAgent: true,
    run: ({ agent, emit, pending, proxy, short, wait }) =>
      Effect.gen(function*() {
        yield* emit(events / 2, { road: "trace" })
        yield* emit(events / 2)
        yield* Effect.sleep(short ? 1_500 : 20_000)
        const held = yield* pending
        const before = agent.requests().length
        yield* proxy.up
        yield* wait(30_000)
        return held !== events || before > 0 ? `${held} were held and not ${events}` : undefined
      })
  },
  {
    name: "the Agent is late, and a key is there",
    promised: once,
    lateAgent: true,
    // Its own site is nowhere that can be reached: what goes past the Agent does not arrive.
    env: {
      DD_API_KEY: apiKey,
      DD_SITE: "datadoghq.eu",
      DD_PROXY_HTTPS: "http://127.0.0.1:1"
    },
    run: ({ emit, proxy, short, wait }) =>
      Effect.gen(function*() {
        yield* emit(events / 2, { road: "trace" })
        yield* emit(events / 2)
        yield* Effect.sleep(short ? 1_500 : 20_000)
        yield* proxy.up
        yield* wait(30_000)
      })
  },
  {
    name: "the Agent restarts",
    promised: once,
    run: ({ emit, proxy, wait }) =>
      Effect.gen(function*() {
        for (let turn = 0; turn < 3; turn++) {
          yield* emit(events, { road: turn % 2 === 0 ? "trace" : "intake" })
          yield* wait(10_000)
          yield* proxy.down
          yield* emit(events)
          yield* emit(events, { road: "trace" })
          yield* Effect.sleep(100)
          yield* proxy.up
        }
        yield* wait(40_000)
      })
  },
  {
    name: "the Agent restarts, requests under way",
    promised: atLeastOnce,
    run: ({ agent, emit, proxy, wait }) =>
      Effect.gen(function*() {
        agent.configure({ latencyMillis: latency })
        yield* emit(1)
        yield* wait(5_000)
        const requests = agent.requests().length
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        yield* until(() => agent.requests().length >= requests + 2)
        yield* proxy.down
        yield* Effect.sleep(100)
        yield* proxy.up
        agent.configure({ latencyMillis: 0 })
        yield* wait(40_000)
        const books = yield* LLMObs.ledger
        return books.possibleDuplicates === 0 ? "no request was under way" : undefined
      })
  },
  unknown("garbage for /info", { _tag: "garbage", delivered: false }, {}),
  unknown("/info hangs", { _tag: "hang" }, { DD_TRACE_AGENT_TIMEOUT_SECONDS: "0.5" }),
  {
    name: "/info fails and comes back",
    promised: once,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        agent.configure({ infoStatus: [500, 404, 0, 500] })
        yield* emit(events / 2, { road: "trace" })
        yield* emit(events / 2)
        yield* wait(20_000)
        const asked = agent.requests().filter((request) => request.path === "/info").length
        return asked < 2 ? "/info was asked once" : undefined
      })
  },
  {
    name: "/info flaps",
    promised: once,
    run: ({ agent, emit, short, wait }) =>
      Effect.gen(function*() {
        const asked = () => agent.requests().filter((request) => request.path === "/info").length
        const turns = short ? 20 : 200
        // On a busy machine fewer of the questions are answered in as many turns.
        for (let turn = 0; turn < turns || (asked() < 5 && turn < 20 * turns); turn++) {
          agent.configure({
            infoStatus: turn % 3 === 0 ? 500 : turn % 3 === 1 ? 0 : 200,
            // Another state of the Agent, which its answers tell, so that it is asked again.
            clientDropP0s: turn % 2 === 0
          })
          yield* emit(events / 4, { road: "trace" })
          yield* emit(events / 4)
          yield* Effect.sleep(50)
        }
        agent.configure({ infoStatus: 200 })
        yield* wait(40_000)
        return asked() < 5 ? `/info was asked ${asked()} times` : undefined
      })
  }
]

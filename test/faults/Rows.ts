/**
 * The fault matrix: one row for each thing that can go wrong on the way to the intake.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as JumpingClock from "./JumpingClock.ts"
import type { Row, Stage } from "./Row.ts"

const events = 20

const answers = (name: string, statuses: ReadonlyArray<number>, more: Partial<Row> = {}): Row => ({
  name,
  promised: "all, once",
  run: ({ agent, emit, settle }) =>
    Effect.gen(function*() {
      agent.configure({ evpStatus: statuses })
      yield* emit(events)
      yield* settle(20_000)
    }),
  ...more
})

const meanwhile = (
  name: string,
  promised: Row["promised"],
  behaviour: Parameters<Stage["proxy"]["behave"]>[0],
  millis: number,
  route: "intake" | "trace" = "intake"
): Row => ({
  name,
  promised,
  run: ({ emit, proxy, settle }) =>
    Effect.gen(function*() {
      // The Agent is known before it misbehaves: what is tested is the way of events, not the search.
      yield* emit(1, route)
      yield* settle(5_000)
      proxy.behave(behaviour)
      yield* emit(events, route)
      yield* Effect.forkChild(LLMObs.flush)
      yield* Effect.sleep(millis)
      proxy.behave({ _tag: "pass" })
      yield* settle(20_000)
    })
})

const jumping = JumpingClock.make()

export const rows: ReadonlyArray<Row> = [
  answers("500, three times", [500, 500, 500]),
  answers("503, three times", [503, 503, 503]),
  {
    name: "429 with Retry-After",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: [429, 429], evpHeaders: { "retry-after": "1" } })
        yield* emit(events)
        yield* settle(20_000)
      })
  },
  answers("429 without Retry-After", [429, 429]),
  answers("408", [408, 408]),
  answers("413 for a batch", [413]),
  answers("413 for every event", Array.from({ length: 100 }, () => 413), { promised: "counted" }),
  answers("400 for a batch", [400]),
  answers("a storm of 502", [502, 502, 502, 502, 502], { promised: "all, at least once" }),
  {
    name: "502, yet delivered",
    promised: "all, at least once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: [502], deliverRefused: true })
        yield* emit(events)
        yield* settle(20_000)
      })
  },
  answers("403, then the key is right", [403, 403, 403]),
  answers("405: no EVP proxy for a while", [405], { promised: "counted" }),
  meanwhile("hang", "all, at least once", { _tag: "hang" }, 1_500),
  meanwhile("reset before the body", "all, at least once", { _tag: "reset", bytes: 1 }, 500),
  meanwhile("reset in the middle of the body", "all, at least once", { _tag: "reset", bytes: 2_000 }, 500),
  meanwhile("the answer is lost", "all, at least once", { _tag: "loseAnswer" }, 500),
  meanwhile("traces: hang", "all, at least once", { _tag: "hang" }, 1_500, "trace"),
  meanwhile("traces: reset before the body", "all, at least once", { _tag: "reset", bytes: 1 }, 500, "trace"),
  meanwhile("traces: reset in the middle", "all, at least once", { _tag: "reset", bytes: 2_000 }, 500, "trace"),
  meanwhile("traces: the answer is lost", "all, at least once", { _tag: "loseAnswer" }, 500, "trace"),
  meanwhile("traces: garbage for an answer", "all, at least once", { _tag: "garbage" }, 500, "trace"),
  meanwhile("slow reading", "all, once", { _tag: "slow" }, 200),
  meanwhile("garbage for an answer", "all, at least once", { _tag: "garbage" }, 500),
  {
    name: "refused for a minute",
    promised: "all, once",
    run: ({ emit, proxy, settle }, short) =>
      Effect.gen(function*() {
        yield* emit(1)
        yield* settle(5_000)
        yield* proxy.down
        yield* emit(events)
        yield* Effect.sleep(short ? 2_000 : 60_000)
        yield* proxy.up
        yield* settle(20_000)
      })
  },
  {
    name: "refused for a minute, kept traces",
    promised: "all, once",
    run: ({ emit, proxy, settle }, short) =>
      Effect.gen(function*() {
        yield* emit(1, "trace")
        yield* settle(5_000)
        yield* proxy.down
        yield* emit(events, "trace")
        yield* Effect.sleep(short ? 2_000 : 60_000)
        yield* proxy.up
        yield* settle(20_000)
      })
  },
  {
    name: "the Agent is late",
    promised: "all, once",
    lateAgent: true,
    run: ({ emit, proxy, settle }, short) =>
      Effect.gen(function*() {
        yield* emit(events / 2, "trace")
        yield* emit(events / 2)
        yield* Effect.sleep(short ? 1_500 : 20_000)
        yield* proxy.up
        yield* settle(20_000)
      })
  },
  {
    name: "the Agent restarts",
    promised: "all, once",
    run: ({ emit, proxy, settle }) =>
      Effect.gen(function*() {
        for (let turn = 0; turn < 3; turn++) {
          yield* emit(events, turn % 2 === 0 ? "trace" : "intake")
          yield* settle(10_000)
          yield* proxy.down
          yield* emit(events)
          yield* Effect.sleep(100)
          yield* proxy.up
        }
        yield* settle(20_000)
      })
  },
  {
    name: "/info flaps",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ infoStatus: [500, 404, 0, 500] })
        yield* emit(events / 2, "trace")
        yield* emit(events / 2)
        yield* settle(20_000)
      })
  },
  {
    name: "traces refused with 400",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ tracesStatus: Array.from({ length: 100 }, () => 400) })
        yield* emit(events, "trace")
        yield* settle(20_000)
      })
  },
  {
    name: "traces refused with 413",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ tracesStatus: Array.from({ length: 100 }, () => 413) })
        yield* emit(events, "trace")
        yield* settle(20_000)
      })
  },
  {
    name: "traces answered with 500",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ tracesStatus: [500, 500] })
        yield* emit(events, "trace")
        yield* settle(20_000)
      })
  },
  {
    name: "traces busy (429) for good",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ tracesStatus: 429 })
        yield* emit(events, "trace")
        yield* settle(30_000)
      })
  },
  {
    name: "the name cannot be resolved",
    promised: "counted",
    options: { agentUrl: "http://no-such-host.invalid:8126" },
    run: ({ emit, settle }) => Effect.andThen(emit(events), settle(1_000))
  },
  {
    name: "TLS where there is none",
    promised: "counted",
    run: ({ emit, settle }) => Effect.andThen(emit(events), settle(1_000)),
    env: { DD_TRACE_AGENT_URL: "https://127.0.0.1:1" },
    options: { agentUrl: undefined }
  },
  {
    name: "the clock jumps, forward and back",
    promised: "all, once",
    clock: jumping.clock,
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: [503, 503] })
        yield* emit(events)
        jumping.jump(3_600_000)
        yield* emit(events, "trace")
        yield* Effect.sleep(100)
        jumping.jump(-3_600_000)
        yield* emit(events)
        yield* settle(20_000)
      })
  },
  {
    name: "the event loop stalls",
    promised: "all, once",
    run: ({ emit, settle }) =>
      Effect.gen(function*() {
        yield* emit(events, "trace")
        yield* Effect.forkChild(LLMObs.flush)
        yield* Effect.yieldNow
        const until = performance.now() + 1_500
        while (performance.now() < until) { /* busy */ }
        yield* emit(events)
        yield* settle(20_000)
      })
  },
  {
    name: "flushes at the same time",
    promised: "all, once",
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: [503] })
        yield* emit(events)
        const flushes = yield* Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(LLMObs.flush))
        yield* emit(events, "trace")
        yield* Fiber.joinAll(flushes)
        yield* settle(20_000)
      })
  },
  {
    name: "10,000 spans of 5 KB in one tick",
    promised: "all, once",
    run: ({ settle }) =>
      Effect.gen(function*() {
        const text = "0123456789".repeat(250)
        const span = Effect.void.pipe(LLMObs.llm("burst", { model: "m", provider: "p", input: text }))
        const annotated = Effect.void.pipe(
          LLMObs.llm("burst", { model: "m", provider: "p", input: text, metadata: { text } })
        )
        for (let index = 0; index < 5_000; index++) {
          yield* span
          yield* annotated
        }
        yield* settle(30_000)
      })
  }
]

/** Steps that can happen to the engine, drawn by a generator: the usual ones more often, with numbers that exist. */
import * as Schema from "effect/Schema"

const outcomes = [
  200,
  202,
  307,
  400,
  401,
  403,
  404,
  405,
  408,
  413,
  422,
  425,
  429,
  500,
  502,
  503,
  504,
  "no connection",
  "reset after bytes"
] as const

// Of the sizes the largest is an estimate alone, above the bound of what rides and of what a small file takes; an event
// that "fits" has a payload to itself, and one that is "too large" has one byte more.
const Size = Schema.Literals([10, 10, 10, 10, 10, 10, 2_000, 2_000, "fits", "too large", 1_200_000])

export type Size = typeof Size.Type

const Route = Schema.Literals(["", "", "", "", "other"])

export type Route = typeof Route.Type

export const routes: ReadonlyArray<Route> = ["", "other"]

const small = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
const seldom = Schema.Literals([false, false, false, false, false, true])

const step = <Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.Struct({ _tag: Schema.Literal(tag), ...fields })

const start = step("start", { trace: small, llm: Schema.Literals([true, true, false]) })
const end = step("end", {
  span: small,
  size: Size,
  route: Route,
  event: Schema.Literals(["now", "now", "now", "now", "now", "now", "now", "now", "later", "redacted"])
})
const sendTrace = step("send a trace", {})
const sendEvents = step("send events", { route: Route })
const answer = step("answer", {
  which: small,
  outcome: Schema.Literals([...Array.from({ length: 12 }, () => 200 as const), ...outcomes]),
  last: seldom
})

const usual = [
  start,
  start,
  start,
  end,
  end,
  end,
  sendTrace,
  sendTrace,
  sendEvents,
  sendEvents,
  answer,
  answer,
  answer,
  step("late event", { span: small }),
  step("event without a carrier", { size: Size, route: Route }),
  step("flush", {}),
  step("sampling", { priority: Schema.Literals([-1, 0, 1, 1, 1, 2]), filtered: seldom }),
  step("mode", {
    mode: Schema.Literals([
      "apm-agent",
      "apm-agent",
      "apm-agent",
      "apm-agentless",
      "llmobs-agent-proxy",
      "llmobs-agentless"
    ]),
    carrier: Schema.Literals([true, true, true, true, false]),
    apm: Schema.Literals([true, true, true, true, false])
  }),
  step("way", { way: Schema.Literals(["open", "open", "open", "wait", "give up"]) }),
  step("destination", {
    route: Route,
    to: Schema.Literals(["evp", "evp", "intake", "intake", "relay", "nobody"])
  }),
  step("known", { known: Schema.Literals([true, true, false]) }),
  step("release", {})
] as const

const InMemory = Schema.Union([...usual, step("wait", { millis: Schema.Literals([10, 1_000, 1_000, 50_000]) })])

/** A process that ended is followed by another one. */
const commit = step("commit", {})
const Durable = Schema.Union([
  ...usual,
  ...usual,
  step("wait", { millis: Schema.Literals([10, 1_000]) }),
  commit,
  commit,
  step("window", {}),
  step("crash", {}),
  step("close", {}),
  step("exit", {})
])

export type Drawn = typeof Durable.Type | typeof InMemory.Type

const places = {
  budgetBytes: Schema.Literals([0, 10_000, 10_000, 2_000_000, 2_000_000, 1e9, 1e9, 1e9]),
  outboxBytes: Schema.Literals([0, 6_000, 1e9, 1e9, 1e9])
}

export const Schedule = Schema.Struct({
  steps: Schema.Array(InMemory).check(Schema.isMinLength(60)),
  overflow: Schema.Literals(["dropNewest", "dropOldest", "backpressure"]),
  ...places
})

/** A schedule for an outbox in a file. */
export const DurableSchedule = Schema.Struct({
  steps: Schema.Array(Durable).check(Schema.isMinLength(60)),
  ...places
})

/** Histories of a program, its Agent and its intake, drawn by a generator. What they leave pending must leave by itself. */
import * as Schema from "effect/Schema"

const step = <Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.Struct({ _tag: Schema.Literal(tag), ...fields })

/** The way of an event: by a kept trace, by one that is rejected, by another account, or by a trace that stays open. */
const Way = Schema.Literals(["kept", "kept", "rejected", "account", "open"])

export type Way = typeof Way.Type

// More than the chunks of one slice, and than those of ten.
const count = Schema.Literals([1, 1, 2, 5, 20, 101, 150, 250])

// The largest does not ride, and is packed in slices.
const bytes = Schema.Literals([10, 10, 10, 10, 2_000, 1_200_000])

const emit = step("emit", { way: Way, count, bytes })

/** What the next answers of an endpoint are. A receiver that hangs answers when nobody listens any more. */
const Answer = Schema.Literals([200, 400, 403, 404, 413, 429, 500, 502, 503, "reset", "hang"])

export type Answer = typeof Answer.Type

const Endpoint = Schema.Literals(["traces", "events", "info", "info"])

const agent = step("agent", {
  is: Schema.Literals(["up", "up", "away", "without EVP", "changed", "filtering"])
})

const Step = Schema.Union([
  emit,
  emit,
  emit,
  emit,
  // Events that end while an answer is acted on: one each turn, so that they come between its slices.
  step("emit at an answer", { way: Way, count, of: Endpoint }),
  step("emit at an answer", { way: Way, count, of: Endpoint }),
  step("answers", { of: Endpoint, answers: Schema.Array(Answer).check(Schema.isMaxLength(6)) }),
  step("wait", { millis: Schema.Literals([0, 1, 20, 100, 1_000, 1_000, 6_000, 35_000]) }),
  step("wait", { millis: Schema.Literals([0, 1, 20, 100, 1_000, 1_000, 6_000, 35_000]) }),
  agent,
  agent,
  step("latency", { millis: Schema.Literals([0, 0, 5, 50, 2_000]) }),
  step("tracing", { on: Schema.Literals([true, true, false]) }),
  step("flush", {})
])

export type Step = typeof Step.Type

/** No Agent until all is healthy: chunks that wait for it, and events that end while it is found. */
const late = step("late", {
  held: Schema.Literals([5, 101, 250]),
  meanwhile: Schema.Literals([1, 20, 150]),
  way: Way
})

/** The Agent when the last events end, long after the others, and how long it stays so. */
const ending = step("ending", {
  agent: Schema.Literals(["up", "away", "without EVP"]),
  way: Way,
  count,
  millis: Schema.Literals([0, 1_000, 6_000])
})

export const History = Schema.Struct({
  scene: Schema.Union([late, late, ending, step("none", {})]),
  steps: Schema.Array(Step).check(Schema.isMinLength(6)),
  agentStarts: Schema.Literals(["up", "away", "without EVP"]),
  overflow: Schema.Literals(["dropNewest", "dropOldest", "backpressure"]),
  maxBytes: Schema.Literals([64 * 1024 * 1024, 64 * 1024 * 1024, 5_000_000, 100_000]),
  apm: Schema.Literals(["llm", "llm", "all", "off"]),
  road: Schema.Literals(["agent", "agent", "agent", "agent or direct", "direct", "otlp", "queue", "writers"]),
  flushTimeout: Schema.Literals([1, 60, 1_000, 5_000]),
  flushInterval: Schema.Literals([5, 1_000]),
  rules: Schema.Literals([false, false, true])
})

export type History = typeof History.Type

/**
 * A tee: every event goes to two intakes, such as those of two organisations, or the old and the new one in a migration.
 */
import * as IntakeWriter from "effect-llmobs/IntakeWriter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

type Writer = IntakeWriter.IntakeWriterService

const delivered: IntakeWriter.Outcome = { _tag: "Answer", status: 202, headers: {}, body: "" }

const isDelivered = (outcome: IntakeWriter.Outcome): boolean =>
  outcome._tag === "Answer" && outcome.status >= 200 && outcome.status < 300

/** Remembers which events its intake has, so that those that the other one missed do not come twice. */
const once = (writer: Writer): Writer["send"] => {
  const taken = new WeakSet<IntakeWriter.EncodedEvent>()
  return (events, account) => {
    const missing = events.filter((event) => !taken.has(event))
    if (missing.length === 0) return Effect.succeed(delivered)
    return Effect.tap(writer.send(missing, account), (outcome) =>
      Effect.sync(() => {
        if (isDelivered(outcome)) { for (const event of missing) taken.add(event) }
      }))
  }
}

/** An event counts as delivered when both have it. An event that one of them refuses for good counts as refused. */
const tee = (first: Writer, second: Writer): Writer => {
  const sends = [once(first), once(second)]
  return {
    maxPayloadBytes: Math.min(first.maxPayloadBytes, second.maxPayloadBytes),
    encode: first.encode,
    send: (events, account) =>
      Effect.map(
        Effect.all(sends.map((send) => send(events, account)), { concurrency: 2 }),
        (outcomes) => outcomes.find((outcome) => !isDelivered(outcome)) ?? delivered
      )
  }
}

export const layer = (
  first: IntakeWriter.HttpOptions,
  second: IntakeWriter.HttpOptions
): Layer.Layer<IntakeWriter.IntakeWriter, IntakeWriter.InvalidUrl> =>
  Layer.effect(
    IntakeWriter.IntakeWriter,
    Effect.zipWith(IntakeWriter.makeHttp(first), IntakeWriter.makeHttp(second), tee)
  )

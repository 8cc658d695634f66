/**
 * The spans as the program itself saw them, noted where they run. Only the demonstration needs it: it is the side
 * of the comparison that knows nothing of what was delivered.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"

/** A span that ended. `parentId` is that of the witnessed span around it, `"undefined"` without one. */
export interface Sighting {
  readonly conversation: string
  readonly parentId: string
  readonly traceId: string
  readonly spanId: string
  readonly sources: LLMObs.CurrentSpan["sources"]
}

interface Watch {
  readonly conversation: string
  readonly sightings: Array<Sighting>
  /** The witnessed span around. */
  readonly around: LLMObs.CurrentSpan | undefined
}

const Watching = Context.Reference<Watch | undefined>("examples/support-chat/Watching", {
  defaultValue: () => undefined
})

/** Takes down, in `sightings`, the spans of one conversation. */
export const watch = (conversation: string, sightings: Array<Sighting>) =>
  Effect.provideService(Watching, { conversation, sightings, around: undefined })

/** Takes down the span that runs here, however it ends. */
export const sees = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const watching = yield* Watching
    const span = Option.getOrUndefined(yield* LLMObs.currentSpan)
    if (watching === undefined || span === undefined) return yield* self
    const { around, conversation, sightings } = watching
    return yield* self.pipe(
      Effect.provideService(Watching, { ...watching, around: span }),
      // The sources are asked for at the end, since an annotation may change them.
      Effect.ensuring(Effect.map(
        LLMObs.currentSpan,
        Option.map((ended) => {
          sightings.push({ conversation, parentId: around?.spanId ?? "undefined", ...ended })
        })
      ))
    )
  })

/**
 * Takes down a call of a model, of which the program has only its Effect span. Such a call takes everything from the span
 * around it.
 */
export const call = ({ spanId }: Tracer.Span): Effect.Effect<void> =>
  Effect.map(Watching, (watching) => {
    const around = watching?.around
    if (watching === undefined || around === undefined) return
    const { accountId, mlApp, session, userId } = around.sources
    watching.sightings.push({
      conversation: watching.conversation,
      parentId: around.spanId,
      traceId: around.traceId,
      spanId: BigInt(`0x${spanId}`).toString(),
      sources: {
        session: session && "parent",
        userId: userId && "parent",
        accountId: accountId && "parent",
        mlApp,
        parent: "parent"
      }
    })
  })

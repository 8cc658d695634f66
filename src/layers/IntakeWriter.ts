/**
 * A writer of events of your own: every event that does not ride a trace goes where you send it.
 *
 * **Details**
 *
 * Provide one to `LLMObs.layer`. It takes every offered event whatever the mode, without a key and a site, and those of
 * `LLMObs.withRouting` too: each comes with the name of its account, and one call never mixes accounts. With
 * `apm: "off"` that is every event there is; otherwise events ride their traces as always, and those whose trace is
 * rejected come here.
 *
 * A writer may fail in any way. Its events stay in the books: those of a sending without a usable outcome are sent again,
 * and count as possible duplicates.
 *
 * **Example** (Events kept in memory)
 *
 * ```ts import.meta.vitest
 * import * as IntakeWriter from "effect-llmobs/IntakeWriter"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const kept: Array<string> = []
 * const Writer = IntakeWriter.layer({
 *   write: (events) => Effect.sync(() => kept.push(...events.map((event) => event.json)))
 * })
 * const Live = LLMObs.layer({ mlApp: "shop", apm: "off" }).pipe(Layer.provide(Writer))
 *
 * await Effect.runPromise(Effect.void.pipe(LLMObs.llm("chat"), Effect.provide(Live)))
 * kept.map((json) => JSON.parse(json).spans[0].name) // => ["chat"]
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as IntakeHttpWriter from "../adapters/intake/IntakeHttpWriter.ts"
import * as NodeTransport from "../adapters/node-transport/NodeTransport.ts"
import { libraryVersion } from "../composition/Version.ts"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import * as IntakeBody from "../domain/event/IntakeBody.ts"
import * as Truncation from "../domain/event/Truncation.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { EncodedEvent, IntakeWriterService } from "../ports/IntakeWriter.ts"
import { IntakeWriter } from "../ports/IntakeWriter.ts"
import type { Outcome } from "../ports/Transport.ts"
import { targetOf, Transport } from "../ports/Transport.ts"
import * as Written from "../ports/Written.ts"

export {
  /**
   * @category services
   * @since 0.2.0
   */
  IntakeWriter
}

export type {
  /**
   * @category models
   * @since 0.2.0
   */
  EncodedEvent,
  /**
   * @category models
   * @since 0.2.0
   */
  IntakeWriterService,
  /**
   * @category models
   * @since 0.2.0
   */
  Outcome,
  /**
   * @category models
   * @since 0.2.0
   */
  SpanRecord
}

/**
 * An event to write. It is content.
 *
 * @category models
 * @since 0.2.0
 */
export interface Event {
  /** The event in its envelope, as one element of the list that the intake takes: JSON on one line, without a line end. */
  readonly json: string
  /** The name of the account that it is for; `undefined` for the layer's own. */
  readonly account: string | undefined
}

/**
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * Takes events. Success says that they were taken; success with an {@link Outcome} says what that says; a failure, that
   * they may or may not have been taken: they come again.
   */
  readonly write: (events: ReadonlyArray<Event>) => Effect.Effect<unknown, unknown>
  /** The bytes of the events of one call at most. Default 5 MiB. */
  readonly maxPayloadBytes?: number | undefined
  /** The bytes of one event at most: a larger one is shrunk. Default 5,000,000. */
  readonly maxEventBytes?: number | undefined
}

/**
 * Makes a writer that hands over events as the intake would get them.
 *
 * **When to use**
 *
 * Use it where the events go to a file, a queue, a store. For a form of your own, give an {@link IntakeWriterService} to
 * `Layer.succeed(IntakeWriter.IntakeWriter, …)`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = ({ maxEventBytes, maxPayloadBytes, write }: Options): IntakeWriterService => {
  const utf8 = new TextDecoder()
  return {
    maxPayloadBytes: maxPayloadBytes ?? IntakeBody.maxBytes,
    encode: (record) => ({
      bytes: IntakeBody.encode(record, WireFormat.table["llmobs-intake"], { libraryVersion, maxEventBytes })
    }),
    send: (events, account) =>
      Written.outcome(Effect.suspend(() => write(events.map(({ bytes }) => ({ json: utf8.decode(bytes), account })))))
  }
}

/**
 * @category models
 * @since 0.2.0
 */
export interface HttpOptions {
  /** The origin of the intake, such as `https://llmobs-intake.datadoghq.eu`. */
  readonly url: string
  readonly apiKey: Redacted.Redacted
}

/** How long one request may take. */
const timeoutMillis = 10_000

/**
 * Says that the URL of an intake cannot be used.
 *
 * @category errors
 * @since 0.2.0
 */
export class InvalidUrl extends Error {
  readonly _tag = "InvalidUrl"
}

/**
 * Makes a writer to an LLM intake, by HTTP with a key: the one that a layer without an Agent uses. It sends by the
 * `Transport` of the context, or by one of its own, which is closed with the scope.
 *
 * **When to use**
 *
 * Use it as a part of a writer of your own, such as one that sends to two intakes.
 *
 * **Gotchas**
 *
 * Every event goes to this intake, those of other accounts too: look at `account` if that must not be.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeHttp = (options: HttpOptions): Effect.Effect<IntakeWriterService, InvalidUrl, Scope.Scope> =>
  Effect.gen(function*() {
    const url = AgentUrl.parse(options.url)
    if (url === undefined) {
      return yield* Effect.fail(new InvalidUrl("The URL of an intake is not an http, https or unix URL."))
    }
    const transport = Option.getOrUndefined(yield* Effect.serviceOption(Transport)) ?? (yield* NodeTransport.make())
    return IntakeHttpWriter.make({
      transport,
      route: { _tag: "Intake", target: targetOf(url), apiKey: options.apiKey },
      timeoutMillis,
      libraryVersion,
      maxEventBytes: Truncation.defaultLimit,
      maxPayloadBytes: IntakeBody.maxBytes,
      headers: {},
      // The layer says it once, and drops the event.
      onDefect: (error) => {
        throw error
      }
    })
  })

/**
 * Provide it to `LLMObs.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<IntakeWriter> => Layer.sync(IntakeWriter, () => make(options))

/**
 * A writer of events of your own: events that do not ride a trace go where you send them.
 *
 * **Details**
 *
 * Provide one to `LLMObs.layer`. It takes every offered event in every mode, without a key and a site, and those of
 * `LLMObs.withRouting` too: each has the name of its account, and one call never mixes accounts. With `apm: "off"` it
 * takes every event. Otherwise events ride their traces as always, and it takes those whose trace is rejected.
 *
 * A writer may fail in any way, and its events stay counted: after an unusable outcome they are sent again and count as
 * possible duplicates.
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
   * The writer of events that a layer uses instead of its own.
   *
   * @category services
   * @since 0.2.0
   */
  IntakeWriter
}

export type {
  /**
   * An encoded event, including its envelope. A writer may keep more beside the bytes, because it gets the same object
   * back.
   *
   * @category models
   * @since 0.2.0
   */
  EncodedEvent,
  /**
   * Encodes and sends span events.
   *
   * @category models
   * @since 0.2.0
   */
  IntakeWriterService,
  /**
   * The outcome of a request: an answer, or the failure to get one.
   *
   * @category models
   * @since 0.2.0
   */
  Outcome,
  /**
   * The record of a finished span. Times are in nanoseconds.
   *
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
  /** The event in its envelope, as one element of the intake's list: JSON on one line, without a line end. */
  readonly json: string
  /** The name of its account. `undefined` for the layer's own. */
  readonly account: string | undefined
}

/**
 * The write function of a writer, and its limits.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * Takes events. Success means that they were taken, unless its value is an {@link Outcome}, which is then used. A
   * failure means that they may or may not have been taken, and they are sent again.
   */
  readonly write: (events: ReadonlyArray<Event>) => Effect.Effect<unknown, unknown>
  /** The largest call, in bytes of its events. Default: 5 MiB. */
  readonly maxPayloadBytes?: number | undefined
  /** The largest event in bytes. A larger one is shrunk. Default: 5,000,000. */
  readonly maxEventBytes?: number | undefined
}

/**
 * Makes a writer that receives events in the intake's format.
 *
 * **When to use**
 *
 * Use it to send events to a file, a queue or a store. For another format, give an {@link IntakeWriterService} to
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
 * The address and the key of an intake.
 *
 * @category models
 * @since 0.2.0
 */
export interface HttpOptions {
  /** The origin of the intake, such as `https://llmobs-intake.datadoghq.eu`. */
  readonly url: string
  readonly apiKey: Redacted.Redacted
}

/** The deadline of one request. */
const timeoutMillis = 10_000

/**
 * The URL of an intake cannot be used.
 *
 * @category errors
 * @since 0.2.0
 */
export class InvalidUrl extends Error {
  readonly _tag = "InvalidUrl"
}

/**
 * Makes a writer that sends to an LLM intake by HTTP with a key, like a layer without an Agent. It uses the `Transport`
 * of the context, or one of its own that is closed with the scope.
 *
 * **When to use**
 *
 * Use it as part of a writer of your own, for example to send to two intakes.
 *
 * **Gotchas**
 *
 * Every event goes to this intake, including those of other accounts. Check `account` if that must not happen.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeHttp = (options: HttpOptions): Effect.Effect<IntakeWriterService, InvalidUrl, Scope.Scope> =>
  Effect.gen(function*() {
    const url = AgentUrl.parse(options.url)
    if (url === undefined) {
      return yield* Effect.fail(new InvalidUrl("The URL of the intake is not an http, https or unix URL."))
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
      // The layer logs it once, and drops the event.
      onDefect: (error) => {
        throw error
      }
    })
  })

/**
 * Provides the writer to `LLMObs.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<IntakeWriter> => Layer.sync(IntakeWriter, () => make(options))

/**
 * What the program of a row does: it records spans, serves requests, and stops and starts its Agent.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Http from "node:http"
import * as LLMObs from "../../src/layers/LLMObs.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface World {
  /** A text in the metadata of every event of the row. */
  readonly mark: string
  /** Takes the decimal id of a span that was recorded. */
  readonly offer: (spanId: string) => void
  readonly startAgent: Effect.Effect<void>
  readonly stopAgent: Effect.Effect<void>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Talk {
  /** The input of the model call. */
  readonly input?: string
  /** Fails the model call, and so all spans above it. */
  readonly fails?: boolean
  /** An attribute of each span's APM span. */
  readonly attribute?: readonly [key: string, value: number]
}

const flushes = 10

/**
 * A workflow with a model call and a tool call in it: three events.
 *
 * @category constructors
 * @since 0.1.0
 */
export const converse = (world: World, talk: Talk = {}): Effect.Effect<void> => {
  const metadata = { mark: world.mark }
  const input = talk.input ?? "Where is my parcel?"
  const open = Effect.flatMap(LLMObs.currentSpan, (span) => {
    world.offer(Option.getOrThrow(span).spanId)
    return talk.attribute === undefined ? Effect.void : Effect.annotateCurrentSpan(...talk.attribute)
  })
  const track = open.pipe(LLMObs.tool("track", { input: { id: 7 }, output: "in Lyon", metadata }))
  const chat = open.pipe(
    Effect.andThen(talk.fails === true ? Effect.fail(new Error("overloaded")) : Effect.void),
    LLMObs.llm("chat", {
      model: "gpt-5",
      provider: "openai",
      input,
      output: "In Lyon.",
      metadata: { ...metadata, characters: input.length }
    })
  )
  return open.pipe(
    Effect.andThen(track),
    Effect.andThen(chat),
    LLMObs.workflow("support", { metadata }),
    Effect.ignore
  )
}

/**
 * Runs an effect inside a request that arrives with the given headers, over a socket.
 *
 * @category combinators
 * @since 0.1.0
 */
export const inRequest = (
  headers: { readonly [name: string]: string },
  handler: Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const server = yield* HttpServer.HttpServer
    yield* HttpServer.serveEffect(Effect.as(handler, HttpServerResponse.empty()))
    const response = yield* Effect.promise((signal) =>
      fetch(HttpServer.formatAddress(server.address), { headers, signal })
    )
    if (response.status !== 204) return yield* Effect.die(new Error(`the server answers ${response.status}`))
  }).pipe(
    Effect.scoped,
    Effect.provide(
      NodeHttpServer.layer(() => Http.createServer({ keepAliveTimeout: 0 }), { host: "127.0.0.1", port: 0 })
    ),
    Effect.orDie
  )

/**
 * Flushes until nothing is pending, but not for ever.
 *
 * @category combinators
 * @since 0.1.0
 */
export const flushAll: Effect.Effect<void> = Effect.repeat(LLMObs.flush, {
  until: (report) => report.pending === 0,
  times: flushes
}).pipe(Effect.asVoid)

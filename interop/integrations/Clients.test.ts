import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { metrics as counted } from "../../providers/Wire.ts"
import * as LongestWait from "../../src/domain/delivery/LongestWait.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import * as Observed from "../../test/layers/Observed.ts"
import { isInstalled, missing } from "./Installed.ts"
import type { Speaker } from "./Speakers.ts"
import { speakers, tooOld } from "./Speakers.ts"

interface Way {
  readonly name: string
  readonly layer: Layer.Layer<never>
  readonly wrap: <C extends object>(client: C) => C
}

const ways: ReadonlyArray<Way> = [
  { name: "Clients.wrap", layer: Layer.empty, wrap: Clients.wrap },
  { name: "Clients.layer", layer: Clients.layer, wrap: (client) => client },
  { name: "both", layer: Clients.layer, wrap: Clients.wrap }
]

const localServer = Effect.acquireRelease(
  Effect.promise(() => ProviderServer.start()),
  (server) => Effect.promise(server.close)
)

/** The milliseconds that a client waits for an answer. No other timer is as long. */
const patience = 997

/** Ends the first such wait when the server has the request that it does not answer, and no other one. */
const impatientOnce = (server: ProviderServer.ProviderServer) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const real = globalThis.setTimeout
      let isOver = false
      const set = (callback: (...args: ReadonlyArray<unknown>) => void, millis?: number, ...args: Array<unknown>) => {
        if (millis !== patience) return real(callback, millis, ...args)
        if (isOver) return real(callback, LongestWait.longestWaitMillis, ...args)
        isOver = true
        const look = setInterval(() => {
          if (!server.requests.some(({ text }) => text.includes("[stall]"))) return
          clearInterval(look)
          callback(...args)
        }, 5)
        return look
      }
      globalThis.setTimeout = Object.assign(set, real)
      return real
    }),
    (real) => Effect.sync(() => (globalThis.setTimeout = real))
  )

/** Asks inside a workflow, and gives the llm spans. */
const recorded = ({ layer, wrap }: Way, speaker: Speaker, asks: ReadonlyArray<Parameters<Speaker["ask"]>[1]>) =>
  Effect.gen(function*() {
    const server = yield* localServer
    const client = wrap(yield* Effect.promise(() => speaker.make(server.origin)))
    if (asks.some(({ timeout }) => timeout !== undefined)) yield* impatientOnce(server)
    yield* Effect.forEach(
      asks,
      (ask) => Effect.promise(() => speaker.ask(client as never, ask).catch(() => undefined)),
      { discard: true }
    ).pipe(
      LLMObs.workflow("support", { sessionId: "s-1" })
    )
    const [workflow] = yield* Testing.events({ kind: "workflow" })
    const spans = yield* Testing.events({ kind: "llm" })
    for (const span of spans) {
      assert.deepInclude(span, { name: speaker.event, provider: speaker.provider, sessionId: "s-1" })
      assert.strictEqual(span.parentId, workflow!.spanId)
      assert.strictEqual(span.tags["integration"], speaker.integration)
    }
    return { spans, requests: server.requests }
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.provide(Testing.layer()))

const leaving = { text: "[hang] Hello there", isStream: true, leaves: true }

const lastText = (span: Testing.ObservedSpan): string | undefined => Testing.texts(span.output).at(-1)

for (const speaker of speakers) {
  for (const way of ways) {
    describe(`${speaker.package} ${speaker.version}, ${speaker.event}, by ${way.name}`, () => {
      const test = (name: string, body: Effect.Effect<void>) =>
        it.live(name, (ctx) => {
          if (!isInstalled(speaker.package)) ctx.skip(missing(speaker.package))
          return body
        })

      test(
        "records answers, at once and in streams, with reasoning, tools and all token counts",
        Effect.gen(function*() {
          const { spans } = yield* recorded(way, speaker, [
            { text: "[think] Hi" },
            { text: "[think] Hi", isStream: true },
            { text: "Weather?", hasTool: true },
            { text: "Weather?", hasTool: true, isStream: true }
          ])
          assert.strictEqual(spans.length, 4)
          for (const span of spans) {
            assert.strictEqual(span.status, "ok")
            assert.isUndefined(span.tags["effect.fiber.interrupted"])
            assert.strictEqual(span.model, speaker.model)
            assert.deepInclude(span.metrics, counted)
          }
          for (const span of spans.slice(0, 2)) {
            assert.deepStrictEqual(Testing.texts(span.input), ["[think] Hi"])
            assert.deepStrictEqual(Testing.texts(span.output), ["The user wants an answer.", "You said: Hi"])
          }
          for (const span of spans.slice(2)) {
            const [call] = span.output.messages!.flatMap((message) =>
              (message["tool_calls"] ?? []) as ReadonlyArray<{ readonly name: string; readonly arguments: unknown }>
            )
            assert.deepInclude(call, { name: "weather", arguments: { city: "Oslo" } })
          }
        })
      )

      test(
        "records failures, broken streams and streams that are left",
        Effect.gen(function*() {
          const { requests, spans } = yield* recorded(way, speaker, [
            { text: "[status 400] Hi" },
            { text: "[once 500] Hi" },
            { text: "[cut] Hello there", isStream: true },
            ...(speaker.cancels ? [leaving] : [])
          ])
          const [refused, repeated, cut, left] = spans
          assert.strictEqual(spans.length, speaker.cancels ? 4 : 3)
          assert.strictEqual(requests.length, speaker.retries ? 5 : 3)
          assert.deepStrictEqual([refused!.status, refused!.metadata["status_code"]], ["error", 400])
          assert.include(refused!.error?.message, "The local server failed, as asked.")
          assert.deepStrictEqual(
            [repeated!.status, repeated!.metadata["attempts"], lastText(repeated!)],
            speaker.retries ? ["ok", 2, "You said: Hi"] : ["error", undefined, undefined]
          )
          assert.strictEqual(cut!.status, "error")
          assert.match(lastText(cut!)!, /^You said/)
          if (left === undefined) return
          assert.deepStrictEqual([left.status, left.tags["effect.fiber.interrupted"]], ["ok", "true"])
          assert.match(lastText(left)!, /^You said/)
        })
      )

      test(
        "records a call that is redirected, or times out and is repeated, once",
        Effect.gen(function*() {
          const { requests, spans } = yield* recorded(way, speaker, [
            { text: "[moved 307] Hi" },
            { text: "[moved 308] [once 500] Hi" },
            { text: "[moved 308] Hi", isStream: true },
            { text: "[moved 303] Hi" },
            { text: "[stall] Hi", timeout: patience }
          ])
          const [, , , refused, timed] = spans
          assert.strictEqual(spans.length, 5)
          assert.strictEqual(requests.length, speaker.retries ? 12 : 9)
          for (const span of spans.slice(0, 3)) {
            const isRepeated = Testing.texts(span.input)[0]?.includes("once") === true
            const answer = isRepeated && !speaker.retries ? undefined : "You said: Hi"
            assert.deepStrictEqual([span.metadata["attempts"], lastText(span)], [
              isRepeated && speaker.retries ? 2 : undefined,
              answer
            ])
          }
          assert.deepStrictEqual([refused!.status, refused!.metadata["status_code"]], ["error", 404])
          assert.deepStrictEqual(
            [timed!.status, timed!.metadata["attempts"], lastText(timed!)],
            speaker.retries ? ["ok", 2, "You said: Hi"] : ["ok", undefined, undefined]
          )
        })
      )

      if (!speaker.cancels) {
        test(
          "records a stream that the client keeps after the program has left it, when the layer closes",
          Effect.gen(function*() {
            const agent = yield* Observed.whenClosed(
              Effect.gen(function*() {
                const server = yield* localServer
                const client = way.wrap(yield* Effect.promise(() => speaker.make(server.origin)))
                yield* Effect.promise(() => speaker.ask(client as never, leaving))
              }).pipe(Effect.scoped, Effect.provide(way.layer))
            ).pipe(Effect.orDie)
            const left = Observed.named(agent, speaker.event)
            assert.match(Observed.at(left.event, "meta.output.messages.0.content"), /^You said/)
            assert.strictEqual(left.event["status"], "ok")
          })
        )
      }
    })
  }
}

for (const speaker of tooOld) {
  describe(`${speaker.package} ${speaker.version}`, () => {
    it.live("is returned by Clients.wrap as it is, and works", (ctx) => {
      if (!isInstalled(speaker.package)) ctx.skip(missing(speaker.package))
      return Effect.gen(function*() {
        const server = yield* localServer
        const client = yield* Effect.promise(() => speaker.make(server.origin))
        assert.strictEqual(Clients.wrap(client), client)
        yield* Effect.promise(() => speaker.ask(client as never, { text: "Hi" }))
        assert.strictEqual(server.requests.length, 1)
        assert.deepStrictEqual(yield* Testing.events({ kind: "llm" }), [])
      }).pipe(Effect.scoped, Effect.provide(Testing.layer()))
    })

    // openai 4 has a fetch of its own, over node:http.
    it.live("is recorded by Clients.layer if it uses Node's fetch", (ctx) => {
      if (!isInstalled(speaker.package)) ctx.skip(missing(speaker.package))
      return Effect.gen(function*() {
        const { spans } = yield* recorded(ways[1]!, speaker, [{ text: "Hi" }])
        assert.strictEqual(spans.length, speaker.integration === "google_genai" ? 1 : 0)
      })
    })
  })
}

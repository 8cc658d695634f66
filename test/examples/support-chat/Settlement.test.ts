import { assert, describe, it } from "@effect/vitest"
import * as EffectAi from "effect-llmobs/EffectAi"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as ChatServer from "../../../examples/support-chat/ChatServer.ts"
import * as Conversations from "../../../examples/support-chat/Conversations.ts"
import * as Driver from "../../../examples/support-chat/Driver.ts"
import * as LocalModel from "../../../examples/support-chat/LocalModel.ts"
import * as Settlement from "../../../examples/support-chat/Settlement.ts"
import type { Sighting } from "../../../examples/support-chat/Witness.ts"

type Agent = typeof LLMObs.DevAgent.Service

const converse = Effect.gen(function*() {
  const sightings: Array<Sighting> = []
  const answered: Array<Driver.Answered> = []
  const conversations = Conversations.all.slice(0, 3)
  yield* Effect.gen(function*() {
    const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    yield* Driver.run(url, conversations, answered)
  }).pipe(Effect.provide(
    ChatServer.layer(sightings).pipe(Layer.provide(LocalModel.layer))
  ))
  return { conversations, answered, sightings }
})

// Settles a real run with what `doctor` makes of the Agent; gives the exit code of the process and what was printed.
const settle = Effect.fnUntraced(function*(run: Settlement.Run, doctor: (agent: Agent) => Agent) {
  let output = ""
  const log = (text: unknown): void => {
    output += `${String(text)}\n`
  }
  const exit = yield* Settlement.settle(run, { width: 80, paint: (_, text) => text }).pipe(
    Effect.provideService(LLMObs.DevAgent, doctor(yield* LLMObs.DevAgent)),
    Effect.provideService(Console.Console, { ...globalThis.console, log } as Console.Console),
    Effect.exit
  )
  let code = -1
  Runtime.defaultTeardown(exit, (given) => {
    code = given
  })
  return { code, exit, output }
})

describe("Settlement", () => {
  it.live("ends the process with 0 if the Agent holds every sent event, and otherwise with 1 and the reason", () =>
    Effect.gen(function*() {
      const run = yield* converse
      const honest = yield* settle(run, (agent) => agent)
      assert.strictEqual(honest.code, 0, honest.output)
      assert.match(honest.output, /delivered 15 · rode 10 · rescued 5 · dropped 0 · pending 0\n$/)

      const forgetful = yield* settle(run, (agent) => ({ ...agent, spans: () => agent.spans().slice(1) }))
      assert.strictEqual(forgetful.code, 1, forgetful.output)
      assert.isTrue(Exit.isFailure(forgetful.exit))
      assert.match(forgetful.output, /the Agent holds 0 events, not 1/)
      assert.match(forgetful.output, /delivered 15 · rode 10 · rescued 5 · dropped 0 · pending 0\n$/)

      const confused = yield* settle(run, (agent) => ({
        ...agent,
        spans: () => agent.spans().map((event) => ({ ...event, route: "trace" as const }))
      }))
      assert.strictEqual(confused.code, 1, confused.output)
      assert.match(confused.output, /the route is rode, not rescued/)
    }).pipe(
      Effect.provide(
        EffectAi.layer.pipe(Layer.provideMerge(LLMObs.layerDev({ mlApp: "support-chat", flushTimeout: "1 minute" })))
      )
    ))
})

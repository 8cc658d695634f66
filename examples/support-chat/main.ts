/**
 * Sixty conversations with a support agent, delivered to the embedded Agent by both routes, with the books balanced.
 *
 * Run it with `npm start`; Ctrl-C ends it early and still settles what was begun.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as EffectAi from "effect-llmobs/EffectAi"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { styleText } from "node:util"
import * as ChatServer from "./ChatServer.ts"
import * as Conversations from "./Conversations.ts"
import * as Driver from "./Driver.ts"
import * as LocalModel from "./LocalModel.ts"
import type * as Report from "./Report.ts"
import * as Settlement from "./Settlement.ts"
import type * as Witness from "./Witness.ts"

// Node leaves the colours out where the terminal has none, or NO_COLOR is set.
const terminal: Report.Terminal = {
  width: process.stdout.columns ?? 80,
  paint: (style, text) => styleText(style, text, { stream: process.stdout })
}

const program = Effect.gen(function*() {
  const sightings: Array<Witness.Sighting> = []
  const answered: Array<Driver.Answered> = []
  const run = { conversations: Conversations.all, answered, sightings }

  const converse = Effect.gen(function*() {
    const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    const agent = yield* LLMObs.DevAgent
    yield* Console.log(`${run.conversations.length} conversations with ${url}`)
    yield* Console.log(`The Agent listens at ${agent.url}`)
    yield* Driver.run(url, run.conversations, answered)
  })

  // The server stands while the callers talk. When it is gone, at the end or by Ctrl-C, every span has ended.
  yield* converse.pipe(
    Effect.provide(ChatServer.layer(sightings).pipe(Layer.provide(LocalModel.layer))),
    Effect.onExit(() => Settlement.settle(run, terminal))
  )
})

program.pipe(
  Effect.provide(
    EffectAi.layer.pipe(Layer.provideMerge(
      // One tree is printed at the end, in place of sixty as they finish.
      LLMObs.layerDev({ mlApp: "support-chat", service: "support-chat", env: "example", print: false })
    ))
  ),
  NodeRuntime.runMain
)

/**
 * Serves the chat until Ctrl-C, and says for each span which browser session it belongs to.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as ChatServer from "./ChatServer.ts"

const program = Effect.gen(function*() {
  const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
  const agent = yield* LLMObs.DevAgent
  yield* Console.log(`Open ${url} in a browser. The Agent is at ${agent.url}. Ctrl-C ends.`)
  let shown = 0
  return yield* Effect.forever(Effect.gen(function*() {
    yield* Effect.sleep("1 second")
    const events = agent.events()
    for (const { event, via } of events.slice(shown)) {
      yield* Console.log(`${String(event["name"])} by ${via}: session ${String(event["session_id"] ?? "unknown")}`)
    }
    shown = events.length
  }))
})

program.pipe(
  Effect.provide(ChatServer.layer({ port: 8080 })),
  Effect.provide(LLMObs.layerDev({ mlApp: "rum-chat", service: "rum-chat" })),
  NodeRuntime.runMain
)

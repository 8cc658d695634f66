/**
 * The program of an Agent in a process of its own. It tells its address, and what has arrived whenever it is asked.
 */
import * as Effect from "effect/Effect"
import * as DevAgents from "../src/adapters/devagent/DevAgent.ts"
import type { Report } from "./AgentProcess.ts"

const main = Effect.gen(function*() {
  const agent = yield* DevAgents.make(JSON.parse(process.argv[2]!) as DevAgents.Options)
  const tell = () => {
    const report: Report = {
      url: agent.url,
      ids: agent.events().map((event) => event.spanId),
      requests: agent.requests().filter((request) => request.path !== "/info").length
    }
    process.send!(report)
  }
  process.on("message", tell)
  tell()
  return yield* Effect.never
})

await Effect.runPromise(Effect.scoped(main))

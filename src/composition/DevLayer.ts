/**
 * The layer that delivers to an Agent of its own, which is loaded for it alone.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DevAgents from "../adapters/devagent/DevAgent.ts"
import * as LiveLayer from "./LiveLayer.ts"
import type { Options } from "./Options.ts"

export const make = <I>(
  tag: Context.Key<I, DevAgents.DevAgent>,
  options: Options & { readonly agent?: DevAgents.Options | undefined }
): Layer.Layer<I, DevAgents.DevAgentError> =>
  Layer.unwrap(Effect.map(DevAgents.make(options.agent), (agent) =>
    Layer.merge(
      Layer.succeedContext(Context.make(tag, agent)),
      LiveLayer.make({ ...options, agentUrl: agent.url, agentless: false })
    )))

/**
 * The layer that delivers to an Agent of its own, which is loaded for it alone.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DevAgents from "../adapters/devagent/DevAgent.ts"
import * as LiveLayer from "./LiveLayer.ts"
import type { Options } from "./Options.ts"
import * as TracePrinter from "./TracePrinter.ts"

/** The options of the layer. */
export interface DevOptions extends Options {
  /** The Agent: its port, its bounds, its behaviour. */
  readonly agent?: DevAgents.Options | undefined
  /**
   * Prints each finished trace as a tree: names, models, tokens, times, prompts and answers in one line each, and the road
   * of the events. Default: if standard output is a terminal. Colours follow the terminal and `NO_COLOR`.
   */
  readonly print?: boolean | undefined
}

export const make = <I>(
  tag: Context.Key<I, DevAgents.DevAgent>,
  options: DevOptions
): Layer.Layer<I, DevAgents.DevAgentError> =>
  Layer.unwrap(Effect.gen(function*() {
    const agent = yield* DevAgents.make(options.agent)
    if (TracePrinter.wanted(options.print)) yield* TracePrinter.start(agent)
    return Layer.merge(
      Layer.succeedContext(Context.make(tag, agent)),
      LiveLayer.make({ ...options, agentUrl: agent.url, agentless: false })
    )
  }))

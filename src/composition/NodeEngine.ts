/**
 * The engine behind `effect-llmobs/Node`. Its modules are loaded with it, so that it is there as soon as it is started.
 */
import * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import * as AgentTraceWriter from "../adapters/agent/AgentTraceWriter.ts"
import type { SdkEngine } from "../adapters/llmobs-sdk/LlmObsSdk.ts"
import * as NodeTransport from "../adapters/node-transport/NodeTransport.ts"
import type { Processor } from "../domain/redaction/Redaction.ts"
import { CurrentPlainCaller } from "../engine/context/RunningLayers.ts"
import { Control } from "../ports/Control.ts"
import { Diagnostics } from "../ports/Diagnostics.ts"
import * as ConfigLayer from "./ConfigLayer.ts"
import * as Connections from "./Connections.ts"
import * as Engine from "./Engine.ts"
import type { Options } from "./Options.ts"
import * as Writers from "./Writers.ts"

Connections.nodeTransport.give(NodeTransport)
Writers.agentTraces.give(AgentTraceWriter)

export interface NodeEngine extends SdkEngine {
  /** Starts the engine. A second call changes nothing until it is closed. */
  readonly start: (options: Options, layer: Layer.Layer<never, unknown> | undefined) => void
  readonly ready: () => Promise<void>
  readonly close: () => Promise<void>
}

export const make = (): NodeEngine => {
  let registered: Processor | undefined
  // The rules of the running engine. A closing engine keeps its own: it still ends open spans.
  let rules: Array<Processor> | undefined
  let engine: Engine.Engine | undefined
  let recording = true
  const service = <A>(key: Context.Reference<A>): A | undefined => {
    const context = engine?.context()
    return context === undefined ? undefined : Context.get(context, key)
  }
  const warnOfLayer = (): void => {
    if (registered !== undefined && rules === undefined) engine?.warn(layerHasRules)
  }
  return {
    setProcessor: (rule) => {
      const at = registered === undefined ? -1 : rules?.indexOf(registered) ?? -1
      if (at >= 0) rules?.splice(at, 1)
      registered = rule
      if (rule !== undefined) rules?.push(rule)
      warnOfLayer()
    },
    start: (options, layer) => {
      if (engine !== undefined) return
      const given = options.processors ?? []
      // With an unusable option, the settings report it and no content leaves the process.
      const processors = Array.isArray(given)
        ? rules = [...given, ...registered === undefined ? [] : [registered]]
        : given
      engine = Engine.start({ layer: layer ?? ConfigLayer.make({ ...options, processors }) })
      if (layer !== undefined) rules = undefined
      warnOfLayer()
    },
    caller: () => recording ? service(CurrentPlainCaller) : undefined,
    setRecording: (on) => {
      recording = on
      service(Control)?.setRecording(on)
    },
    warnOnce: (key, line) => {
      const context = engine?.context()
      if (context !== undefined) Context.getOrUndefined(context, Diagnostics)?.warnOnce(key, line)
    },
    flush: () => engine === undefined ? Promise.resolve(Engine.nothing) : engine.flush(),
    ready: async () => {
      await engine?.ready
    },
    close: async () => {
      const closing = engine
      engine = undefined
      rules = undefined
      await closing?.close()
    }
  }
}

const layerHasRules =
  "registerProcessor changes nothing, because init got a layer or unusable processors. Give the rule to that layer. See docs/redaction.md."

/**
 * Runs decorated functions, by the methods for plain JavaScript: a function with the parameters, the style and the body
 * that a step describes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { LlmObsSdk } from "../src/adapters/llmobs-sdk/LlmObsSdk.ts"
import * as NodeEngine from "../src/composition/NodeEngine.ts"
import type { SdkAnnotation } from "../src/domain/sdk/SdkAnnotation.ts"
import type { SpanKind } from "../src/domain/span/SpanKind.ts"
import type { PlainCaller } from "../src/engine/context/RunningLayers.ts"
import { CurrentPlainCaller } from "../src/engine/context/RunningLayers.ts"
import type { Placeholders } from "./Placeholders.ts"
import type { Json, JsonObject, Step } from "./Scenario.ts"
import * as SpecialValue from "./SpecialValue.ts"

type Body = () => void

interface Scene {
  readonly caller: PlainCaller
  readonly llmobs: LlmObsSdk
  readonly placeholders: Placeholders
}

/** Runs a step, and those inside it. */
export const run = (placeholders: Placeholders, step: Step): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const caller = Context.get(context, CurrentPlainCaller)
    if (caller === undefined) return Effect.die(new Error("the layer has no plain JavaScript"))
    const llmobs = new LlmObsSdk({ ...NodeEngine.make(), caller: () => caller })
    return Effect.promise(() => call({ caller, llmobs, placeholders }, step))
  })

// Functions with parameters by these names, in each style.
const styles: { readonly [style: string]: (head: string, tail: string) => string } = {
  sync: (head, tail) => `function ${head} { body(); ${tail} }`,
  async: (head, tail) => `async function ${head} { await null; body(); ${tail} }`,
  generator: (head) => `function* ${head} { body(); yield* yields }`,
  async_generator: (head) => `async function* ${head} { await null; body(); yield* yields }`
}

const functionOf = (step: Step, body: Body): (...args: ReadonlyArray<unknown>) => unknown => {
  const head = `${String(step["function"])}(${(step["params"] as ReadonlyArray<string>).join(", ")})`
  const source = styles[String(step["style"] ?? "sync")]!(head, "return returns")
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  return new Function("body", "returns", "yields", `return ${source}`)(body, step["returns"], step["yields"])
}

const call = async (scene: Scene, step: Step): Promise<void> => {
  const result = wrapped(scene, step)(...argumentsOf(step))
  if (typeof result !== "object" || result === null) return
  if (Symbol.asyncIterator in result) { for await (const _ of result as AsyncIterable<unknown>) { /* to its end */ } }
  else if (Symbol.iterator in result && !Array.isArray(result)) {
    for (const _ of result as Iterable<unknown>) {
      /* same */
    }
  } else await (result as PromiseLike<unknown>)
}

const wrapped = (scene: Scene, step: Step): (...args: ReadonlyArray<unknown>) => unknown => {
  const { llmobs } = scene
  const options = step["options"] as JsonObject | undefined
  return llmobs.wrap(
    { kind: step.kind as SpanKind, captureIO: options?.["_automatic_io_annotation"] !== false },
    functionOf(step, () => {
      mark(scene)
      for (const args of step.annotations ?? []) llmobs.annotate(annotation(args))
      for (const child of step.children ?? []) wrapped(scene, child)(...argumentsOf(child))
    })
  )
}

// The ids of the running span, under the names of the captures.
const mark = ({ caller, llmobs, placeholders }: Scene): void => {
  const apm = Context.getOrUndefined(caller.current().context, Tracer.ParentSpan)
  if (apm !== undefined) placeholders.start(apm.spanId, apm.traceId)
  const exported = llmobs.exportSpan()
  if (exported !== undefined) placeholders.llmTrace(exported.traceId)
}

// A call in JavaScript has no names: keyword arguments take their places.
const argumentsOf = (step: Step): ReadonlyArray<unknown> => {
  const positional = (step["args"] ?? []) as ReadonlyArray<Json>
  const named = (step["kwargs"] ?? {}) as JsonObject
  const args: Array<unknown> = positional.map((value) => SpecialValue.decode(value))
  for (const parameter of (step["params"] as ReadonlyArray<string>).slice(args.length)) {
    const name = parameter.split("=")[0]!
    if (!Object.hasOwn(named, name)) break
    args.push(SpecialValue.decode(named[name]))
  }
  return args
}

const annotation = (args: JsonObject): SdkAnnotation => ({
  inputData: SpecialValue.decode(args["input_data"]),
  outputData: SpecialValue.decode(args["output_data"])
})

/** A program with Effect that makes planned spans; its spans are ours, or those of `Effect.withSpan`. */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { Running } from "../Library.ts"
import type { PlannedSpan } from "../PlannedSpan.ts"
import { model, tags, usage } from "../PlannedSpan.ts"
import * as Steps from "../Steps.ts"

type Make = (plan: PlannedSpan) => Effect.Effect<void>

const inside = (plan: PlannedSpan, one: Make): Effect.Effect<void> | undefined => {
  const children = plan.children.length === 0 ? undefined : each(plan.children, one)
  const work = plan.work === undefined ? undefined : Effect.promise(plan.work)
  return work === undefined ? children : children === undefined ? work : Effect.andThen(work, children)
}

const each = (plans: ReadonlyArray<PlannedSpan>, one: Make): Effect.Effect<void> =>
  Effect.forEach(
    plans,
    (plan) => plan.after === undefined ? one(plan) : Effect.andThen(one(plan), Effect.promise(plan.after)),
    { discard: true }
  )

const oneByOne = (plan: PlannedSpan): Effect.Effect<void> => {
  let more: Effect.Effect<void> = Effect.void
  for (let i = 0; i < plan.annotations; i++) {
    more = Effect.andThen(more, LLMObs.annotateCurrentSpan({ metadata: { [`step_${i}`]: i } }))
  }
  return more
}

const functions = { agent: LLMObs.agent, workflow: LLMObs.workflow, task: LLMObs.task, tool: LLMObs.tool } as const

/** A span of ours: its options where it begins, and two annotations, as an answer comes in. */
export const recorded: Make = (plan) => {
  const { attributes, input, kind, name, output, sessionId } = plan
  const body = Effect.suspend(() => {
    const begin = LLMObs.annotateCurrentSpan({
      input: kind === "llm" ? [{ role: "user", content: input }] : input,
      metadata: attributes
    })
    const end = LLMObs.annotateCurrentSpan(
      kind === "llm" ? { output: [{ role: "assistant", content: output }], metrics: usage } : { output }
    )
    const within = inside(plan, recorded)
    const begun = within === undefined ? begin : Effect.andThen(begin, within)
    return Effect.andThen(plan.annotations === 0 ? begun : Effect.andThen(begun, oneByOne(plan)), end)
  })
  return body.pipe(
    kind === "llm"
      ? LLMObs.llm(name, { model: model.name, provider: model.provider, sessionId, tags })
      : functions[kind](name, { sessionId, tags })
  )
}

/** The same steps without content, inside a span of Effect. */
export const plain: Make = (plan) =>
  Effect.withSpan(Effect.suspend(() => inside(plan, plain) ?? Effect.void), plan.name)

/** How the spans run: one after the other in one fiber, in a fiber each, or by a synchronous run each. */
export type Way = "one fiber" | "a fiber a span" | "runSync"

/** Starts the program. */
export const start = async (options: {
  readonly layer: Layer.Layer<never>
  readonly make: Make
  readonly way?: Way | undefined
}): Promise<Running> => {
  const { layer, make, way = "one fiber" } = options
  const runtime = ManagedRuntime.make(layer)
  const context = await runtime.context()
  const fork = Effect.runForkWith(context)
  const sync = Effect.runSyncWith(context)
  const promise = Effect.runPromiseWith(context)
  const awaited = (plan: PlannedSpan): Promise<void> =>
    new Promise((resolve) => void fork(make(plan)).addObserver(() => resolve()))
  return {
    run: (plans) => {
      if (way === "one fiber") return promise(each(plans, make))
      // Spans that have nothing to wait for are over when the fork returns, or soon after.
      if (way === "a fiber a span") return Promise.all(plans.map(awaited)).then(() => undefined)
      return Steps.each(plans, (plan) => sync(make(plan)))
    },
    runTogether: (plans) => promise(Effect.forEach(plans, make, { concurrency: "unbounded", discard: true })),
    flush: () => promise(Effect.asVoid(LLMObs.flush)),
    close: () => runtime.dispose()
  }
}

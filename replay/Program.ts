/**
 * Runs the program of a scenario through the public API.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Problem } from "../src/domain/Problem.ts"
import * as Decorated from "./Decorated.ts"
import type { Placeholders } from "./Placeholders.ts"
import type { Json, JsonObject, Step } from "./Scenario.ts"
import * as SpecialValue from "./SpecialValue.ts"

/** A problem that an API call reported. */
export interface Reported {
  readonly process: number
  readonly at: string
  readonly code: string
  readonly message: string
}

/** The results of a run. */
export interface Run {
  readonly placeholders: Placeholders
  readonly errors: Array<Reported>
  readonly exports: Map<string, unknown>
  readonly headers: Map<string, { readonly [name: string]: string }>
  process: number
  /** Where the problems that are reported now come from. */
  at: string | undefined
}

/** A step that the library has no call for. */
class Unsupported extends Error {}

export const onProblem = (run: Run) => (problem: Problem): void => {
  if (run.at === undefined) return
  run.errors.push({ process: run.process, at: run.at, code: problem.code, message: problem.message })
}

const argumentNames: { readonly [name: string]: keyof LLMObs.AnnotationInput } = {
  input_data: "input",
  output_data: "output",
  metadata: "metadata",
  metrics: "metrics",
  tags: "tags",
  cost_tags: "costTags",
  tool_definitions: "toolDefinitions",
  prompt: "prompt",
  _linked_spans: "spanLinks",
  name: "name"
}

// The absence of an argument is `None` there and `undefined` here. An agent has a version and a name. A metric is a
// number in every JavaScript program, however large.
const annotation = (run: Run, { agent, ...args }: JsonObject): LLMObs.AnnotationInput => ({
  ...Object.fromEntries(
    Object.entries(args).filter(([, value]) => value !== null).map(([name, value]) => {
      const decoded = SpecialValue.decode(value, run.exports)
      return [argumentNames[name]!, name === "metrics" ? numbers(decoded) : decoded]
    })
  ),
  ...(agent === undefined || agent === null ? undefined : {
    agentVersion: (agent as JsonObject)["version"] as string | undefined,
    agentName: (agent as JsonObject)["name"] as string | undefined
  })
})

const numbers = (metrics: unknown): unknown =>
  typeof metrics !== "object" || metrics === null || Array.isArray(metrics)
    ? metrics
    : Object.fromEntries(
      Object.entries(metrics).map(([key, value]) => [key, typeof value === "bigint" ? Number(value) : value])
    )

const annotate = (run: Run, at: string, args: JsonObject): Effect.Effect<void> =>
  Effect.suspend(() => {
    run.at = at
    return Effect.ensuring(
      LLMObs.annotateCurrentSpan(annotation(run, args)),
      Effect.sync(() => {
        run.at = undefined
      })
    )
  })

const text = (step: Step, key: string): string | undefined => step[key] as string | undefined

const spanOptions = (step: Step): LLMObs.SpanOptions => ({
  sessionId: text(step, "session_id"),
  mlApp: text(step, "ml_app"),
  agentService: text(step, "agent_service"),
  model: text(step, "model_name"),
  provider: text(step, "model_provider"),
  agentVersion: text(step, "version"),
  experiment: step["experiment_id"] === undefined ? undefined : {
    id: text(step, "experiment_id")!,
    name: text(step, "experiment_name"),
    runId: text(step, "run_id"),
    runIteration: step["run_iteration"] as number | undefined,
    datasetName: text(step, "dataset_name"),
    datasetId: text(step, "dataset_id"),
    projectName: text(step, "project_name"),
    projectId: text(step, "project_id")
  }
})

const { agent, embedding, experiment, llm, retrieval, task, tool, workflow } = LLMObs

const functions = { agent, embedding, experiment, llm, retrieval, task, tool, workflow }

const errorOf = (error: NonNullable<Step["error"]>): Error => {
  const raised = new Error(error.message ?? "")
  raised.name = error.type
  return raised
}

/** Runs steps one after the other. */
export const steps = (run: Run, list: ReadonlyArray<Step>): Effect.Effect<void, Error> =>
  Effect.forEach(list, (step) => one(run, step), { discard: true })

/** The same, with what is reported from here on no longer the enabling call's. */
export const started = (run: Run, program: Effect.Effect<void, Error>): Effect.Effect<void, Error> =>
  Effect.suspend(() => {
    run.at = undefined
    return program
  })

const children = (run: Run, step: Step): Effect.Effect<void, Error> => steps(run, step.children ?? [])

const one = (run: Run, step: Step): Effect.Effect<void, Error> => {
  switch (step.op ?? "span") {
    case "span":
      return span(run, step)
    case "annotation_context":
      return Effect.suspend(() => {
        const { children: inner, op: _op, ...args } = step
        return LLMObs.annotateSpans(annotation(run, args as JsonObject))(steps(run, inner ?? []))
      })
    case "baggage":
      return LLMObs.withBaggage(step["items"] as { readonly [key: string]: string })(children(run, step))
    case "decorated":
      return Decorated.run(run.placeholders, step)
    case "set_tracer_enabled":
      return LLMObs.setTracing(step["value"] === true)
    case "disable":
      return LLMObs.setRecording(false)
    case "annotate":
      return annotate(run, "annotate", step["args"] as JsonObject)
    case "export":
      return exportSpan(run, text(step, "label")!)
    case "inject_active":
      return inject(run, text(step, "label")!)
    case "async_tasks":
    case "thread_pool":
      return Effect.forEach(
        step.branches ?? [],
        (branch) => Effect.flatMap(Effect.forkChild(steps(run, branch)), Fiber.join),
        { discard: true }
      )
    case "flush":
    case "flush_apm":
      return Effect.asVoid(LLMObs.flush)
    case "repeat":
      return Effect.forEach(
        Array.from({ length: step["times"] as number }),
        () => children(run, step),
        { discard: true }
      )
    default:
      return Effect.die(new Unsupported(`the step ${step.op}`))
  }
}

const exportSpan = (run: Run, label: string): Effect.Effect<void> =>
  Effect.map(LLMObs.currentSpan, (found) => {
    if (Option.isSome(found)) {
      run.exports.set(label, { span_id: found.value.spanId, trace_id: found.value.traceId })
    }
  })

const inject = (run: Run, label: string): Effect.Effect<void> =>
  Effect.map(LLMObs.inject, (headers) => {
    run.headers.set(label, headers)
  })

const span = (run: Run, step: Step): Effect.Effect<void, Error> =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<void>()
    const kind = step.kind as keyof typeof functions
    const name = step.name ?? kind
    const items = step["baggage"] as { readonly [key: string]: string } | undefined
    const body = items === undefined ? inside(run, step, ended) : LLMObs.withBaggage(items)(inside(run, step, ended))
    const recorded = step.sdk === "tracer"
      ? Effect.withSpan(body, name, { attributes: apmAttributes(step) })
      : functions[kind](name, spanOptions(step))(body)
    const late = yield* Effect.exit(recorded)
    yield* Deferred.succeed(ended, undefined)
    if (late._tag === "Success") {
      if (late.value !== undefined) yield* Fiber.join(late.value)
    } else if (step.error?.propagate === true || (step.error === undefined && step.catch_error !== true)) {
      yield* late
    }
  })

const apmAttributes = (step: Step): Record<string, unknown> => ({
  ...(step["service"] === undefined ? undefined : { "service.name": step["service"] }),
  ...(step["resource"] === undefined ? undefined : { "resource.name": step["resource"] })
})

const inside = (
  run: Run,
  step: Step,
  ended: Deferred.Deferred<void>
): Effect.Effect<Fiber.Fiber<void> | undefined, Error> =>
  Effect.gen(function*() {
    const apm = yield* Effect.orDie(Effect.currentSpan)
    const id = run.placeholders.start(apm.spanId, apm.traceId)
    const open = yield* LLMObs.currentSpan
    if (Option.isSome(open)) run.placeholders.llmTrace(open.value.traceId)
    for (const [key, value] of Object.entries(step["set_tags"] ?? {})) yield* Effect.annotateCurrentSpan(key, value)
    const sampling = step["sampling"] as { readonly manual?: string; readonly priority?: number } | undefined
    if (sampling !== undefined) {
      const keep = sampling.manual === undefined ? sampling.priority! > 0 : sampling.manual === "keep"
      yield* Effect.annotateCurrentSpan(keep ? "manual.keep" : "manual.drop", true)
    }
    for (const [i, args] of (step.annotations ?? []).entries()) yield* annotate(run, `annotate#${i}@${id}`, args)
    const extra = step["experiment_extra"] as { readonly [key: string]: Json } | undefined
    if (extra !== undefined) {
      yield* LLMObs.annotateCurrentSpan({
        expectedOutput: SpecialValue.decode(extra["expected_output"]),
        config: SpecialValue.decode(extra["config"]) as { readonly [key: string]: unknown } | undefined
      })
    }
    if (step["export"] !== undefined) yield* exportSpan(run, text(step, "export")!)
    if (step["inject"] !== undefined) yield* inject(run, text(step, "inject")!)
    yield* children(run, step)
    if (step["inject_after_children"] !== undefined) yield* inject(run, text(step, "inject_after_children")!)
    const late = step.annotations_after_finish === undefined && step["export_after_finish"] === undefined
      ? undefined
      : yield* Effect.forkDetach(afterFinish(run, step, id, ended))
    if (step.mark_error !== undefined) {
      for (const [key, value] of Object.entries({ ...step.mark_error, error: true })) {
        yield* Effect.annotateCurrentSpan(key, value)
      }
    }
    if (step.error !== undefined) return yield* Effect.fail(errorOf(step.error))
    return late
  })

// A fiber that was started inside the span and goes on after its end.
const afterFinish = (run: Run, step: Step, id: string, ended: Deferred.Deferred<void>): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* Deferred.await(ended)
    for (const [i, args] of (step.annotations_after_finish ?? []).entries()) {
      yield* annotate(run, `annotate_after_finish#${i}@${id}`, args)
    }
    if (step["export_after_finish"] !== undefined) yield* exportSpan(run, text(step, "export_after_finish")!)
  })

/**
 * A tree of spans, as a trace command describes it: read as a whole first, then played by nested calls of the SDK.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as LLMObs from "../src/layers/LLMObs.ts"
import * as Body from "./Body.ts"
import type { Problems } from "./Sdk.ts"

const spanFunctions = {
  llm: LLMObs.llm,
  agent: LLMObs.agent,
  workflow: LLMObs.workflow,
  task: LLMObs.task,
  tool: LLMObs.tool,
  embedding: LLMObs.embedding,
  retrieval: LLMObs.retrieval
} as const

const kinds = Object.keys(spanFunctions) as ReadonlyArray<keyof typeof spanFunctions>

type Part = LLMObs.AnnotationInput

interface SpanNode {
  readonly _tag: "Span"
  /** Opens the span around an effect. */
  readonly open: <A, E>(self: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly isLlm: boolean
  readonly annotations: ReadonlyArray<{ readonly input: Part; readonly explicit: boolean }>
  readonly annotateAfter: boolean
  readonly exports: "explicit" | "implicit" | undefined
  readonly children: ReadonlyArray<Node>
}

interface RegionNode {
  readonly _tag: "Region"
  readonly input: Part
  readonly children: ReadonlyArray<Node>
}

export type Node = SpanNode | RegionNode

/** Tells what is wrong with a node, by throwing `Malformed`. */
export const parse = (value: unknown): Node => {
  if (!Body.isObject(value)) throw new Body.Malformed({ message: "A node is not an object." })
  const children = (Body.list(value, "children") ?? []).map(parse)
  if (Body.oneOf(value, "type", ["span", "annotation_context"]) === "annotation_context") {
    return { _tag: "Region", input: parseRegion(value), children }
  }
  const isLlm = (Body.oneOf(value, "sdk", ["llmobs", "tracer"]) ?? "llmobs") === "llmobs"
  return {
    _tag: "Span",
    open: isLlm ? llmSpan(value) : Effect.withSpan(Body.text(value, "name") ?? "span"),
    isLlm,
    annotations: (Body.list(value, "annotations") ?? []).map((annotation) => {
      if (!Body.isObject(annotation)) throw new Body.Malformed({ message: "An annotation is not an object." })
      return { input: parseAnnotation(annotation), explicit: Body.flag(annotation, "explicit_span") ?? false }
    }),
    annotateAfter: Body.flag(value, "annotate_after") ?? false,
    exports: Body.oneOf(value, "export_span", ["explicit", "implicit"]),
    children
  }
}

const llmSpan = (node: Body.Body): SpanNode["open"] => {
  const kind = Body.required(Body.oneOf(node, "kind", kinds), "kind")
  const said = (key: string) => Body.text(node, key) || undefined
  // A span function wants a name; the SDK's default name is the kind.
  return spanFunctions[kind](Body.text(node, "name") ?? kind, {
    sessionId: said("session_id"),
    mlApp: said("ml_app"),
    model: said("model_name"),
    provider: said("model_provider")
  })
}

// Everything is handed over as it came: to judge it is the SDK's business.
const parseAnnotation = (node: Body.Body): Part => {
  const prompt = node["prompt"] ?? undefined
  return {
    input: node["input_data"] ?? undefined,
    output: node["output_data"] ?? undefined,
    metadata: (node["metadata"] ?? undefined) as Part["metadata"],
    metrics: (node["metrics"] ?? undefined) as Part["metrics"],
    tags: (node["tags"] ?? undefined) as Part["tags"],
    costTags: (node["cost_tags"] ?? undefined) as Part["costTags"],
    prompt: (Body.isObject(prompt) ? toPrompt(prompt) : prompt) as Part["prompt"]
  }
}

const parseRegion = (node: Body.Body): Part => {
  const tags = Body.object(node, "tags")
  const prompt = Body.object(node, "prompt")
  return {
    name: Body.text(node, "name") || undefined,
    tags: tags !== undefined && Object.keys(tags).length > 0 ? tags : undefined,
    costTags: Body.list(node, "cost_tags") as Part["costTags"],
    prompt: prompt !== undefined && Object.keys(prompt).length > 0 ? toPrompt(prompt) as Part["prompt"] : undefined
  }
}

const promptKeys: ReadonlyMap<string, keyof NonNullable<Part["prompt"]>> = new Map([
  ["id", "id"],
  ["version", "version"],
  ["template", "template"],
  ["chat_template", "chatTemplate"],
  ["variables", "variables"],
  ["tags", "tags"],
  ["rag_query_variables", "queryVariables"],
  ["rag_context_variables", "contextVariables"]
])

const toPrompt = (prompt: Body.Body): unknown =>
  Object.fromEntries(
    Array.from(promptKeys).flatMap(([key, name]) => Object.hasOwn(prompt, key) ? [[name, prompt[key]]] : [])
  )

type Exported = { readonly [key: string]: unknown }

const exportSpan = (node: SpanNode): Effect.Effect<Exported, Body.Raised> =>
  Effect.flatMap(LLMObs.currentSpan, (current) =>
    Option.isNone(current) || (!node.isLlm && node.exports === "explicit")
      ? new Body.Raised({ message: "Only spans of LLM Observability can be exported." })
      : Effect.succeed({ traceId: current.value.traceId, spanId: current.value.spanId }))

// Other SDKs throw for these problems. Here the program continues with the good parts, and `onProblem` receives them.
const raising: ReadonlySet<string> = new Set([
  "invalid_span_no_active_spans",
  "invalid_finished_span",
  "invalid_metadata",
  "invalid_metrics",
  "invalid_tags",
  "invalid_prompt",
  "invalid_io_messages",
  "unknown_shape",
  "invalid_embedding_io",
  "invalid_retrieval_io"
])

const annotate = (node: SpanNode, problems: Problems, isExplicit: boolean): Effect.Effect<void, Body.Raised> =>
  Effect.forEach(node.annotations, ({ explicit, input }) =>
    Effect.gen(function*() {
      if (!node.isLlm && (explicit || isExplicit)) {
        return yield* new Body.Raised({ message: "Only spans of LLM Observability can be annotated." })
      }
      const said = yield* problems.during(LLMObs.annotateCurrentSpan(input))
      const raised = said.find((problem) => raising.has(problem.code))
      if (raised !== undefined) return yield* new Body.Raised({ message: `${raised.code}: ${raised.message}` })
    }), { discard: true })

/** Builds what a node describes, and gives the span context that was exported, if one was. */
export const play = (node: Node, problems: Problems): Effect.Effect<Exported | undefined, Body.Raised> =>
  node._tag === "Region" ? playRegion(node, problems) : playSpan(node, problems)

const playRegion = (node: RegionNode, problems: Problems): Effect.Effect<Exported | undefined, Body.Raised> =>
  Effect.map(
    Effect.forEach(node.children, (child) => play(child, problems)),
    (results) => results.find((result) => result !== undefined)
  ).pipe(LLMObs.annotateSpans(node.input))

const playSpan = (node: SpanNode, problems: Problems): Effect.Effect<Exported | undefined, Body.Raised> =>
  Effect.gen(function*() {
    let inside: Context.Context<never> | undefined
    const exported = yield* Effect.gen(function*() {
      inside = yield* Effect.context<never>()
      if (!node.annotateAfter) yield* annotate(node, problems, false)
      const result = node.exports === undefined ? undefined : yield* exportSpan(node)
      yield* Effect.forEach(node.children, (child) => play(child, problems), { discard: true })
      return result
    }).pipe(node.open)
    // In the context that the span left behind, the span is still the one that is named.
    if (node.annotateAfter) yield* annotate(node, problems, true).pipe(Effect.provideContext(inside!))
    return exported
  })

/**
 * Spans by the conventions of OpenInference.
 *
 * @since 0.2.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Tools from "../provider/Tools.ts"
import type { AnnotationInput } from "../span/Annotation.ts"
import type { SpanKind } from "../span/SpanKind.ts"
import * as AttributeReader from "./AttributeReader.ts"
import * as GenAiUsage from "./GenAiUsage.ts"
import * as IndexedAttributes from "./IndexedAttributes.ts"
import type { Attributes, OtelSpan } from "./OtelSpan.ts"
import type { SpanReading } from "./SpanReading.ts"

const kinds: { readonly [kind: string]: SpanKind } = {
  LLM: "llm",
  EMBEDDING: "embedding",
  TOOL: "tool",
  AGENT: "agent",
  CHAIN: "workflow",
  RETRIEVER: "retrieval",
  RERANKER: "retrieval",
  GUARDRAIL: "task",
  EVALUATOR: "task",
  PROMPT: "task",
  UNKNOWN: "workflow"
}

const kindKey = "openinference.span.kind"

/**
 * Whether the conventions know a span.
 *
 * @category guards
 * @since 0.2.0
 */
export const matches = ({ attributes }: OtelSpan): boolean => AttributeReader.text(attributes, kindKey) !== undefined

/**
 * Reads a span. `undefined` if the conventions do not know it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = ({ attributes }: OtelSpan): SpanReading | undefined => {
  const given = AttributeReader.text(attributes, kindKey)?.toUpperCase()
  if (given === undefined) return undefined
  const kind = Object.hasOwn(kinds, given) ? kinds[given]! : "workflow"
  return {
    kind,
    sessionId: AttributeReader.text(attributes, "session.id"),
    userId: AttributeReader.text(attributes, "user.id"),
    metadata: metadata(attributes),
    ...sides(kind, attributes),
    ...kind === "llm" || kind === "embedding" ? model(attributes) : undefined
  }
}

const model = (attributes: Attributes): Partial<SpanReading> => ({
  model: AttributeReader.text(attributes, "llm.model_name", "embedding.model_name"),
  provider: AttributeReader.text(attributes, "llm.provider", "llm.system"),
  metrics: GenAiUsage.read(attributes)
})

const sides = (kind: SpanKind, attributes: Attributes): Partial<SpanReading> => {
  const input = AttributeReader.value(attributes, "input.value") as AnnotationInput["input"]
  const output = AttributeReader.value(attributes, "output.value") as AnnotationInput["output"]
  switch (kind) {
    case "llm":
      return {
        input: IndexedAttributes.messages(attributes, "llm.input_messages") ??
          AttributeReader.list(attributes, "llm.prompts") ?? AttributeReader.parsed(input) as typeof input,
        output: IndexedAttributes.messages(attributes, "llm.output_messages") ??
          AttributeReader.parsed(output) as typeof output,
        toolDefinitions: definitions(attributes),
        prompt: prompt(attributes)
      }
    case "embedding":
      return {
        input: IndexedAttributes.list(attributes, "embedding.embeddings")?.map(({ text }) => ({ text: text ?? "" })) ??
          input
      }
    case "retrieval":
      return {
        input: AttributeReader.text(attributes, "reranker.query") ?? input,
        output: IndexedAttributes.list(attributes, "reranker.output_documents") ??
          IndexedAttributes.list(attributes, "retrieval.documents") ?? AttributeReader.parsed(output) as typeof output
      }
    case "tool":
      return {
        name: AttributeReader.text(attributes, "tool.name"),
        input: AttributeReader.value(attributes, "tool.parameters", "input.value") as typeof input,
        output
      }
    default:
      return {
        input,
        output,
        ...kind === "agent"
          ? {
            name: AttributeReader.text(attributes, "agent.name"),
            agentName: AttributeReader.text(attributes, "agent.name")
          }
          : undefined
      }
  }
}

const definitions = (attributes: Attributes): SpanReading["toolDefinitions"] => {
  const tools = IndexedAttributes.list(attributes, "llm.tools")
  if (tools === undefined) return undefined
  const schemas = tools.map((tool) => AttributeReader.json(tool, "json_schema") ?? tool)
  return Tools.read(JsonSnapshot.take(schemas).value)
}

const prompt = (attributes: Attributes): SpanReading["prompt"] => {
  const template = AttributeReader.text(attributes, "llm.prompt_template.template")
  const id = AttributeReader.text(attributes, "prompt.id")
  if (template === undefined && id === undefined) return undefined
  return {
    id,
    template,
    version: AttributeReader.text(attributes, "llm.prompt_template.version"),
    variables: AttributeReader.object(attributes, "llm.prompt_template.variables")
  }
}

const metadata = (attributes: Attributes): SpanReading["metadata"] => {
  const tags = AttributeReader.list(attributes, "tag.tags")
  const finish = AttributeReader.text(attributes, "llm.finish_reason")
  const { messages: _, model: __, tools: ___, input: ____, ...parameters } =
    AttributeReader.object(attributes, "llm.invocation_parameters") ?? {}
  const found = {
    ...parameters,
    ...AttributeReader.object(attributes, "metadata"),
    ...tags === undefined ? undefined : { tags },
    ...finish === undefined ? undefined : { finish_reason: finish }
  }
  return Object.keys(found).length === 0 ? undefined : found
}

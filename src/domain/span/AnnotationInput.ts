/**
 * An annotation as a user writes it, and the reading of its fields.
 *
 * @since 0.2.0
 */
import type * as AgentManifest from "../content/AgentManifest.ts"
import type * as Document from "../content/Document.ts"
import type * as Message from "../content/Message.ts"
import type * as Metrics from "../content/Metrics.ts"
import type * as Prompt from "../content/Prompt.ts"
import type * as ToolDefinition from "../content/ToolDefinition.ts"
import type { Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import type * as SpanLink from "./SpanLink.ts"

/**
 * An annotation as a user writes it. Everything is optional.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnnotationInput {
  readonly name?: string | undefined
  /** The model that answered, for llm and embedding spans. It may be known only from the answer. */
  readonly model?: string | undefined
  /** The provider that runs the model: llm and embedding spans. Lower-cased on the wire. */
  readonly provider?: string | undefined
  /**
   * Llm spans take messages, or a provider's request, messages or text. Embedding spans take documents. Other spans
   * take any value.
   */
  readonly input?: SideInput
  /**
   * Llm spans take messages, or a provider's answer, messages, text or stream chunks; token counts and finish reasons
   * in it are recorded. Retrieval spans take documents. Other spans take any value.
   */
  readonly output?: SideInput
  readonly expectedOutput?: unknown
  readonly metadata?: { readonly [key: string]: unknown } | undefined
  /** Numbers by name, or a provider's usage object unchanged. `inputTokens` and `input_tokens` are the same. */
  readonly metrics?: Metrics.MetricsInput | null | undefined
  readonly tags?: { readonly [key: string]: unknown } | undefined
  /** Keys of the tags by which cost is broken down. */
  readonly costTags?: ReadonlyArray<string> | undefined
  /** The tools that the model was offered: `{ name, description, schema }`, or a provider's `tools` unchanged. */
  readonly toolDefinitions?: ToolDefinition.ToolDefinitionsInput | undefined
  readonly prompt?: Prompt.PromptInput | undefined
  readonly spanLinks?: ReadonlyArray<SpanLink.SpanLinkInput> | undefined
  readonly sessionId?: string | undefined
  readonly userId?: string | undefined
  readonly accountId?: string | undefined
  /** The version of the agent: agent spans. */
  readonly agentVersion?: string | undefined
  /** The name of the agent in its manifest: agent spans. */
  readonly agentName?: string | undefined
  /** The manifest of the agent: its instructions, its model and settings, its tools. Agent spans. */
  readonly manifest?: AgentManifest.AgentManifestInput | undefined
  /** The version of the tool: tool spans. */
  readonly toolVersion?: string | undefined
  readonly intent?: string | undefined
  /** The configuration of an experiment. */
  readonly config?: { readonly [key: string]: unknown } | undefined
}

/**
 * One side of a span as users write it: the known shapes, listed so that an editor completes them, or any other value.
 *
 * @category models
 * @since 0.2.0
 */
export type SideInput = Message.MessagesInput | Document.DocumentsInput | {} | null | undefined

type Writable<K extends keyof AnnotationInput> = { -readonly [P in K]: AnnotationInput[P] }

type RareKey =
  | "userId"
  | "accountId"
  | "agentVersion"
  | "agentName"
  | "toolVersion"
  | "intent"
  | "expectedOutput"
  | "costTags"
  | "toolDefinitions"
  | "spanLinks"
  | "manifest"
  | "config"

/**
 * The fields of an annotation as they were read. Those that few annotations have stand apart.
 *
 * @category models
 * @since 0.2.0
 */
export interface Fields extends Readonly<Writable<Exclude<keyof AnnotationInput, RareKey>>> {
  readonly rare: Readonly<Writable<RareKey>> | undefined
}

type Read = Writable<Exclude<keyof AnnotationInput, RareKey>> & { rare: Writable<RareKey> | undefined }

// All inputs have one shape.
const unread = (): Read => ({
  name: undefined,
  model: undefined,
  provider: undefined,
  sessionId: undefined,
  input: undefined,
  output: undefined,
  metadata: undefined,
  metrics: undefined,
  tags: undefined,
  prompt: undefined,
  rare: undefined
})

const unreadRare = (): Writable<RareKey> => ({
  userId: undefined,
  accountId: undefined,
  agentVersion: undefined,
  agentName: undefined,
  toolVersion: undefined,
  intent: undefined,
  expectedOutput: undefined,
  costTags: undefined,
  toolDefinitions: undefined,
  spanLinks: undefined,
  manifest: undefined,
  config: undefined
})

// Each field is written by its own name: a computed name would be looked up in a table of the engine, at ten times the
// cost.
const readField = (from: AnnotationInput, key: string, to: Read): void => {
  switch (key) {
    case "name":
      to.name = from.name
      break
    case "model":
      to.model = from.model
      break
    case "provider":
      to.provider = from.provider
      break
    case "sessionId":
      to.sessionId = from.sessionId
      break
    case "input":
      to.input = from.input
      break
    case "output":
      to.output = from.output
      break
    case "metadata":
      to.metadata = from.metadata
      break
    case "metrics":
      to.metrics = from.metrics
      break
    case "tags":
      to.tags = from.tags
      break
    case "prompt":
      to.prompt = from.prompt
      break
    default:
      readRare(from, key, to)
  }
}

const readRare = (from: AnnotationInput, key: string, to: Read): void => {
  if (!rareKeys.has(key)) return
  const rare = to.rare ??= unreadRare()
  switch (key) {
    case "userId":
      rare.userId = from.userId
      break
    case "accountId":
      rare.accountId = from.accountId
      break
    case "agentVersion":
      rare.agentVersion = from.agentVersion
      break
    case "agentName":
      rare.agentName = from.agentName
      break
    case "toolVersion":
      rare.toolVersion = from.toolVersion
      break
    case "intent":
      rare.intent = from.intent
      break
    case "expectedOutput":
      rare.expectedOutput = from.expectedOutput
      break
    case "costTags":
      rare.costTags = from.costTags
      break
    case "toolDefinitions":
      rare.toolDefinitions = from.toolDefinitions
      break
    case "spanLinks":
      rare.spanLinks = from.spanLinks
      break
    case "manifest":
      rare.manifest = from.manifest
      break
    case "config":
      rare.config = from.config
      break
  }
}

const rareKeys: ReadonlySet<string> = new Set(Object.keys(unreadRare()))

const fieldNames = [
  ...Object.keys(unread()).filter((key) => key !== "rare"),
  ...rareKeys
] as ReadonlyArray<keyof AnnotationInput>

/**
 * Reads the fields. A field that cannot be read is left out with a problem, and those in `without` are not read.
 *
 * **Details**
 *
 * A plain object has few of the fields, so only its keys are looked at. Any other object is asked for every field,
 * because a class has its getters elsewhere.
 *
 * @category accessors
 * @since 0.2.0
 */
export const read = (
  given: AnnotationInput,
  without: ReadonlyArray<keyof AnnotationInput>,
  problems: Array<Problem>
): Fields => {
  try {
    const prototype: unknown = Object.getPrototypeOf(given)
    if (prototype === Object.prototype || prototype === null) {
      const input = unread()
      for (const key in given) {
        if (without.length === 0 || !without.includes(key as keyof AnnotationInput)) readField(given, key, input)
      }
      return input
    }
  } catch {
    // A field that throws is found below.
  }
  return readEachField(given, without, problems)
}

// A getter that throws loses its own field, not the whole annotation.
const readEachField = (
  given: AnnotationInput,
  without: ReadonlyArray<keyof AnnotationInput>,
  problems: Array<Problem>
): Fields => {
  const input = unread()
  for (const key of fieldNames) {
    if (without.includes(key)) continue
    try {
      readField(given, key, input)
    } catch {
      problems.push(Problems.make("unreadable_value", `\`${key}\` could not be read. Give plain values.`, key))
    }
  }
  return input
}

/**
 * The annotations of a span: parsed at once, when they are given, and combined in order.
 *
 * **Details**
 *
 * Annotations form a monoid: `empty` changes nothing, and `combine` is associative. Metadata, metrics, tags, cost tags
 * and links accumulate; input, output, tool definitions and a manifest replace; a prompt is merged key by key. A mutable
 * value is read once, here, so later changes to it have no effect.
 *
 * @since 0.1.0
 */
import * as AgentManifest from "../content/AgentManifest.ts"
import * as Document from "../content/Document.ts"
import * as Message from "../content/Message.ts"
import * as Metrics from "../content/Metrics.ts"
import * as Prompt from "../content/Prompt.ts"
import * as ToolDefinition from "../content/ToolDefinition.ts"
import type { Json } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import type { Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import * as Embeddings from "../provider/Embeddings.ts"
import * as Exchange from "../provider/Exchange.ts"
import * as Setting from "../settings/Setting.ts"
import * as SpanKinds from "./SpanKind.ts"
import type { SpanKind } from "./SpanKind.ts"
import * as SpanLink from "./SpanLink.ts"
import * as Tags from "./Tags.ts"

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

/**
 * A side of a span, in the shape that its kind records.
 *
 * @category models
 * @since 0.1.0
 */
export type SpanIo =
  | { readonly _tag: "Messages"; readonly value: ReadonlyArray<Message.Message> }
  | { readonly _tag: "Documents"; readonly value: ReadonlyArray<Document.Document> }
  | { readonly _tag: "Value"; readonly value: string }
  | { readonly _tag: "Raw"; readonly value: Json }

/**
 * A parsed annotation. `bytes` is never below the JSON text of its content.
 *
 * @category models
 * @since 0.1.0
 */
export interface Annotation {
  readonly name?: string
  readonly input?: SpanIo
  readonly output?: SpanIo
  readonly expectedOutput?: Json
  readonly metadata?: { readonly [key: string]: Json }
  readonly metrics?: { readonly [key: string]: number }
  readonly tags?: Tags.Tags
  readonly costTags?: ReadonlyArray<string>
  readonly toolDefinitions?: ReadonlyArray<ToolDefinition.ToolDefinition>
  readonly prompt?: Prompt.Prompt
  readonly spanLinks?: ReadonlyArray<SpanLink.SpanLink>
  readonly sessionId?: string
  readonly userId?: string
  readonly accountId?: string
  readonly agentVersion?: string
  readonly agentName?: string
  readonly manifest?: JsonSnapshot.JsonObject
  readonly toolVersion?: string
  readonly intent?: string
  readonly config?: { readonly [key: string]: Json }
  /** The model that an input or an output names, being a request or an answer. One that the user names wins. */
  readonly model?: string
  readonly bytes: number
}

/**
 * The annotation that sets nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: Annotation = { bytes: 0 }

// Raw values stand directly in `meta`.
const rawLimits = JsonSnapshot.limitsBelowMeta(1)

// The recorder adds this much for an annotation's own keys: quotes, colons, commas and braces.
const keyBytes = 32

const textFields: ReadonlyArray<
  "name" | "sessionId" | "userId" | "accountId" | "agentVersion" | "agentName" | "toolVersion" | "intent"
> = ["name", "sessionId", "userId", "accountId", "agentVersion", "agentName", "toolVersion", "intent"]

const textProblem = {
  name: "invalid_name",
  sessionId: "invalid_session_id",
  userId: "invalid_option",
  accountId: "invalid_option",
  agentVersion: "invalid_option",
  agentName: "invalid_option",
  toolVersion: "invalid_option",
  intent: "invalid_option"
} as const

/**
 * Parses an annotation. Good fields are kept; each bad field is left out and reported. `costTags` is a list of
 * candidates, because only tags that the span has are selected. The fields in `without` are not read. The model is no
 * part of an annotation: it belongs to the span.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  kind: SpanKind,
  given: AnnotationInput,
  without: ReadonlyArray<keyof AnnotationInput> = []
): Problems.Checked<Annotation> => {
  if (typeof given !== "object" || given === null) {
    return {
      value: empty,
      problems: [
        Problems.make("invalid_option", "An annotation must be an object such as { input, output, metrics, tags }.")
      ]
    }
  }
  const out: Owned = { bytes: 0 }
  const problems: Array<Problem> = []
  const input = readFields(given, without, problems)
  const keep = <A>(part: JsonSnapshot.Measured<A>): A => {
    for (let i = 0; i < part.problems.length; i++) problems.push(part.problems[i]!)
    out.bytes += part.bytes + keyBytes
    return part.value
  }
  readTexts(input, out, problems)
  const shapes = SpanKinds.table[kind]
  for (const side of ["input", "output"] as const) {
    if (input[side] === undefined) continue
    if (shapes[side] === "messages") readExchange(keep(Exchange.read(input[side], side)), side, out)
    else if (kind === "embedding" && side === "output") readEmbeddings(input.output, keep, out)
    else set(out, side, keep(parseSide(shapes[side], input[side], side, kind)))
  }
  if (input.expectedOutput !== undefined) {
    set(out, "expectedOutput", keep(JsonSnapshot.take(input.expectedOutput, rawLimits, "expectedOutput")))
  }
  if (input.metadata !== undefined) {
    add(out, "metadata", withoutReserved(keep(parseObject(input.metadata, "metadata"))))
  }
  if (input.metrics !== undefined && input.metrics !== null) add(out, "metrics", keep(Metrics.parse(input.metrics)))
  if (input.tags !== undefined) readTags(keep(parseTags(input.tags)), out)
  if (input.costTags !== undefined) set(out, "costTags", keep(parseCostTags(input.costTags)))
  if (input.toolDefinitions !== undefined) {
    set(out, "toolDefinitions", keep(ToolDefinition.parse(input.toolDefinitions)))
  }
  if (input.prompt !== undefined) {
    set(out, "prompt", keep(Prompt.parse(input.prompt)))
    if (out.prompt !== undefined && (out.tags === undefined || !Object.hasOwn(out.tags, Tags.promptTrackingKey))) {
      out.tags = { ...out.tags, [Tags.promptTrackingKey]: "annotated" }
    }
  }
  if (input.spanLinks !== undefined) set(out, "spanLinks", keep(SpanLink.parse(input.spanLinks)))
  if (input.manifest !== undefined) set(out, "manifest", keep(AgentManifest.parse(input.manifest)))
  if (input.config !== undefined) set(out, "config", keep(parseObject(input.config, "config")))
  return { value: out, problems: problems.length === 0 ? Problems.none : problems }
}

// Fields in the order in which they are read. Each is read by its own name: a loop over names would look every one up in
// a table of the engine, at ten times the cost.
const readers: ReadonlyArray<readonly [keyof AnnotationInput, (from: AnnotationInput, to: Fields) => void]> = [
  ["name", (from, to) => void (to.name = from.name)],
  ["sessionId", (from, to) => void (to.sessionId = from.sessionId)],
  ["userId", (from, to) => void (to.userId = from.userId)],
  ["accountId", (from, to) => void (to.accountId = from.accountId)],
  ["agentVersion", (from, to) => void (to.agentVersion = from.agentVersion)],
  ["agentName", (from, to) => void (to.agentName = from.agentName)],
  ["toolVersion", (from, to) => void (to.toolVersion = from.toolVersion)],
  ["intent", (from, to) => void (to.intent = from.intent)],
  ["input", (from, to) => void (to.input = from.input)],
  ["output", (from, to) => void (to.output = from.output)],
  ["expectedOutput", (from, to) => void (to.expectedOutput = from.expectedOutput)],
  ["metadata", (from, to) => void (to.metadata = from.metadata)],
  ["metrics", (from, to) => void (to.metrics = from.metrics)],
  ["tags", (from, to) => void (to.tags = from.tags)],
  ["costTags", (from, to) => void (to.costTags = from.costTags)],
  ["toolDefinitions", (from, to) => void (to.toolDefinitions = from.toolDefinitions)],
  ["prompt", (from, to) => void (to.prompt = from.prompt)],
  ["spanLinks", (from, to) => void (to.spanLinks = from.spanLinks)],
  ["manifest", (from, to) => void (to.manifest = from.manifest)],
  ["config", (from, to) => void (to.config = from.config)]
]

type Fields = { -readonly [K in keyof AnnotationInput]: AnnotationInput[K] }

// All inputs have one shape.
const unread: Fields = {
  name: undefined,
  sessionId: undefined,
  userId: undefined,
  accountId: undefined,
  agentVersion: undefined,
  agentName: undefined,
  toolVersion: undefined,
  intent: undefined,
  input: undefined,
  output: undefined,
  expectedOutput: undefined,
  metadata: undefined,
  metrics: undefined,
  tags: undefined,
  costTags: undefined,
  toolDefinitions: undefined,
  prompt: undefined,
  spanLinks: undefined,
  manifest: undefined,
  config: undefined
}

// A getter that throws loses its own field, not the whole annotation.
const readFields = (
  given: AnnotationInput,
  without: ReadonlyArray<keyof AnnotationInput>,
  problems: Array<Problem>
): AnnotationInput => {
  const input: Fields = { ...unread }
  for (let i = 0; i < readers.length; i++) {
    const [key, read] = readers[i]!
    if (without.length > 0 && without.includes(key)) continue
    try {
      read(given, input)
    } catch {
      problems.push(Problems.make("unreadable_value", `\`${key}\` could not be read. Give plain values.`, key))
    }
  }
  return input
}

const set = <K extends keyof Annotation>(out: Owned, key: K, value: Annotation[K] | undefined): void => {
  if (value !== undefined) out[key] = value
}

// Adds to the values that an input or output brought. A value that the user names wins.
const add = <K extends "metadata" | "metrics">(out: Owned, key: K, value: Annotation[K] | undefined): void => {
  if (value !== undefined) out[key] = { ...out[key], ...value } as Annotation[K]
}

const readExchange = (reading: Exchange.Reading, side: Exchange.Side, out: Owned): void => {
  const { finishReasons, messages, metrics, model, parameters, toolDefinitions } = reading
  if (messages !== undefined) out[side] = { _tag: "Messages", value: messages }
  add(out, "metadata", withoutReserved(parameters))
  if (finishReasons.length > 0) {
    add(out, "metadata", { finish_reason: finishReasons.length === 1 ? finishReasons[0]! : finishReasons })
    out.bytes += finishReasons.reduce((bytes, reason) => bytes + JsonSnapshot.textBytes(reason), keyBytes)
  }
  add(out, "metrics", metrics)
  set(out, "toolDefinitions", toolDefinitions)
  readModel(model, out)
}

const readModel = (model: string | undefined, out: Owned): void => {
  if (model === undefined) return
  out.model = model
  out.bytes += JsonSnapshot.textBytes(model) + keyBytes
}

const readEmbeddings = (
  output: unknown,
  keep: <A>(part: JsonSnapshot.Measured<A>) => A,
  out: Owned
): void => {
  const answer = Embeddings.read(output)
  set(out, "output", keep(parseSide("value", answer === undefined ? output : answer.text, "output", "embedding")))
  if (answer?.metrics !== undefined) add(out, "metrics", keep(Metrics.parse(answer.metrics)))
  readModel(answer?.model, out)
}

const readTexts = (input: AnnotationInput, out: Owned, problems: Array<Problem>): void => {
  for (let i = 0; i < textFields.length; i++) {
    const key = textFields[i]!
    const value: unknown = input[key]
    if (value === undefined || value === null) continue
    if (typeof value === "string") {
      out[key] = value.toWellFormed()
      out.bytes += JsonSnapshot.textBytes(value) + keyBytes
    } else {problems.push(
        Problems.make(textProblem[key], `\`${key}\` must be text, but is ${Setting.typeOf(value)}.`, key)
      )}
  }
}

const parseSide = (
  shape: SpanKinds.IoShape,
  input: unknown,
  path: string,
  kind: SpanKind
): JsonSnapshot.Measured<SpanIo | undefined> => {
  switch (shape) {
    case "messages":
      return side("Messages", Message.parse(input, path))
    case "documents":
      return side(
        "Documents",
        Document.parse(input, path, kind === "embedding" ? "invalid_embedding_io" : "invalid_retrieval_io")
      )
    case "value":
      return side("Value", JsonText.fromUnknown(input, path))
    case "raw":
      return side("Raw", JsonSnapshot.take(input, rawLimits, path))
  }
}

const side = <T extends SpanIo["_tag"]>(
  _tag: T,
  part: JsonSnapshot.Measured<Extract<SpanIo, { readonly _tag: T }>["value"] | undefined>
): JsonSnapshot.Measured<SpanIo | undefined> => ({
  value: part.value === undefined ? undefined : { _tag, value: part.value } as SpanIo,
  bytes: part.bytes,
  problems: part.problems
})

const parseObject = (
  input: unknown,
  path: "metadata" | "config" | "tags"
): JsonSnapshot.Measured<JsonSnapshot.JsonObject | undefined> => {
  const part = JsonSnapshot.take(input, JsonSnapshot.limitsBelowMeta(1), path)
  if (part.value === undefined || JsonSnapshot.isObject(part.value)) {
    return part as JsonSnapshot.Measured<JsonSnapshot.JsonObject | undefined>
  }
  const code = path === "metadata" ? "invalid_metadata" : path === "tags" ? "invalid_tags" : "invalid_option"
  return {
    value: undefined,
    bytes: 0,
    problems: [
      ...part.problems,
      Problems.make(code, `\`${path}\` must be an object, but is ${Setting.typeOf(part.value)}.`, path)
    ]
  }
}

// `_dd` belongs to the library: users cannot write there.
const withoutReserved = (
  metadata: JsonSnapshot.JsonObject | undefined
): JsonSnapshot.JsonObject | undefined => {
  if (metadata === undefined || !Object.hasOwn(metadata, "_dd")) return metadata
  const copy = { ...metadata }
  delete copy["_dd"]
  return copy
}

const parseTags = (input: unknown): JsonSnapshot.Measured<Tags.Tags | undefined> => {
  const part = parseObject(input, "tags")
  if (part.value === undefined) return part as JsonSnapshot.Measured<undefined>
  const tags: { [key: string]: string } = {}
  for (const key of Object.keys(part.value)) {
    if (key !== "__proto__") tags[key] = JsonText.render(part.value[key]!)
  }
  return { value: tags, bytes: part.bytes, problems: part.problems }
}

// A tag whose key names a session, a user or an account sets that label.
const readTags = (tags: Tags.Tags | undefined, out: Owned): void => {
  if (tags === undefined) return
  let rest = tags
  for (const key of Object.keys(Tags.labelKeys) as Array<keyof typeof Tags.labelKeys>) {
    if (!Object.hasOwn(tags, key)) continue
    out[Tags.labelKeys[key]] ??= tags[key]!
    if (rest === tags) rest = { ...tags }
    delete (rest as { [key: string]: string })[key]
  }
  out.tags = rest
}

const parseCostTags = (input: unknown): JsonSnapshot.Measured<ReadonlyArray<string> | undefined> => {
  const { bytes, problems, value } = JsonSnapshot.take(input, JsonSnapshot.defaultLimits, "costTags")
  if (!Array.isArray(value)) {
    const problem = Problems.make(
      "invalid_cost_tags",
      "`costTags` must be a list of keys of tags, such as [\"team\"].",
      "costTags"
    )
    return { value: undefined, bytes: 0, problems: [...problems, problem] }
  }
  const names = value.filter((name) => typeof name === "string")
  return {
    value: [...new Set(names)],
    bytes,
    problems: names.length === value.length
      ? problems
      : [
        ...problems,
        Problems.make(
          "invalid_cost_tags",
          "Each of `costTags` must be the key of a tag, a text. The others are left out.",
          "costTags"
        )
      ]
  }
}

/**
 * Combines two annotations; `second` was given after `first`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const combine = (first: Annotation, second: Annotation): Annotation => {
  if (first === empty) return second
  if (second === empty) return first
  const out = owned(first)
  append(out, second)
  return out
}

/**
 * A copy that `append` can add to: it shares none of the parts that accumulate.
 *
 * @category constructors
 * @since 0.2.0
 */
export const owned = (annotation: Annotation): Owned => {
  const out: Owned = { ...annotation }
  if (out.metadata !== undefined) out.metadata = { ...out.metadata }
  if (out.metrics !== undefined) out.metrics = { ...out.metrics }
  if (out.tags !== undefined) out.tags = { ...out.tags }
  if (out.spanLinks !== undefined) out.spanLinks = [...out.spanLinks]
  return out
}

/**
 * An annotation with one owner, which may change it in place.
 *
 * @category models
 * @since 0.2.0
 */
export type Owned = { -readonly [K in keyof Annotation]: Annotation[K] }

/**
 * Adds a later annotation to one that `owned` gave, in place. The result is that of `combine`; the cost depends on the
 * later annotation alone.
 *
 * @category combinators
 * @since 0.2.0
 */
export const append = (into: Owned, later: Annotation): void => {
  for (const key of Object.keys(later) as Array<keyof Annotation>) {
    if (key === "bytes") into.bytes += later.bytes
    else appendTo(into, key, later)
  }
}

const appendTo = (into: Owned, key: keyof Annotation, later: Annotation): void => {
  switch (key) {
    case "metadata":
    case "metrics":
    case "tags": {
      const members = later[key]!
      const own = (into[key] ??= {}) as { [key: string]: Json }
      for (const name of Object.keys(members)) put(own, name, members[name]!)
      return
    }
    case "costTags":
      into.costTags = [...new Set([...into.costTags ?? [], ...later.costTags!])]
      return
    case "spanLinks": {
      const own = (into.spanLinks ??= []) as Array<SpanLink.SpanLink>
      for (const link of later.spanLinks!) own.push(link)
      return
    }
    case "prompt":
      into.prompt = into.prompt === undefined ? later.prompt! : Prompt.merge(into.prompt, later.prompt!)
      return
    default:
      ;(into as { [key: string]: unknown })[key] = later[key]
  }
}

const put = (into: { [key: string]: Json }, key: string, value: Json): void => {
  if (key === "__proto__") {
    Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true })
  } else into[key] = value
}

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
import type { AnnotationInput } from "./AnnotationInput.ts"
import * as AnnotationInputs from "./AnnotationInput.ts"
import * as SpanKinds from "./SpanKind.ts"
import type { SpanKind } from "./SpanKind.ts"
import * as SpanLink from "./SpanLink.ts"
import * as Tags from "./Tags.ts"

export type { AnnotationInput, SideInput } from "./AnnotationInput.ts"

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
 * A parsed annotation with the model and the provider that were given beside it, unchecked.
 *
 * @category models
 * @since 0.2.0
 */
export interface Parsed extends Problems.Checked<Annotation> {
  readonly model: unknown
  readonly provider: unknown
}

/**
 * The annotation that sets nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: Annotation = { bytes: 0 }

// Raw values and objects stand directly in `meta`.
const rawLimits = JsonSnapshot.limitsBelowMeta(1)

// The recorder adds this much for an annotation's own keys: quotes, colons, commas and braces.
const keyBytes = 32

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
 * part of an annotation, because it belongs to the span: it is given back as the user wrote it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  kind: SpanKind,
  given: AnnotationInput,
  without: ReadonlyArray<keyof AnnotationInput> = []
): Parsed => {
  if (typeof given !== "object" || given === null) {
    return {
      value: empty,
      model: undefined,
      provider: undefined,
      problems: [
        Problems.make("invalid_option", "An annotation must be an object such as { input, output, metrics, tags }.")
      ]
    }
  }
  const out: Owned = { bytes: 0 }
  const problems: Array<Problem> = []
  const input = AnnotationInputs.read(given, without, problems)
  const { rare } = input
  readTexts(input, out, problems)
  if (input.input !== undefined) readInput(kind, input.input, out, problems)
  if (input.output !== undefined) readOutput(kind, input.output, out, problems)
  if (input.metadata !== undefined) {
    add(out, "metadata", withoutReserved(keep(out, problems, parseObject(input.metadata, "metadata"))))
  }
  if (input.metrics !== undefined && input.metrics !== null) {
    add(out, "metrics", keep(out, problems, Metrics.parse(input.metrics)))
  }
  if (input.tags !== undefined) readTags(keep(out, problems, parseTags(input.tags)), out)
  if (input.prompt !== undefined) readPrompt(input.prompt, out, problems)
  if (rare !== undefined) readRare(rare, out, problems)
  const { model, provider } = input
  return { value: out, model, provider, problems: problems.length === 0 ? Problems.none : problems }
}

const keep = <A>(out: Owned, problems: Array<Problem>, part: JsonSnapshot.Measured<A>): A => {
  for (let i = 0; i < part.problems.length; i++) problems.push(part.problems[i]!)
  out.bytes += part.bytes + keyBytes
  return part.value
}

const readInput = (kind: SpanKind, given: unknown, out: Owned, problems: Array<Problem>): void => {
  const shape = SpanKinds.table[kind].input
  if (shape === "messages") readExchange(keep(out, problems, Exchange.read(given, "input")), "input", out)
  else {
    const side = keep(out, problems, parseSide(shape, given, "input", kind))
    if (side !== undefined) out.input = side
  }
}

const readOutput = (kind: SpanKind, given: unknown, out: Owned, problems: Array<Problem>): void => {
  const shape = SpanKinds.table[kind].output
  if (shape === "messages") readExchange(keep(out, problems, Exchange.read(given, "output")), "output", out)
  else if (kind === "embedding") readEmbeddings(given, out, problems)
  else {
    const side = keep(out, problems, parseSide(shape, given, "output", kind))
    if (side !== undefined) out.output = side
  }
}

const readPrompt = (given: Prompt.PromptInput, out: Owned, problems: Array<Problem>): void => {
  set(out, "prompt", keep(out, problems, Prompt.parse(given)))
  if (out.prompt !== undefined && (out.tags === undefined || !Object.hasOwn(out.tags, Tags.promptTrackingKey))) {
    out.tags = { ...out.tags, [Tags.promptTrackingKey]: "annotated" }
  }
}

type Rare = NonNullable<AnnotationInputs.Fields["rare"]>

const readRare = (input: Rare, out: Owned, problems: Array<Problem>): void => {
  if (input.expectedOutput !== undefined) {
    const value = keep(out, problems, JsonSnapshot.take(input.expectedOutput, rawLimits, "expectedOutput"))
    set(out, "expectedOutput", value)
  }
  if (input.costTags !== undefined) set(out, "costTags", keep(out, problems, parseCostTags(input.costTags)))
  if (input.toolDefinitions !== undefined) {
    set(out, "toolDefinitions", keep(out, problems, ToolDefinition.parse(input.toolDefinitions)))
  }
  if (input.spanLinks !== undefined) set(out, "spanLinks", keep(out, problems, SpanLink.parse(input.spanLinks)))
  if (input.manifest !== undefined) set(out, "manifest", keep(out, problems, AgentManifest.parse(input.manifest)))
  if (input.config !== undefined) set(out, "config", keep(out, problems, parseObject(input.config, "config")))
}

const set = <K extends keyof Annotation>(out: Owned, key: K, value: Annotation[K] | undefined): void => {
  if (value !== undefined) out[key] = value
}

// Adds to the values that an input or output brought. A value that the user names wins.
const add = <K extends "metadata" | "metrics">(out: Owned, key: K, value: Annotation[K] | undefined): void => {
  if (value !== undefined) out[key] = out[key] === undefined ? value : { ...out[key], ...value } as Annotation[K]
}

const readExchange = (reading: Exchange.Reading, side: Exchange.Side, out: Owned): void => {
  const { finishReasons, messages, metrics, model, parameters, toolDefinitions } = reading
  if (messages !== undefined) {
    const content: SpanIo = { _tag: "Messages", value: messages }
    if (side === "input") out.input = content
    else out.output = content
  }
  if (parameters !== undefined) add(out, "metadata", withoutReserved({ ...parameters }))
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

const readEmbeddings = (output: unknown, out: Owned, problems: Array<Problem>): void => {
  const answer = Embeddings.read(output)
  const value = answer === undefined ? output : answer.text
  set(out, "output", keep(out, problems, parseSide("value", value, "output", "embedding")))
  if (answer?.metrics !== undefined) add(out, "metrics", keep(out, problems, Metrics.parse(answer.metrics)))
  readModel(answer?.model, out)
}

const readTexts = (input: AnnotationInputs.Fields, out: Owned, problems: Array<Problem>): void => {
  const { rare } = input
  if (input.name !== undefined) readText("name", input.name, out, problems)
  if (input.sessionId !== undefined) readText("sessionId", input.sessionId, out, problems)
  if (rare === undefined) return
  if (rare.userId !== undefined) readText("userId", rare.userId, out, problems)
  if (rare.accountId !== undefined) readText("accountId", rare.accountId, out, problems)
  if (rare.agentVersion !== undefined) readText("agentVersion", rare.agentVersion, out, problems)
  if (rare.agentName !== undefined) readText("agentName", rare.agentName, out, problems)
  if (rare.toolVersion !== undefined) readText("toolVersion", rare.toolVersion, out, problems)
  if (rare.intent !== undefined) readText("intent", rare.intent, out, problems)
}

const readText = (key: keyof typeof textProblem, value: unknown, out: Owned, problems: Array<Problem>): void => {
  if (value === null) return
  if (typeof value === "string") {
    out[key] = value.toWellFormed()
    out.bytes += JsonSnapshot.textBytes(value) + keyBytes
  } else {
    problems.push(Problems.make(textProblem[key], `\`${key}\` must be text, but is ${Setting.typeOf(value)}.`, key))
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
  const part = JsonSnapshot.take(input, rawLimits, path)
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
  if (part.value === undefined || areTags(part.value)) {
    return part as JsonSnapshot.Measured<Tags.Tags | undefined>
  }
  const tags: { [key: string]: string } = {}
  for (const key of Object.keys(part.value)) {
    if (key !== "__proto__") tags[key] = JsonText.render(part.value[key]!)
  }
  return { value: tags, bytes: part.bytes, problems: part.problems }
}

// The copy of the user's object is used itself if it can be.
const areTags = (copy: JsonSnapshot.JsonObject): copy is Tags.Tags => {
  for (const key in copy) {
    if (Object.prototype.hasOwnProperty.call(copy, key) && (key === "__proto__" || typeof copy[key] !== "string")) {
      return false
    }
  }
  return true
}

const labelKeys = Object.keys(Tags.labelKeys) as ReadonlyArray<keyof typeof Tags.labelKeys>

// A tag whose key names a session, a user or an account sets that label.
const readTags = (tags: Tags.Tags | undefined, out: Owned): void => {
  if (tags === undefined) return
  let rest = tags
  for (const key of labelKeys) {
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
  for (const key of Object.keys(later) as Array<keyof Annotation>) appendTo(into, key, later)
}

/**
 * Adds a later annotation that nothing else holds, as one that `parse` gave: its parts are taken over where they can be.
 * Otherwise like `append`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const adopt = (into: Owned, later: Annotation): void => {
  // A loop over keys makes no list of them. V8 leaves this call out of it, but makes that of `Object.hasOwn`.
  for (const name in later) {
    if (!Object.prototype.hasOwnProperty.call(later, name)) continue
    const key = name as keyof Annotation
    if (key === "metadata" && into.metadata === undefined) into.metadata = later.metadata!
    else if (key === "metrics" && into.metrics === undefined) into.metrics = later.metrics!
    else if (key === "tags" && into.tags === undefined) into.tags = later.tags!
    else appendTo(into, key, later)
  }
}

const appendTo = (into: Owned, key: keyof Annotation, later: Annotation): void => {
  switch (key) {
    case "bytes":
      into.bytes += later.bytes
      return
    // Written by their own names, because a computed one takes ten times as long.
    case "sessionId":
      into.sessionId = later.sessionId!
      return
    case "input":
      into.input = later.input!
      return
    case "output":
      into.output = later.output!
      return
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

/**
 * The fields of a record as a redaction rule returned them.
 *
 * **Details**
 *
 * A rule is code of the program and can return any value. Each field is parsed like an annotation; an unreadable field
 * is left out and reported by its name.
 *
 * @since 0.2.0
 */
import * as AgentManifest from "../content/AgentManifest.ts"
import * as Document from "../content/Document.ts"
import * as Message from "../content/Message.ts"
import * as Metrics from "../content/Metrics.ts"
import * as Prompt from "../content/Prompt.ts"
import * as ToolDefinition from "../content/ToolDefinition.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import * as Problem from "../Problem.ts"
import * as Promised from "../Promised.ts"
import type { Annotation, SpanIo } from "../span/Annotation.ts"
import type { Sourced } from "../span/SessionSource.ts"
import * as SessionSource from "../span/SessionSource.ts"
import type { SpanError } from "../span/SpanError.ts"
import * as SpanKinds from "../span/SpanKind.ts"
import * as SpanLink from "../span/SpanLink.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import type { Tags } from "../span/Tags.ts"
import * as RedactableSpans from "./RedactableSpan.ts"

/**
 * The fields of a record that a rule decides.
 *
 * @category models
 * @since 0.2.0
 */
export interface RedactedFields {
  readonly context: Omit<Partial<SpanRecord["context"]>, "retention">
  readonly annotation: Annotation
  readonly tags: Tags
  readonly error: SpanError | undefined
  readonly model?: SpanRecord["model"]
}

/**
 * An empty error.
 *
 * @category constants
 * @since 0.2.0
 */
export const noError: SpanError = { type: "", message: "", stack: "" }

const longestError = 32_768

/**
 * The error that a rule returned, cut to the limits of an APM span.
 *
 * @category constructors
 * @since 0.2.0
 */
export const errorOf = (u: unknown): SpanError => {
  if (typeof u !== "object" || u === null) return noError
  const { message, stack, type } = u as { readonly [K in keyof SpanError]?: unknown }
  return { type: errorText(type).slice(0, 256), message: errorText(message), stack: errorText(stack) }
}

const errorText = (u: unknown): string => typeof u === "string" ? u.slice(0, longestError).toWellFormed() : ""

/**
 * The name that a rule returned. `undefined` for a value that can be no name.
 *
 * @category constructors
 * @since 0.2.0
 */
export const nameOf = (u: unknown): string | undefined =>
  typeof u === "string" && u !== "" ? u.toWellFormed() : undefined

type Returned = { readonly [key: string]: unknown }
type Writable<A> = { -readonly [K in keyof A]: A[K] }

// Each field costs this much beside its content.
const fieldBytes = 64

/** Reads fields one by one, and collects their costs and problems. */
class Reader {
  bytes = fieldBytes
  readonly problems: Array<Problem.Problem> = []
  readonly #span: Returned

  constructor(span: Returned) {
    this.#span = span
  }

  bad(field: string): undefined {
    this.problems.push(Problem.make(
      "redaction_failed",
      "A redaction rule returned a field that cannot be read. The field is left out. See docs/redaction.md.",
      field
    ))
    return undefined
  }

  parsed<A>(field: string, read: (u: unknown, path: string) => Measured<A | undefined>): A | undefined {
    const given = this.#span[field]
    if (given === undefined || given === null) return undefined
    if (Promised.take(given)) return this.bad(field)
    const part = read(given, field)
    this.bytes += part.bytes + fieldBytes
    if (part.value === undefined && !(Array.isArray(given) && given.length === 0)) return this.bad(field)
    if (part.problems.some((problem) => problem.code !== "value_too_large")) this.bad(field)
    return part.value
  }

  text(field: string): string | undefined {
    const given = this.#span[field]
    if (given === undefined || given === null) return undefined
    if (Promised.take(given) || typeof given !== "string") return this.bad(field)
    this.bytes += JsonSnapshot.textBytes(given) + fieldBytes
    return given.toWellFormed()
  }
}

/**
 * Reads the span that a rule returned for a record.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (record: SpanRecord<unknown>, span: Returned): Problem.Checked<RedactedFields> => {
  const reader = new Reader(span)
  const annotation = annotationOf(reader, record.context.kind)
  const labels = labelsOf(reader, record)
  const tags = tagsOf(reader, labels)
  const costTags = record.annotation.costTags?.filter((key) => Object.hasOwn(tags, key))
  if (costTags !== undefined && costTags.length > 0) annotation.costTags = costTags
  const context = contextOf(reader, record, span, labels)
  annotation.bytes = reader.bytes
  return {
    value: {
      context,
      annotation,
      tags,
      // A rule cannot hide that a span failed, because the APM span shows it too.
      error: record.error === undefined ? undefined : errorOf(span["error"]),
      model: modelOf(span["model"])
    },
    problems: reader.problems
  }
}

const annotationOf = (reader: Reader, kind: SpanKinds.SpanKind): Writable<Annotation> => {
  const annotation: Writable<Annotation> = { bytes: 0 }
  const put = <K extends keyof Annotation>(key: K, value: Annotation[K] | undefined): void => {
    if (value !== undefined) annotation[key] = value as typeof annotation[K]
  }
  put("input", reader.parsed("input", side(SpanKinds.table[kind].input, kind)))
  put("output", reader.parsed("output", side(SpanKinds.table[kind].output, kind)))
  put("expectedOutput", reader.parsed("expectedOutput", json))
  put("metadata", withoutReserved(reader.parsed("metadata", object)))
  put("metrics", reader.parsed("metrics", Metrics.parse))
  put("config", reader.parsed("config", object))
  put("intent", reader.text("intent"))
  put("spanLinks", reader.parsed("spanLinks", SpanLink.parse))
  if (kind === "tool") put("toolVersion", reader.text("toolVersion"))
  if (kind === "agent") {
    put("agentName", reader.text("agentName"))
    put("manifest", reader.parsed("manifest", AgentManifest.parse))
  }
  if (kind === "llm") {
    put("toolDefinitions", reader.parsed("toolDefinitions", ToolDefinition.parse))
    put("prompt", reader.parsed("prompt", Prompt.parse))
  }
  return annotation
}

const labelsOf = (reader: Reader, record: SpanRecord<unknown>) => ({
  sessionId: reader.text("sessionId"),
  userId: reader.text("userId"),
  accountId: reader.text("accountId"),
  agentService: reader.text("agentService") || record.context.mlApp.value
})

type Labels = ReturnType<typeof labelsOf>

// A tag that repeats a label follows the label, unless the rule wrote the tag itself.
const tagsOf = (reader: Reader, labels: Labels): Tags => {
  const tags = textTags(reader.parsed("tags", object))
  for (const key of Object.keys(RedactableSpans.derivedTags) as Array<keyof typeof RedactableSpans.derivedTags>) {
    const value = labels[RedactableSpans.derivedTags[key]]
    if (value !== undefined && !Object.hasOwn(tags, key)) tags[key] = value
  }
  return tags
}

const textTags = (given: JsonObject | undefined): { [key: string]: string } => {
  const tags: { [key: string]: string } = {}
  for (const [key, value] of Object.entries(given ?? {})) {
    if (key !== "__proto__") tags[key] = JsonText.render(value)
  }
  return tags
}

const contextOf = (
  reader: Reader,
  record: SpanRecord<unknown>,
  span: Returned,
  labels: Labels
): RedactedFields["context"] => {
  const { context } = record
  const parentAgent = reader.text("parentAgent")
  return {
    name: nameOf(span["name"]) ?? context.kind,
    mlApp: { ...context.mlApp, value: labels.agentService },
    session: relabel(context.session, labels.sessionId),
    userId: relabel(context.userId, labels.userId),
    accountId: relabel(context.accountId, labels.accountId),
    agent: context.agent === undefined ? undefined : { ...context.agent, name: parentAgent ?? null }
  }
}

const relabel = (before: Sourced | undefined, value: string | undefined): Sourced | undefined =>
  value === undefined ? undefined : SessionSource.make(value, before?.source ?? "explicit")

const modelOf = (u: unknown): SpanRecord["model"] => {
  if (typeof u !== "object" || u === null) return undefined
  const { name, provider } = u as { readonly name?: unknown; readonly provider?: unknown }
  return { name: nameOf(name) ?? "", provider: nameOf(provider) ?? "" }
}

/**
 * Reads the tags of an APM span that a rule returned, including those that repeat a label. Unreadable tags are left
 * out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const apmTags = (span: Returned): ReadonlyMap<string, string> => {
  const reader = new Reader(span)
  const tags = new Map(Object.entries(textTags(reader.parsed("tags", object))))
  for (const [tag, field] of Object.entries(RedactableSpans.derivedApmTags)) {
    const value = reader.text(field)
    if (value !== undefined) tags.set(tag, value)
  }
  return tags
}

const rawLimits = JsonSnapshot.limitsBelowMeta(1)

const json = (u: unknown, path: string): Measured<Json | undefined> => JsonSnapshot.take(u, rawLimits, path)

const object = (u: unknown, path: string): Measured<JsonObject | undefined> => {
  const part = json(u, path)
  return JsonSnapshot.isObject(part.value)
    ? part as Measured<JsonObject>
    : { value: undefined, bytes: 0, problems: part.problems }
}

// The key `_dd` is reserved for the library.
const withoutReserved = (metadata: JsonObject | undefined): JsonObject | undefined => {
  if (metadata === undefined || !Object.hasOwn(metadata, "_dd")) return metadata
  const { _dd, ...rest } = metadata
  return rest
}

const side = (
  shape: SpanKinds.IoShape,
  kind: SpanKinds.SpanKind
): (u: unknown, path: string) => Measured<SpanIo | undefined> => {
  const as = <T extends SpanIo["_tag"]>(
    _tag: T,
    part: Measured<Extract<SpanIo, { readonly _tag: T }>["value"] | undefined>
  ): Measured<SpanIo | undefined> => ({
    ...part,
    // A side that a rule wrote must be messages or documents: as JSON text it could show what the rule removed.
    value: part.value === undefined || part.problems.some((problem) => problem.code !== "value_too_large")
      ? undefined
      : { _tag, value: part.value } as SpanIo
  })
  switch (shape) {
    case "messages":
      return (u, path) => as("Messages", Message.parse(u, path))
    case "documents":
      return (u, path) =>
        as("Documents", Document.parse(u, path, kind === "embedding" ? "invalid_embedding_io" : "invalid_retrieval_io"))
    case "value":
      return (u, path) => as("Value", JsonText.fromUnknown(u, path))
    case "raw":
      return (u, path) => as("Raw", json(u, path))
  }
}

/**
 * Redaction of a record: the rules run over a copy, and what they return is what the event says.
 *
 * **Details**
 *
 * It fails closed. A rule that throws, or returns something that is no span, costs the event its content; a field that
 * cannot be read is left out. The span itself is kept, with its identity, times, model and token counts.
 *
 * @since 0.1.0
 */
import * as Document from "../content/Document.ts"
import * as Message from "../content/Message.ts"
import * as Metrics from "../content/Metrics.ts"
import * as Prompt from "../content/Prompt.ts"
import * as ToolDefinition from "../content/ToolDefinition.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import * as Problem from "../Problem.ts"
import type { Annotation, SpanIo } from "../span/Annotation.ts"
import type { Sourced } from "../span/SessionSource.ts"
import * as SessionSource from "../span/SessionSource.ts"
import type { Retention } from "../span/SpanContext.ts"
import type { SpanError } from "../span/SpanError.ts"
import * as SpanKinds from "../span/SpanKind.ts"
import * as SpanLink from "../span/SpanLink.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as SpanRecords from "../span/SpanRecord.ts"
import type { Tags } from "../span/Tags.ts"
import * as RedactableSpans from "./RedactableSpan.ts"
import type { Processor } from "./Redaction.ts"
import * as Redaction from "./Redaction.ts"

/**
 * What a user said about redaction. `capture` is `"none"` when no content leaves the process, whatever the rules return.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy {
  readonly processors: ReadonlyArray<Processor>
  readonly capture: "all" | "none"
}

/**
 * The record that may leave. With `dropped` its event must not: the record is then empty of content, for the APM span.
 *
 * @category models
 * @since 0.1.0
 */
export interface Redacted<R = Retention> {
  readonly record: SpanRecord<R>
  readonly dropped: boolean
}

/**
 * Whether a policy changes anything; one that does not costs nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const isActive = (policy: Policy): boolean => policy.processors.length > 0 || policy.capture === "none"

const failed = (message: string, path?: string): Problem.Problem => Problem.make("redaction_failed", message, path)

const ruleFailed = failed(
  "A redaction rule threw, or returned something that is no span. The event goes without its content; correct the rule."
)

/**
 * Runs the rules over a record, in order.
 *
 * @category combinators
 * @since 0.1.0
 */
export const apply = <R>(record: SpanRecord<R>, policy: Policy): Problem.Checked<Redacted<R>> => {
  const bare = (record: SpanRecord<R>) => policy.capture === "none" ? withoutContent(record) : record
  if (policy.processors.length === 0) return Problem.ok({ record: bare(record), dropped: false })
  try {
    let span: unknown = RedactableSpans.fromRecord(record)
    for (const processor of policy.processors) {
      const before = span as { readonly name?: unknown }
      span = processor(span as RedactableSpans.RedactableSpan)
      if (span === undefined || span === null) {
        return Problem.ok({ record: identity(record, nameOf(before.name)), dropped: true })
      }
      if (!isSpan(span)) return { value: { record: identity(record), dropped: false }, problems: [ruleFailed] }
    }
    const { problems, value } = toRecord(record, span as { readonly [key: string]: unknown })
    return { value: { record: bare(value), dropped: false }, problems }
  } catch {
    return { value: { record: identity(record), dropped: false }, problems: [ruleFailed] }
  }
}

/**
 * Runs the rules over the error of a plain APM span: it can say what the error of an LLM span inside it says.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyToError = (
  name: string,
  error: SpanError,
  policy: Policy
): Problem.Checked<SpanError> => {
  if (policy.processors.length === 0) {
    return Problem.ok(policy.capture === "none" ? { ...noError, type: error.type } : error)
  }
  try {
    let span: unknown = { kind: "apm", name, tags: {}, error: { ...error } }
    for (const processor of policy.processors) {
      span = processor(span as RedactableSpans.RedactableSpan)
      if (span === undefined || span === null) return Problem.ok(noError)
      if (!isSpan(span)) return { value: noError, problems: [ruleFailed] }
    }
    const redacted = errorOf((span as { readonly error?: unknown }).error)
    return Problem.ok(policy.capture === "none" ? { ...noError, type: redacted.type } : redacted)
  } catch {
    return { value: noError, problems: [ruleFailed] }
  }
}

// A promise is an object too; a rule has to answer at once.
const isSpan = (u: unknown): boolean =>
  typeof u === "object" && u !== null && !Array.isArray(u) &&
  typeof (u as { readonly then?: unknown }).then !== "function"

const noError: SpanError = { type: "", message: "", stack: "" }

const longestError = 32_768

const errorOf = (u: unknown): SpanError => {
  if (typeof u !== "object" || u === null) return noError
  const { message, stack, type } = u as { readonly [K in keyof SpanError]?: unknown }
  return { type: errorText(type).slice(0, 256), message: errorText(message), stack: errorText(stack) }
}

const errorText = (u: unknown): string => typeof u === "string" ? u.slice(0, longestError).toWellFormed() : ""

const nameOf = (u: unknown): string | undefined => typeof u === "string" && u !== "" ? u.toWellFormed() : undefined

const keptMetrics: ReadonlySet<string> = new Set(Object.values(Metrics.aliases))

const rebuild = <R>(
  record: SpanRecord<R>,
  change: {
    readonly context?: Partial<SpanRecord<R>["context"]>
    readonly annotation: Annotation
    readonly tags: Tags
    readonly error: SpanError | undefined
    readonly model?: SpanRecord["model"]
  }
): SpanRecord<R> => {
  const model = "model" in change ? change.model : record.model
  return SpanRecords.finish({
    context: { ...record.context, ...change.context },
    startNs: record.startNs,
    durationNs: record.durationNs,
    modelName: model?.name,
    modelProvider: model?.provider,
    annotation: change.annotation,
    tags: change.tags,
    ancestor: undefined,
    error: change.error
  })
}

/**
 * The record without anything that the program, a request or a model wrote: what is left are identity and times, the
 * model, token counts, and the tags that the library itself writes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const identity = <R>(record: SpanRecord<R>, name?: string): SpanRecord<R> => {
  const { annotation, context } = record
  const tags: { [key: string]: string } = {}
  for (const key of Redaction.libraryTags) {
    const value = Object.hasOwn(record.tags, key) ? record.tags[key]! : undefined
    if (value !== undefined && !(annotation.tags !== undefined && Object.hasOwn(annotation.tags, key))) {
      tags[key] = value
    }
  }
  tags["ml_app"] = context.mlApp.value
  tags["agent_service"] = context.mlApp.value
  const metrics: { [key: string]: number } = {}
  for (const key of Object.keys(annotation.metrics ?? {})) {
    if (keptMetrics.has(key)) metrics[key] = annotation.metrics![key]!
  }
  return rebuild(record, {
    context: {
      name: name ?? context.kind,
      session: undefined,
      userId: undefined,
      accountId: undefined,
      agent: context.agent === undefined ? undefined : { ...context.agent, name: null }
    },
    annotation: { metrics, bytes: annotation.bytes },
    tags,
    error: record.error === undefined ? undefined : noError
  })
}

/**
 * The record without its content: no input, output, expected output, metadata, intent, configuration or tool
 * definitions; of the prompt its id, version and label; of an error its type. Names, tags, labels and metrics stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withoutContent = <R>(record: SpanRecord<R>): SpanRecord<R> => {
  const { agentName, bytes, costTags, metrics, spanLinks } = record.annotation
  const annotation: { -readonly [K in keyof Annotation]: Annotation[K] } = { bytes }
  if (metrics !== undefined) annotation.metrics = metrics
  if (costTags !== undefined) annotation.costTags = costTags
  if (spanLinks !== undefined) annotation.spanLinks = spanLinks
  if (record.toolVersion !== undefined) annotation.toolVersion = record.toolVersion
  if (agentName !== undefined) annotation.agentName = agentName
  if (record.prompt !== undefined) {
    const { id, label, version } = record.prompt
    annotation.prompt = {
      ...(id === undefined ? undefined : { id }),
      ...(label === undefined ? undefined : { label }),
      ...(version === undefined ? undefined : { version })
    }
    annotation.bytes += JSON.stringify(annotation.prompt).length * 6 + promptBytes
  }
  return rebuild(record, {
    annotation,
    tags: record.tags,
    error: record.error === undefined ? undefined : { ...noError, type: record.error.type }
  })
}

// What a rendered prompt has without the user.
const promptBytes = 256

const fieldBytes = 64

const toRecord = <R>(
  record: SpanRecord<R>,
  span: { readonly [key: string]: unknown }
): Problem.Checked<SpanRecord<R>> => {
  const { context } = record
  const kind = context.kind
  const annotation: { -readonly [K in keyof Annotation]: Annotation[K] } = { bytes: fieldBytes }
  const problems: Array<Problem.Problem> = []
  const bad = (field: string): undefined => {
    problems.push(failed("A redaction rule returned a field that cannot be read. The field is left out.", field))
    return undefined
  }
  const parsed = <A>(field: string, read: (u: unknown, path: string) => Measured<A | undefined>): A | undefined => {
    const given = span[field]
    if (given === undefined || given === null) return undefined
    const part = read(given, field)
    annotation.bytes += part.bytes + fieldBytes
    if (part.value === undefined && !(Array.isArray(given) && given.length === 0)) return bad(field)
    if (part.problems.some((problem) => problem.code !== "value_too_large")) bad(field)
    return part.value
  }
  const text = (field: string): string | undefined => {
    const given = span[field]
    if (given === undefined || given === null) return undefined
    if (typeof given !== "string") return bad(field)
    annotation.bytes += JsonSnapshot.textBytes(given) + fieldBytes
    return given.toWellFormed()
  }
  const put = <K extends keyof Annotation>(key: K, value: Annotation[K] | undefined): void => {
    if (value !== undefined) annotation[key] = value as typeof annotation[K]
  }

  put("input", parsed("input", side(SpanKinds.table[kind].input, kind)))
  put("output", parsed("output", side(SpanKinds.table[kind].output, kind)))
  put("expectedOutput", parsed("expectedOutput", json))
  put("metadata", withoutReserved(parsed("metadata", object)))
  put("metrics", parsed("metrics", Metrics.parse))
  put("config", parsed("config", object))
  put("intent", text("intent"))
  put("spanLinks", parsed("spanLinks", SpanLink.parse))
  if (kind === "tool") put("toolVersion", text("toolVersion"))
  if (kind === "agent") put("agentName", text("agentName"))
  if (kind === "llm") {
    put("toolDefinitions", parsed("toolDefinitions", ToolDefinition.parse))
    put("prompt", parsed("prompt", Prompt.parse))
  }
  const labels = {
    sessionId: text("sessionId"),
    userId: text("userId"),
    accountId: text("accountId"),
    agentService: text("agentService") || context.mlApp.value
  }
  const tags: { [key: string]: string } = {}
  for (const [key, value] of Object.entries(parsed("tags", object) ?? {})) {
    if (key !== "__proto__") tags[key] = JsonText.render(value)
  }
  if (annotationHas(record, tags)) {
    put(
      "costTags",
      record.annotation.costTags!.filter((key) => Object.hasOwn(tags, key))
    )
  }
  for (const key of Object.keys(RedactableSpans.derivedTags) as Array<keyof typeof RedactableSpans.derivedTags>) {
    const value = labels[RedactableSpans.derivedTags[key]]
    if (value !== undefined && !Object.hasOwn(tags, key)) tags[key] = value
  }
  const parentAgent = text("parentAgent")
  return {
    value: rebuild(record, {
      context: {
        name: nameOf(span["name"]) ?? kind,
        mlApp: { ...context.mlApp, value: labels.agentService },
        session: relabel(context.session, labels.sessionId),
        userId: relabel(context.userId, labels.userId),
        accountId: relabel(context.accountId, labels.accountId),
        agent: context.agent === undefined ? undefined : { ...context.agent, name: parentAgent ?? null }
      },
      annotation,
      tags,
      // That a span failed is not for a rule to hide: the APM span says so too.
      error: record.error === undefined ? undefined : errorOf(span["error"]),
      model: modelOf(span["model"])
    }),
    problems
  }
}

const annotationHas = (record: SpanRecord<unknown>, tags: Tags): boolean =>
  record.annotation.costTags !== undefined && record.annotation.costTags.some((key) => Object.hasOwn(tags, key))

const relabel = (before: Sourced | undefined, value: string | undefined): Sourced | undefined =>
  value === undefined ? undefined : SessionSource.make(value, before?.source ?? "explicit")

const modelOf = (u: unknown): SpanRecord["model"] => {
  if (typeof u !== "object" || u === null) return undefined
  const { name, provider } = u as { readonly name?: unknown; readonly provider?: unknown }
  return { name: nameOf(name) ?? "", provider: nameOf(provider) ?? "" }
}

const rawLimits = JsonSnapshot.limitsBelowMeta(1)

const json = (u: unknown, path: string): Measured<Json | undefined> => JsonSnapshot.take(u, rawLimits, path)

const object = (u: unknown, path: string): Measured<JsonObject | undefined> => {
  const part = json(u, path)
  return JsonSnapshot.isObject(part.value)
    ? part as Measured<JsonObject>
    : { value: undefined, bytes: 0, problems: part.problems }
}

// `_dd` belongs to the library.
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
    value: part.value === undefined ? undefined : { _tag, value: part.value } as SpanIo
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

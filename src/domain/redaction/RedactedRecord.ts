/**
 * Redaction of a record: the rules run over a copy, and the event is rendered from their result.
 *
 * **Details**
 *
 * Redaction fails closed. If a rule throws or returns a value that is no span, the event loses its content; an
 * unreadable field is left out. The span itself is kept, with its identity, times, model and token counts.
 *
 * @since 0.1.0
 */
import * as Metrics from "../content/Metrics.ts"
import * as Problem from "../Problem.ts"
import * as Promised from "../Promised.ts"
import type { Annotation } from "../span/Annotation.ts"
import type { Retention } from "../span/SpanContext.ts"
import type { SpanError } from "../span/SpanError.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as SpanRecords from "../span/SpanRecord.ts"
import { libraryTags } from "./LibraryTags.ts"
import * as RedactableSpans from "./RedactableSpan.ts"
import type { RedactedFields } from "./RedactedFields.ts"
import * as Fields from "./RedactedFields.ts"
import type { Processor } from "./Redaction.ts"

/**
 * The redaction of a program. With `capture: "none"` no content leaves the process, whatever the rules return.
 *
 * **Example** (Rules, and no content)
 *
 * ```ts
 * { processors: [Redaction.secrets], capture: "all" }
 * { processors: [], capture: "none" }
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy {
  readonly processors: ReadonlyArray<Processor>
  readonly capture: "all" | "none"
}

/**
 * The record that may leave. With `dropped` its event must not leave: the record is then without content, for the APM
 * span.
 *
 * @category models
 * @since 0.1.0
 */
export interface Redacted<R = Retention> {
  readonly record: SpanRecord<R>
  readonly dropped: boolean
}

/**
 * Whether a policy changes anything. An inactive policy costs nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const isActive = (policy: Policy): boolean => policy.processors.length > 0 || policy.capture === "none"

const ruleFailed = Problem.make(
  "redaction_failed",
  "A redaction rule threw, or returned something that is no span, such as a promise. The event goes without its content; " +
    "correct the rule. See docs/redaction.md."
)

/**
 * The result of the rules: the redacted span, a drop, or a failure. `name` is the last name that the rules allowed.
 */
type Outcome =
  | { readonly _tag: "Allowed"; readonly span: { readonly [key: string]: unknown } }
  | { readonly _tag: "Dropped"; readonly name: string | undefined }
  | { readonly _tag: "Failed" }

const run = (view: RedactableSpans.RedactableSpan, processors: ReadonlyArray<Processor>): Outcome => {
  let span: unknown = view
  for (const processor of processors) {
    const before = span as { readonly name?: unknown }
    span = processor(span as RedactableSpans.RedactableSpan)
    if (span === undefined || span === null) return { _tag: "Dropped", name: Fields.nameOf(before.name) }
    if (!isSpan(span)) return { _tag: "Failed" }
  }
  return { _tag: "Allowed", span: span as { readonly [key: string]: unknown } }
}

// A promise is an object too, but a rule has to return its result at once.
const isSpan = (u: unknown): boolean => !Promised.take(u) && typeof u === "object" && u !== null && !Array.isArray(u)

/**
 * Runs the rules over a record, in order.
 *
 * **Example** (A rule that drops tool calls)
 *
 * ```ts
 * RedactedRecord.apply(record, { processors: [(span) => span.kind === "tool" ? undefined : span], capture: "all" })
 * // of a tool: { value: { record: …, dropped: true }, problems: [] }
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const apply = <R>(record: SpanRecord<R>, policy: Policy): Problem.Checked<Redacted<R>> => {
  const bare = (record: SpanRecord<R>) => policy.capture === "none" ? withoutContent(record) : record
  if (policy.processors.length === 0) return Problem.ok({ record: bare(record), dropped: false })
  try {
    const outcome = run(RedactableSpans.fromRecord(record), policy.processors)
    switch (outcome._tag) {
      case "Allowed": {
        const { problems, value } = Fields.read(record, outcome.span)
        return { value: { record: bare(rebuild(record, value)), dropped: false }, problems }
      }
      case "Dropped":
        return Problem.ok({ record: identity(record, outcome.name), dropped: true })
      case "Failed":
        return { value: { record: identity(record), dropped: false }, problems: [ruleFailed] }
    }
  } catch {
    return { value: { record: identity(record), dropped: false }, problems: [ruleFailed] }
  }
}

// Applies the rules to data that the library writes on an APM span. If one of them fails, as little as possible is
// kept.
const applyToApm = <A>(
  view: RedactableSpans.RedactableSpan,
  processors: ReadonlyArray<Processor>,
  nothing: A,
  read: (span: { readonly [key: string]: unknown }) => A
): Problem.Checked<A> => {
  try {
    const outcome = run(view, processors)
    if (outcome._tag === "Failed") return { value: nothing, problems: [ruleFailed] }
    return Problem.ok(outcome._tag === "Allowed" ? read(outcome.span) : nothing)
  } catch {
    return { value: nothing, problems: [ruleFailed] }
  }
}

/**
 * Runs the rules over the error of a plain APM span, because it can repeat the error of an LLM span inside it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyToError = (
  name: string,
  error: SpanError,
  policy: Policy
): Problem.Checked<SpanError> => {
  const { problems, value } = policy.processors.length === 0
    ? Problem.ok(error)
    : applyToApm(
      { kind: "apm", name, tags: {}, error: { ...error } },
      policy.processors,
      Fields.noError,
      (span) => Fields.errorOf(span["error"])
    )
  return { value: policy.capture === "none" ? { ...Fields.noError, type: value.type } : value, problems }
}

/**
 * Runs the rules over tags that the library itself writes on an APM span, such as `baggage.user.id`. A tag that repeats
 * a label is shown as that label, so a rule that removes `userId` removes this tag as well.
 *
 * @category combinators
 * @since 0.2.0
 */
export const applyToTags = (
  name: string,
  tags: ReadonlyMap<string, string>,
  policy: Policy
): Problem.Checked<ReadonlyMap<string, string>> =>
  policy.processors.length === 0 || tags.size === 0
    ? Problem.ok(tags)
    : applyToApm(RedactableSpans.fromApmTags(name, tags), policy.processors, noTags, Fields.apmTags)

const noTags: ReadonlyMap<string, string> = new Map()

const keptMetrics: ReadonlySet<string> = new Set(Object.values(Metrics.aliases))

const rebuild = <R>(record: SpanRecord<R>, change: RedactedFields): SpanRecord<R> => {
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
 * The record without anything that the program, a request or a model wrote. It keeps identity and times, the model,
 * token counts, and the tags that the library itself writes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const identity = <R>(record: SpanRecord<R>, name?: string): SpanRecord<R> => {
  const { annotation, context } = record
  const tags: { [key: string]: string } = {}
  for (const key of libraryTags) {
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
    error: record.error === undefined ? undefined : Fields.noError
  })
}

/**
 * The record without its content: no input, output, expected output, metadata, intent, configuration, tool definitions or
 * manifest. The prompt keeps its id, version and label, and an error its type. Names, tags, labels and metrics stay.
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
    context: {},
    annotation,
    tags: record.tags,
    error: record.error === undefined ? undefined : { ...Fields.noError, type: record.error.type }
  })
}

// The size of a rendered prompt without the user's texts.
const promptBytes = 256

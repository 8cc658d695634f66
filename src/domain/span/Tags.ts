/**
 * The tags of a span: their sources and their order.
 *
 * **Details**
 *
 * Tags are one map from text to text; a later write replaces an earlier one. The order is
 *
 * 1. `DD_TAGS`
 * 2. the unified service tags and the library's own (`env`, `service`, `version`, `source`, `ml_app`, `agent_service`,
 *    `ddtrace.version`, `language`)
 * 3. git metadata
 * 4. the experiment that baggage names
 * 5. `annotateSpans`, from the outermost to the innermost, then annotations in order
 * 6. the resolved `session_id`, `usr.id` and `usr.account_id`
 * 7. `agent_version`, on agent spans
 *
 * `error` and `error_type` are not here: the event has them, and the struct that rides a trace does not.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"
import type { Retention, SpanContext } from "./SpanContext.ts"

/**
 * Tags by key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tags {
  readonly [key: string]: string
}

/**
 * The tags of the process.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProcessTags {
  readonly env: string | undefined
  readonly version: string | undefined
  /** `DD_TAGS`, without git keys and without the keys that name a session, a user or an account. */
  readonly ddTags: Tags
  readonly git: { readonly repositoryUrl?: string | undefined; readonly commitSha?: string | undefined }
  readonly libraryVersion: string
}

/**
 * The sources of a span's tags.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input<R = Retention> {
  readonly process: ProcessTags
  /** The service of the APM span, or the configured one. */
  readonly service: string
  readonly context: SpanContext<R>
  /** The tags of annotations, those of `annotateSpans` included, already combined. */
  readonly annotated: Tags | undefined
  readonly agentVersion: string | undefined
}

/**
 * The keys under which a tag names a session, a user or an account, and the label each one sets.
 *
 * @category constants
 * @since 0.1.0
 */
export const labelKeys = {
  session_id: "sessionId",
  "usr.id": "userId",
  "usr.account_id": "accountId"
} as const

/**
 * The tag that names the way a prompt came to its span.
 *
 * @category constants
 * @since 0.1.0
 */
export const promptTrackingKey = "prompt_tracking_instrumentation_method"

/**
 * Writes the tags in the order given above. A caller that keeps the tags that its spans share gives them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = (
  input: Input<unknown>,
  first: Tags = ofProcess(input.process, input.service, input.context.mlApp.value)
): Tags => {
  const { context } = input
  const tags: { [key: string]: string } = { ...first }
  if (context.experiment !== undefined) assign(tags, context.experiment.tags)
  if (input.annotated !== undefined) assign(tags, input.annotated)
  if (context.session !== undefined) tags["session_id"] = context.session.value
  if (context.userId !== undefined) tags["usr.id"] = context.userId.value
  if (context.accountId !== undefined) tags["usr.account_id"] = context.accountId.value
  if (input.agentVersion !== undefined && context.kind === "agent") tags["agent_version"] = input.agentVersion
  return tags
}

/**
 * The tags of a span without any of its own.
 *
 * @category combinators
 * @since 0.2.0
 */
export const ofProcess = (process: ProcessTags, service: string, mlApp: string): { [key: string]: string } => {
  const tags: { [key: string]: string } = {
    ...process.ddTags,
    version: process.version ?? "",
    env: process.env ?? "",
    service,
    source: "integration",
    ml_app: mlApp,
    agent_service: mlApp,
    "ddtrace.version": process.libraryVersion,
    language: "javascript"
  }
  if (process.git.repositoryUrl !== undefined) tags["git.repository_url"] = process.git.repositoryUrl
  if (process.git.commitSha !== undefined) tags["git.commit.sha"] = process.git.commitSha
  return tags
}

// `Object.assign` would run the setter of a key named `__proto__`.
const assign = (target: { [key: string]: string }, source: Tags): void => {
  // A loop over keys makes no list of them. V8 leaves this call out of it, but makes that of `Object.hasOwn`.
  for (const key in source) {
    if (Object.prototype.hasOwnProperty.call(source, key)) set(target, key, source[key]!)
  }
}

const set = (target: { [key: string]: string }, key: string, value: string): void => {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else target[key] = value
}

/**
 * The tags as the event carries them: `key:value`, sorted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (tags: Tags): ReadonlyArray<string> => {
  const out: Array<string> = []
  for (const key of Object.keys(tags)) out.push(`${key}:${tags[key]}`)
  return out.sort()
}

/**
 * The tags with `_` for `.` in their keys: the intake of agentless APM reads a dot as nesting.
 *
 * @category combinators
 * @since 0.1.0
 */
export const underscored = (tags: Tags): Tags => {
  const out: { [key: string]: string } = {}
  for (const key of Object.keys(tags)) set(out, key.replaceAll(".", "_"), tags[key]!)
  return out
}

/**
 * {@link resolve} as a checked value. Tags are checked when they are given, so there are never problems here.
 *
 * @category combinators
 * @since 0.1.0
 */
export const checked = (input: Input<unknown>): Checked<Tags> => Problem.ok(resolve(input))

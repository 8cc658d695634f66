/**
 * The canonical record of a finished LLM Observability span.
 *
 * **Details**
 *
 * One record is kept for each finished span until its event is taken. It belongs to no export mode: the event for the
 * intake and the struct for an APM trace are both rendered from it when they are sent.
 *
 * @since 0.1.0
 */
import type { Prompt } from "../content/Prompt.ts"
import type { ToolDefinition } from "../content/ToolDefinition.ts"
import type { Annotation } from "./Annotation.ts"
import type { Retention, SpanContext } from "./SpanContext.ts"
import type { SpanError } from "./SpanError.ts"
import type { Tags } from "./Tags.ts"

/**
 * `startNs` is Unix time in nanoseconds, `durationNs` nanoseconds. `bytes` is an estimate of the rendered event that is
 * never below its size. Events and structs are rendered from a `SpanRecord`, whose retention decision is taken. Code
 * that only holds a record takes a `SpanRecord<unknown>`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanRecord<R = Retention> {
  readonly context: SpanContext<R>
  readonly startNs: bigint
  readonly durationNs: number
  readonly model: { readonly name: string; readonly provider: string } | undefined
  readonly annotation: Annotation
  readonly tags: Tags
  readonly prompt: Prompt | undefined
  readonly toolVersion: string | undefined
  readonly error: SpanError | undefined
  readonly bytes: number
}

/**
 * The inputs from which a record is made when the span ends.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finish<R = Retention> {
  readonly context: SpanContext<R>
  readonly startNs: bigint
  readonly durationNs: number
  readonly modelName: string | undefined
  readonly modelProvider: string | undefined
  readonly annotation: Annotation
  readonly tags: Tags
  /** The nearest LLM ancestor: an llm span without a prompt takes its prompt, a tool span its tool definitions. */
  readonly ancestor:
    | {
      readonly kind: SpanContext["kind"]
      readonly prompt: Prompt | undefined
      readonly toolDefinitions: ReadonlyArray<ToolDefinition> | undefined
    }
    | undefined
  readonly error: SpanError | undefined
}

/**
 * The model that is recorded if none was named.
 *
 * @category constants
 * @since 0.1.0
 */
export const unknownModel = "unknown"

// Ids, times, the fixed keys and the punctuation of an event and its envelope.
const fixedBytes = 1_200

// An UTF-16 unit becomes at most six bytes: `\u0000`.
const longestEscape = 6

// Each tag has quotes, a colon and a comma.
const tagBytes = (tags: Tags): number => {
  let bytes = 0
  // A loop over keys makes no list of them. V8 leaves this call out of it, but makes that of `Object.hasOwn`.
  for (const key in tags) {
    if (Object.prototype.hasOwnProperty.call(tags, key)) bytes += (key.length + tags[key]!.length) * longestEscape + 8
  }
  return bytes
}

const textBytes = (text: string | undefined): number => text === undefined ? 0 : text.length * longestEscape

/**
 * An estimate of the smallest size of the rendered event, as `bytes` is of the largest. It assumes that no character
 * needs an escape, and that no annotation replaced a value of an earlier one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const leastBytes = (self: SpanRecord<unknown>): number => self.bytes / longestEscape

/**
 * Freezes a finished span into its record.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finish = <R>(input: Finish<R>): SpanRecord<R> => new Finished(input)

// Nearly every record of a busy program survives some collections. V8 then allocates what a literal makes in the old
// generation, where a record that was delivered keeps all alive that it refers to. Instances of a class begin in the young
// generation, so everything that is held with an event is one.
class Finished<R> implements SpanRecord<R> {
  readonly context: SpanContext<R>
  readonly startNs: bigint
  readonly durationNs: number
  readonly model: SpanRecord["model"]
  readonly annotation: Annotation
  readonly tags: Tags
  readonly prompt: Prompt | undefined
  readonly toolVersion: string | undefined
  readonly error: SpanError | undefined
  readonly bytes: number

  constructor(input: Finish<R>) {
    const { annotation, ancestor, context, error } = input
    const kind = context.kind
    const prompt = kind !== "llm" ? undefined : annotation.prompt ?? ancestor?.prompt
    const model = kind === "llm" || kind === "embedding"
      ? {
        name: named(input.modelName) ?? unknownModel,
        provider: named(input.modelProvider)?.toLowerCase() ?? unknownModel
      }
      : undefined
    const toolVersion = kind === "tool"
      ? annotation.toolVersion ?? inheritedToolVersion(context.name, ancestor)
      : undefined
    this.context = context
    this.startNs = input.startNs
    this.durationNs = input.durationNs
    this.model = model
    this.annotation = annotation
    this.tags = input.tags
    this.prompt = prompt
    this.toolVersion = toolVersion
    this.error = error
    this.bytes = fixedBytes + annotation.bytes + tagBytes(input.tags) + identityBytes(context) +
      textBytes(model?.name) + textBytes(model?.provider) + textBytes(toolVersion) +
      (prompt === undefined
        ? 0
        : textBytes(context.mlApp.value) * 2 + (prompt === annotation.prompt ? 0 : promptBytes(prompt))) +
      (error === undefined ? 0 : textBytes(error.message) + textBytes(error.stack) + textBytes(error.type) * 2)
  }
}

/**
 * The part of a record for an APM span that does not carry its event: identity, model and metrics.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withoutContent = <R>(self: SpanRecord<R>): SpanRecord<R> => {
  const { metrics } = self.annotation
  return {
    ...self,
    annotation: metrics === undefined ? { bytes: 0 } : { metrics, bytes: 0 },
    tags: {},
    prompt: undefined,
    toolVersion: undefined,
    error: undefined
  }
}

// The texts of the identity that can be long: the user chooses names and sessions, an upstream chooses ids. The
// retention counts as fixed bytes, because it may not be decided yet.
const identityBytes = (context: SpanContext<unknown>): number =>
  textBytes(context.name) + textBytes(context.mlApp.value) + textBytes(context.session?.value) +
  textBytes(context.traceId) + textBytes(context.parentId) +
  (textBytes(context.agent?.name ?? undefined) + textBytes(context.agent?.spanId)) * 2

// A program without types can pass any value, and one bad option must not lose the event.
const named = (text: unknown): string | undefined =>
  typeof text === "string" && text !== "" ? text.toWellFormed() : undefined

const inheritedToolVersion = (name: string, ancestor: Finish["ancestor"]): string | undefined => {
  if (ancestor === undefined || ancestor.kind !== "llm" || ancestor.toolDefinitions === undefined) return undefined
  for (const tool of ancestor.toolDefinitions) {
    if (tool.name === name) return tool.version
  }
  return undefined
}

// The keys that every rendered prompt has, and the texts of an inherited prompt, which no annotation of this span
// counted.
const promptBytes = (prompt: Prompt): number => JSON.stringify(prompt).length * 6 + 256

/**
 * A finished span as a redaction rule sees it: a copy of all data that leaves the process.
 *
 * @since 0.1.0
 */
import type * as Document from "../content/Document.ts"
import type * as Message from "../content/Message.ts"
import type { ChatTemplateItem } from "../content/Prompt.ts"
import type { ToolDefinition } from "../content/ToolDefinition.ts"
import type { Json } from "../json/JsonSnapshot.ts"
import type { SpanError } from "../span/SpanError.ts"
import type { SpanLink } from "../span/SpanLink.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"

/**
 * The same data, mutable.
 *
 * @category models
 * @since 0.1.0
 */
export type Mutable<A> = A extends ReadonlyArray<infer B> ? Array<Mutable<B>>
  : A extends object ? { -readonly [K in keyof A]: Mutable<A[K]> }
  : A

/**
 * The prompt of an llm span, inherited or its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedactablePrompt {
  id?: string | undefined
  version?: string | undefined
  label?: string | undefined
  template?: string | Array<Mutable<ChatTemplateItem>> | undefined
  variables?: { [key: string]: Json } | undefined
  tags?: { [key: string]: string } | undefined
  promptUuid?: string | undefined
  promptVersionUuid?: string | undefined
  contextVariables?: Array<string> | undefined
  queryVariables?: Array<string> | undefined
}

/**
 * The fields of every kind. `tags` are all tags of the event except those that repeat another field: the session, the
 * user, the account and the application.
 *
 * @category models
 * @since 0.1.0
 */
export interface Common {
  name: string
  tags: { [key: string]: string }
  metrics?: { [key: string]: number } | undefined
  metadata?: { [key: string]: Json } | undefined
  expectedOutput?: Json | undefined
  error?: Mutable<SpanError> | undefined
  sessionId?: string | undefined
  userId?: string | undefined
  accountId?: string | undefined
  /** The application. It decides where the event belongs, so a rule can replace it but not remove it. */
  agentService?: string | undefined
  /** The name of the agent that the span works for. */
  parentAgent?: string | undefined
  intent?: string | undefined
  config?: { [key: string]: Json } | undefined
  spanLinks?: Array<Mutable<SpanLink>> | undefined
}

/**
 * The model of an llm or embedding span.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedactableModel {
  name: string
  provider: string
}

/**
 * A finished span. `kind` determines the form of its input and output.
 *
 * | kind | input | output |
 * | --- | --- | --- |
 * | `llm` | messages: `[{ role: "user", content: "Hi" }]` | messages |
 * | `embedding` | documents: `[{ text: "Hi" }]` | a text |
 * | `retrieval` | a text | documents: `[{ text: "Hi", score: 0.5, id: "d-1" }]` |
 * | `agent`, `workflow`, `task`, `tool` | a text; a structured value is compact JSON: `'{"id":7}'` | a text |
 * | `experiment` | the value as it was given: `{ id: 7 }` | the value |
 * | `apm` | none | none |
 *
 * `apm` is a plain span of the program, with the data that the library writes on it: its error, or the tags that come
 * from baggage (`baggage.user.id` is its `userId`).
 *
 * @category models
 * @since 0.1.0
 */
export type RedactableSpan =
  | Common & {
    readonly kind: "llm"
    model?: RedactableModel | undefined
    input?: Array<Mutable<Message.Message>> | undefined
    output?: Array<Mutable<Message.Message>> | undefined
    prompt?: RedactablePrompt | undefined
    toolDefinitions?: Array<Mutable<ToolDefinition>> | undefined
  }
  | Common & {
    readonly kind: "embedding"
    model?: RedactableModel | undefined
    input?: Array<Mutable<Document.Document>> | undefined
    output?: string | undefined
  }
  | Common & {
    readonly kind: "retrieval"
    input?: string | undefined
    output?: Array<Mutable<Document.Document>> | undefined
  }
  | Common & {
    readonly kind: "agent"
    input?: string | undefined
    output?: string | undefined
    /** The name of the agent in its manifest. */
    agentName?: string | undefined
    /** The manifest of the agent, by Datadog's names: `instructions`, `model`, `model_settings`, `tools`. */
    manifest?: { [key: string]: Json } | undefined
  }
  | Common & {
    readonly kind: "workflow" | "task"
    input?: string | undefined
    output?: string | undefined
  }
  | Common & {
    readonly kind: "tool"
    input?: string | undefined
    output?: string | undefined
    toolVersion?: string | undefined
  }
  | Common & {
    readonly kind: "experiment"
    input?: Json | undefined
    output?: Json | undefined
  }
  | Common & {
    readonly kind: "apm"
    input?: undefined
    output?: undefined
  }

/**
 * The tags that repeat a field, with the field.
 *
 * @category constants
 * @since 0.1.0
 */
export const derivedTags = {
  session_id: "sessionId",
  "usr.id": "userId",
  "usr.account_id": "accountId",
  ml_app: "agentService",
  agent_service: "agentService"
} as const

/**
 * The tags that APM spans get from baggage and that repeat a label, with the label.
 *
 * @category constants
 * @since 0.2.0
 */
export const derivedApmTags = {
  "baggage.session.id": "sessionId",
  "baggage.user.id": "userId",
  "baggage.account.id": "accountId"
} as const

/**
 * Makes a span for rules from tags of an APM span.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromApmTags = (name: string, tags: ReadonlyMap<string, string>): RedactableSpan => {
  const span: RedactableSpan = { kind: "apm", name, tags: {} }
  for (const [tag, value] of tags) {
    if (Object.hasOwn(derivedApmTags, tag)) span[derivedApmTags[tag as keyof typeof derivedApmTags]] = value
    else if (tag !== "__proto__") span.tags[tag] = value
  }
  return span
}

// A copy that shares nothing with its source.
const copy = <A>(json: A): Mutable<A> => {
  if (typeof json !== "object" || json === null) return json as Mutable<A>
  if (Array.isArray(json)) return json.map((item) => copy(item)) as Mutable<A>
  const out: { [key: string]: unknown } = {}
  for (const key of Object.keys(json)) {
    const value = copy((json as { readonly [key: string]: unknown })[key])
    if (key === "__proto__") {
      Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true })
    } else out[key] = value
  }
  return out as Mutable<A>
}

const set = <A extends object, K extends keyof A>(target: A, key: K, value: A[K] | undefined): void => {
  if (value !== undefined) target[key] = value
}

/**
 * Copies the parts of a record that leave the process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRecord = (record: SpanRecord<unknown>): RedactableSpan => {
  const { annotation, context, error, model, prompt } = record
  const labels = {
    sessionId: context.session?.value,
    userId: context.userId?.value,
    accountId: context.accountId?.value,
    agentService: context.mlApp.value
  }
  const tags = copy(record.tags)
  for (const key of Object.keys(derivedTags) as Array<keyof typeof derivedTags>) {
    if (Object.hasOwn(tags, key) && tags[key] === labels[derivedTags[key]]) delete tags[key]
  }
  const span: Common & { [key: string]: unknown } = { name: context.name, tags }
  Object.assign(span, { kind: context.kind })
  set(span, "input", copy(annotation.input?.value))
  set(span, "output", copy(annotation.output?.value))
  set(span, "model", copy(model))
  set(span, "metrics", copy(annotation.metrics))
  set(span, "metadata", copy(annotation.metadata) as Common["metadata"])
  set(span, "expectedOutput", copy(annotation.expectedOutput) as Json | undefined)
  set(span, "error", copy(error))
  set(span, "sessionId", labels.sessionId)
  set(span, "userId", labels.userId)
  set(span, "accountId", labels.accountId)
  set(span, "agentService", labels.agentService)
  set(span, "parentAgent", context.agent?.name ?? undefined)
  if (context.kind === "agent") {
    set(span, "agentName", annotation.agentName)
    set(span, "manifest", copy(annotation.manifest))
  }
  set(span, "intent", annotation.intent)
  set(span, "config", copy(annotation.config) as Common["config"])
  set(span, "spanLinks", copy(annotation.spanLinks))
  set(span, "toolVersion", record.toolVersion)
  if (context.kind === "llm") {
    set(span, "toolDefinitions", copy(annotation.toolDefinitions))
    if (prompt !== undefined) {
      const {
        _dd_context_variable_keys: contextVariables,
        _dd_query_variable_keys: queryVariables,
        chat_template: chat,
        prompt_uuid: promptUuid,
        prompt_version_uuid: promptVersionUuid,
        ...rest
      } = prompt
      const view: { [key: string]: unknown } = copy(rest)
      set(view, "template", copy(rest.template ?? chat))
      set(view, "promptUuid", promptUuid)
      set(view, "promptVersionUuid", promptVersionUuid)
      set(view, "contextVariables", copy(contextVariables))
      set(view, "queryVariables", copy(queryVariables))
      span["prompt"] = view
    }
  }
  return span as unknown as RedactableSpan
}

/**
 * Runs of LangChain and LangGraph, as spans take them.
 */
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import { member, text } from "../../domain/json/UnknownFields.ts"
import * as Tools from "../../domain/provider/Tools.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"

/** The start of a run. */
export interface RunStart {
  readonly runId: string
  readonly parentRunId: string | undefined
  /** The run's serialised class. */
  readonly of: unknown
  readonly name: unknown
  readonly tags: unknown
  readonly metadata: unknown
  /** The type of a chain. */
  readonly type?: unknown
}

const classOf = (of: unknown): string | undefined => {
  const id = member(of, "id")
  return Array.isArray(id) ? text(id.at(-1)) : undefined
}

/** The name of a run: its own, that of its class, or a last one. */
export const nameOf = ({ name, of }: RunStart, otherwise: string): string =>
  text(name) ?? text(member(of, "name")) ?? classOf(of) ?? otherwise

/**
 * Whether a run is a step of the libraries' own, which Datadog's tracer leaves out: prompts, parsers, functions without a
 * name such as the conditions of a graph, and the parts of a graph that only move its state.
 */
export const isHidden = (run: RunStart): boolean =>
  run.type === "prompt" || run.type === "parser" || nameOf(run, "") === "RunnableLambda" ||
  Array.isArray(run.tags) && run.tags.includes("langsmith:hidden")

/** The kind of a chain: the node of a graph is a step, a chain or a graph is a workflow. */
export const kindOfChain = (run: RunStart): SpanKind => isNode(run) ? "task" : "workflow"

const isNode = (run: RunStart): boolean => {
  const node = text(member(run.metadata, "langgraph_node"))
  return node !== undefined && node === text(run.name)
}

/** The name of the integration: that of the library that made the run. */
export const integrationOf = (run: RunStart): string => {
  const id = member(run.of, "id")
  const isGraph = isNode(run) || text(run.name) === "LangGraph" || (Array.isArray(id) && id[0] === "langgraph")
  return isGraph ? "langgraph" : "langchain"
}

/** The session and the user in the metadata of a run. A thread of LangGraph is a session. */
export const labels = (metadata: unknown): { readonly sessionId: unknown; readonly userId: unknown } => {
  const of = (...names: ReadonlyArray<string>): unknown =>
    names.map((name) => text(member(metadata, name))).find((value) => value !== undefined)
  return {
    sessionId: of("session_id", "sessionId", "conversation_id", "thread_id"),
    userId: of("user_id", "userId")
  }
}

/** The request of a model. `extra` holds its parameters. */
export const request = (messages: unknown, extra: unknown, metadata: unknown): AnnotationInput => {
  const given = member(extra, "invocation_params")
  const model = text(member(metadata, "ls_model_name")) ?? text(member(given, "model"))
  const provider = text(member(metadata, "ls_provider"))
  const tools = Tools.read(JsonSnapshot.take(member(given, "tools")).value)
  const parameters = {
    temperature: member(metadata, "ls_temperature") ?? member(given, "temperature"),
    maxTokens: member(metadata, "ls_max_tokens") ?? member(given, "max_tokens")
  }
  return {
    ...(model === undefined ? undefined : { model }),
    ...(provider === undefined ? undefined : { provider }),
    ...(tools.length === 0 ? undefined : { toolDefinitions: tools }),
    input: messages as {},
    metadata: Object.fromEntries(
      Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null)
    )
  }
}

/** The result of a model. The model that answered counts, as with every other client. */
export const answer = (result: unknown): AnnotationInput => {
  const message = member(member(member(member(result, "generations"), "0"), "0"), "message")
  const said = member(message, "response_metadata") ?? member(member(message, "kwargs"), "response_metadata")
  const model = text(member(said, "model_name")) ?? text(member(said, "model"))
  return { output: result as {}, ...(model === undefined ? undefined : { model }) }
}

/** The result of a tool: a message that holds one counts as its content. */
export const toolOutput = (output: unknown): unknown => member(output, "content") ?? output

/** The documents of a search. */
export const documents = (found: unknown): ReadonlyArray<{ readonly text: string; readonly id?: string }> =>
  (Array.isArray(found) ? found : []).map((document: unknown) => {
    const id = text(member(document, "id"))
    const content = member(document, "pageContent")
    return { text: typeof content === "string" ? content : "", ...(id === undefined ? undefined : { id }) }
  })

/**
 * The end of a run that failed. LangGraph pauses a run by an error, which is no failure, and neither is the caller's wish to
 * stop.
 */
export const failure = (error: unknown): SpanEnd => {
  if (member(error, "is_bubble_up") === true) return {}
  return member(error, "name") === "AbortError" ? { interrupted: true } : { error: error ?? new Error() }
}

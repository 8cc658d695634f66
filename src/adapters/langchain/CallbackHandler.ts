/**
 * A callback handler of LangChain, by its members: nothing of LangChain is imported.
 */
import * as LangChainValue from "../../domain/provider/LangChainValue.ts"
import type { LangChainRuns } from "./LangChainRuns.ts"
import * as RunDescriptions from "./RunDescription.ts"

type Id = string | undefined

export class CallbackHandler {
  private readonly runs: LangChainRuns
  readonly name = "effect-llmobs"
  readonly lc_serializable = false
  readonly ignoreLLM = false
  readonly ignoreChain = false
  readonly ignoreAgent = false
  readonly ignoreRetriever = false
  readonly ignoreCustomEvent = true
  readonly raiseError = false
  // Handlers are called in order, and before the call goes on.
  readonly awaitHandlers = true

  constructor(runs: LangChainRuns) {
    this.runs = runs
  }

  copy(): this {
    return this
  }

  handleChatModelStart(
    of: unknown,
    batches: ReadonlyArray<ReadonlyArray<unknown>>,
    runId: string,
    parentRunId?: Id,
    extra?: unknown,
    tags?: unknown,
    metadata?: unknown,
    name?: unknown
  ): void {
    this.runs.start(
      { runId, parentRunId, of, name, tags, metadata },
      "llm",
      () => RunDescriptions.request(batches.flat(), extra, metadata)
    )
  }

  handleLLMStart(
    of: unknown,
    prompts: ReadonlyArray<unknown>,
    runId: string,
    parentRunId?: Id,
    extra?: unknown,
    tags?: unknown,
    metadata?: unknown,
    name?: unknown
  ): void {
    this.runs.start(
      { runId, parentRunId, of, name, tags, metadata },
      "llm",
      () => RunDescriptions.request(prompts, extra, metadata)
    )
  }

  handleLLMNewToken(token: unknown, _index: unknown, runId: string): void {
    this.runs.token(runId, token)
  }

  handleLLMEnd(result: unknown, runId: string): void {
    this.runs.end(runId, () => RunDescriptions.answer(result))
  }

  handleLLMError(error: unknown, runId: string): void {
    this.runs.fail(runId, error)
  }

  // The published type of this member has another order.
  handleChainStart(
    of: unknown,
    inputs: unknown,
    runId: string,
    parentRunId?: Id,
    tags?: unknown,
    metadata?: unknown,
    type?: unknown,
    name?: unknown
  ): void {
    this.runs.start(
      { runId, parentRunId, of, name, tags, metadata, type },
      "chain",
      () => ({ input: LangChainValue.read(inputs) })
    )
  }

  handleChainEnd(output: unknown, runId: string): void {
    this.runs.end(runId, () => ({ output: LangChainValue.read(output) }))
  }

  handleChainError(error: unknown, runId: string): void {
    this.runs.fail(runId, error)
  }

  handleToolStart(
    of: unknown,
    input: unknown,
    runId: string,
    parentRunId?: Id,
    tags?: unknown,
    metadata?: unknown,
    name?: unknown,
    toolCallId?: unknown
  ): void {
    this.runs.start({ runId, parentRunId, of, name, tags, metadata }, "tool", () => ({
      input: input as {},
      ...(typeof toolCallId === "string" ? { metadata: { tool_call_id: toolCallId } } : undefined)
    }))
  }

  handleToolEnd(output: unknown, runId: string): void {
    this.runs.end(runId, () => ({ output: RunDescriptions.toolOutput(output) as {} }))
  }

  handleToolError(error: unknown, runId: string): void {
    this.runs.fail(runId, error)
  }

  handleRetrieverStart(
    of: unknown,
    query: unknown,
    runId: string,
    parentRunId?: Id,
    tags?: unknown,
    metadata?: unknown,
    name?: unknown
  ): void {
    this.runs.start({ runId, parentRunId, of, name, tags, metadata }, "retrieval", () => ({ input: query as {} }))
  }

  handleRetrieverEnd(found: unknown, runId: string): void {
    this.runs.end(runId, () => ({ output: RunDescriptions.documents(found) }))
  }

  handleRetrieverError(error: unknown, runId: string): void {
    this.runs.fail(runId, error)
  }
}

/** The class of handlers that report to the same runs. LangChain makes one for each run that has none of this name around it. */
export const make = (runs: LangChainRuns): new() => CallbackHandler =>
  class extends CallbackHandler {
    constructor() {
      super(runs)
    }
  }

/** The variable by which LangChain makes handlers for every run. */
export const variable = "EFFECT_LLMOBS_LANGCHAIN"

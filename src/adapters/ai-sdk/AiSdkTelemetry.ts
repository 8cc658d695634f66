/**
 * An integration of the AI SDK's own telemetry, of version 7. Nothing of the SDK is imported or patched.
 */
import * as UnknownFields from "../../domain/json/UnknownFields.ts"
import { guard } from "../../engine/books/Guard.ts"
import type { RunningLayer } from "../../engine/context/RunningLayers.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import * as NamedLabels from "../../engine/record/NamedLabels.ts"
import { AiSdkOperation } from "./AiSdkOperation.ts"
import type { TelemetryEvent } from "./TelemetryEvent.ts"
import * as TelemetryEvents from "./TelemetryEvent.ts"

/** The members that the SDK calls. */
export interface Integration {
  readonly onStart: (event: object) => void
  readonly onEnd: (event: object) => void
  readonly onAbort: (event: object) => void
  readonly onError: (event: unknown) => void
  readonly onLanguageModelCallStart: (event: object) => void
  readonly onLanguageModelCallEnd: (event: object) => void
  readonly onObjectStepStart: (event: object) => void
  readonly onObjectStepEnd: (event: object) => void
  readonly onEmbedStart: (event: object) => void
  readonly onEmbedEnd: (event: object) => void
  readonly onToolExecutionStart: (event: object) => void
  readonly onToolExecutionEnd: (event: object) => void
  readonly executeLanguageModelCall: <A>(
    options: { readonly callId: string; readonly execute: () => PromiseLike<A> }
  ) => PromiseLike<A>
  readonly executeTool: <A>(
    options: { readonly callId: string; readonly toolCallId: string; readonly execute: () => PromiseLike<A> }
  ) => PromiseLike<A>
}

// An operation that neither ends nor goes on for this time was left by its consumer.
const defaultQuietMillis = 60_000

// More operations are not open at a time; the oldest was most likely left.
const mostOperations = 10_000

export const make = (quietMillis = defaultQuietMillis): Integration => {
  const operations = new Map<string, AiSdkOperation>()

  const begin = (layer: RunningLayer, id: string, event: TelemetryEvent): void => {
    const operation = TelemetryEvents.operation(event)
    const reader = layer.current()
    if (operation === undefined || operations.has(id) || RunningLayers.isClaimed(reader)) return
    if (operations.size >= mostOperations) operations.values().next().value?.leaveOpen()
    const options = NamedLabels.of(reader, TelemetryEvents.labels(event))
    const started = new AiSdkOperation(layer, operation.kind, operation.name, options, () => operations.delete(id))
    operations.set(id, started)
    started.span.annotate(TelemetryEvents.operationInput(event, operation.kind))
  }

  /** Handles an event of a running operation. */
  const on = (
    place: string,
    handle: (operation: AiSdkOperation, event: TelemetryEvent) => void
  ): (given: unknown) => void =>
  (given) => {
    const event = given as TelemetryEvent
    const operation = operations.get(idOf(given) ?? "")
    if (operation !== undefined) {
      guard(operation.layer.diagnostics, `ai_sdk.${place}`, () => handle(operation, event), undefined)
    }
  }

  const onCallStart = on("call", (operation, event) => {
    operation.call?.end()
    operation.call = operation.start("llm", TelemetryEvents.named(event, "languageModelCall"))
    if (operation.call.open !== undefined) operation.call.open.claimed = true
    operation.call.annotate(TelemetryEvents.request(event))
  })

  const onCallEnd = on("answer", (operation, event) => {
    operation.call?.annotate(TelemetryEvents.answer(event))
    operation.call?.end()
    operation.call = undefined
    if (TelemetryEvents.asksForTools(event)) operation.goesOn()
    else operation.endsWithin(quietMillis)
  })

  const onObjectStep = on("object", (operation) => {
    if (operation.call !== undefined) operation.leaves.set("object", operation.layer.enter(operation.call))
  })

  const onObjectDone = on("object", (operation) => operation.leaves.get("object")?.())

  return {
    onStart: (event) => {
      const layer = RunningLayers.ofCaller()
      const id = idOf(event)
      if (layer === undefined || id === undefined) return
      guard(layer.diagnostics, "ai_sdk.start", () => begin(layer, id, event as TelemetryEvent), undefined)
    },
    onEnd: on("end", (operation, event) => {
      operation.span.annotate(TelemetryEvents.operationOutput(event, operation.kind))
      operation.end()
    }),
    onAbort: on("abort", (operation) => operation.end({ interrupted: true })),
    onError: on("error", (operation, event) => {
      const error = event["error"] ?? event
      operation.end(isAbort(error) ? { interrupted: true } : { error })
    }),
    onLanguageModelCallStart: onCallStart,
    onLanguageModelCallEnd: onCallEnd,
    // Calls for objects and embeddings have no wrapper, so the function of the SDK that makes the call is put into the span.
    onObjectStepStart: (event) => {
      onCallStart(event)
      onObjectStep(event)
    },
    onObjectStepEnd: (event) => {
      onCallEnd(event)
      onObjectDone(event)
    },
    onEmbedStart: on("embed", (operation, event) => {
      operation.leaves.set(String(event["embedCallId"]), operation.layer.enter(operation.span))
    }),
    onEmbedEnd: on("embed", (operation, event) => {
      operation.leaves.get(String(event["embedCallId"]))?.()
      operation.leaves.delete(String(event["embedCallId"]))
      operation.goesOn()
    }),
    onToolExecutionStart: on("tool", (operation, event) => {
      const name = UnknownFields.text(UnknownFields.member(event["toolCall"], "toolName")) ?? "tool"
      const span = operation.start("tool", TelemetryEvents.named(event, name))
      span.annotate(TelemetryEvents.toolInput(event))
      operation.tools.set(toolCallId(event), span)
    }),
    onToolExecutionEnd: on("result", (operation, event) => {
      const span = operation.tools.get(toolCallId(event))
      operation.tools.delete(toolCallId(event))
      const { annotation, error } = TelemetryEvents.toolOutput(event)
      span?.annotate(annotation)
      span?.end({ error })
      operation.goesOn()
    }),
    executeLanguageModelCall: ({ callId, execute }) => {
      const operation = operations.get(callId)
      return operation?.call === undefined ? execute() : operation.layer.run(operation.call, execute)
    },
    executeTool: ({ callId, execute, toolCallId }) => {
      const operation = operations.get(callId)
      const tool = operation?.tools.get(toolCallId)
      return tool === undefined ? execute() : operation!.layer.run(tool, execute)
    }
  }
}

/** The id of a call. `undefined` also if reading it throws. */
const idOf = (event: unknown): string | undefined => {
  try {
    return UnknownFields.text(UnknownFields.member(event, "callId"))
  } catch {
    return undefined
  }
}

const toolCallId = (event: TelemetryEvent): string =>
  UnknownFields.text(UnknownFields.member(event["toolCall"], "toolCallId")) ?? ""

const isAbort = (error: unknown): boolean => UnknownFields.member(error, "name") === "AbortError"

/** Adds an integration to those of the process, once, in the place that `registerTelemetry` of the SDK keeps them. */
export const register = (integration: Integration): void => {
  const place = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: Array<unknown> }
  const registered = place.AI_SDK_TELEMETRY_INTEGRATIONS ??= []
  if (Array.isArray(registered) && !registered.includes(integration)) registered.push(integration)
}

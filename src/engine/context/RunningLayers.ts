/**
 * The layers that run in this process, for code that no layer can be provided to: functions that a program gives to the
 * client of a provider or to a framework, and listeners of the process.
 *
 * **Details**
 *
 * Such a call belongs to the layer whose fiber or scope is around it, else to the layer that was built last. Without a
 * layer nothing is recorded.
 */
import * as Context from "effect/Context"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { SpanOptions } from "../../ports/Recorder.ts"
import { Recorder } from "../../ports/Recorder.ts"
import type { PairedSpan } from "../record/PairedSpan.ts"
import type { FrameworkScope } from "./FrameworkScopes.ts"
import * as ProcessWide from "./ProcessWide.ts"

/** Spans of plain JavaScript in one layer. No member throws. */
export interface PlainCaller {
  /** Whether the caller is inside a fiber or a scope of this layer. */
  readonly isInside: () => boolean
  /**
   * The context of the caller: that of the innermost scope around it, or of the fiber that waits for it, else that of the
   * layer.
   */
  readonly current: () => ContextReader
  /**
   * Opens a span under the current one. Its owner ends it. A span that is still open when the layer closes is ended
   * then.
   */
  readonly start: (
    kind: SpanKind,
    name: string,
    options?: SpanOptions & { readonly at?: bigint | undefined }
  ) => PairedSpan
  /** Calls a function inside a span, which stays open: spans that it starts, now or later, are children. */
  readonly run: <A>(span: PairedSpan, body: () => A) => A
  /** Calls a function with a changed context, such as annotations or an account. */
  readonly within: <A>(change: (context: Context.Context<never>) => Context.Context<never>, body: () => A) => A
  /**
   * Puts the rest of the caller's function, and the function that awaits it, inside a span, for a framework that has no
   * way to run its call in a scope. The returned function goes back.
   */
  readonly enter: (span: PairedSpan) => () => void
  /** The inside of a span, opened by the caller, of a framework that carries its own current span. */
  readonly scopeOf: (span: PairedSpan) => FrameworkScope
}

/** The plain JavaScript of the layer that a context belongs to. */
export const CurrentPlainCaller: Context.Reference<PlainCaller | undefined> = Context.Reference<
  PlainCaller | undefined
>("effect-llmobs/engine/PlainCaller", { defaultValue: () => undefined })

/** A layer while it runs. */
export interface RunningLayer extends PlainCaller {
  readonly diagnostics: DiagnosticsService
  /** The plain JavaScript of this layer, by which the layer's context names it. */
  readonly caller: PlainCaller
  /** Calls a function when the layer closes, before its open spans are ended. The returned function takes it back. */
  readonly onClose: (listener: () => void) => () => void
}

interface Running {
  readonly layers: Set<RunningLayer>
  /** Lines that no layer was there to log, by their keys. */
  readonly lines: Map<string, string>
  /** Whether plain code looks for the fiber around it, wherever that is. */
  looksForFibers: boolean
}

const running = ProcessWide.get(
  "RunningLayers/1",
  (): Running => ({ layers: new Set(), lines: new Map(), looksForFibers: false })
)

// A program makes a handful of clients.
const mostLines = 16

/** Adds a layer. The returned function removes it and tells the listeners. */
export const start = (caller: PlainCaller, diagnostics: DiagnosticsService): () => void => {
  const listeners = new Set<() => void>()
  const layer: RunningLayer = {
    ...caller,
    caller,
    diagnostics,
    onClose: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    }
  }
  running.layers.add(layer)
  for (const [key, line] of running.lines) diagnostics.warnOnce(key, line)
  running.lines.clear()
  return () => {
    running.layers.delete(layer)
    for (const listener of listeners) {
      try {
        listener()
      } catch (error) {
        diagnostics.defect("layer.close", error)
      }
    }
  }
}

/** The layer that the caller belongs to. */
export const ofCaller = (): RunningLayer | undefined => {
  if (running.layers.size === 0) return undefined
  const layers = [...running.layers]
  return layers.findLast((layer) => layer.isInside()) ?? layers.at(-1)
}

/** The layer that a context belongs to. */
export const ofContext = (context: Context.Context<never>): RunningLayer | undefined => {
  const caller = Context.get(context, CurrentPlainCaller)
  for (const layer of running.layers) if (layer.caller === caller) return layer
  return undefined
}

/** Logs a line once, now or when the next layer starts. */
export const warnOnce = (key: string, line: string): void => {
  const layer = ofCaller()
  if (layer !== undefined) layer.diagnostics.warnOnce(key, line)
  else if (running.lines.size < mostLines) running.lines.set(key, line)
}

/**
 * Lets fibers leave their context to the promises and callbacks that they wait for, wherever they are, from now on. Without
 * it only those in a recorded span do, because each step of a fiber costs a little.
 */
export const lookForFibers = (): void => {
  running.looksForFibers = true
}

/** Whether fibers leave their context everywhere. */
export const looksForFibers = (): boolean => running.looksForFibers

/**
 * Whether the provider call around the caller already has an event: an adapter has claimed it, or the program describes it
 * by an llm or embedding span of its own, which may be a span of another tracer. A second event would count its tokens twice.
 */
export const isClaimed = (reader: ContextReader): boolean => {
  const span = reader.getRef(Recorder)?.around(reader)
  return span !== undefined && !span.ended &&
    (span.claimed || span.context.kind === "llm" || span.context.kind === "embedding")
}

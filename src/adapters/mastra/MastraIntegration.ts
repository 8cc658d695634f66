/**
 * The observability of Mastra: a bridge, which it also runs its work in, and an exporter. Nothing of Mastra is imported.
 */
import * as Effect from "effect/Effect"
import * as UnknownFields from "../../domain/json/UnknownFields.ts"
import { guard } from "../../engine/books/Guard.ts"
import type { RunningLayer } from "../../engine/context/RunningLayers.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import { Delivery } from "../../ports/Delivery.ts"
import type { ExportedSpan } from "./ExportedSpan.ts"
import { MastraRuns } from "./MastraRuns.ts"

/** The members that Mastra calls, of a bridge and of an exporter. None throws or rejects by itself. */
export interface Integration {
  readonly name: string
  readonly onTracingEvent: (event: object) => void
  /** The member that the first releases call. */
  readonly exportTracingEvent: (event: object) => Promise<void>
  /** Leaves it to Mastra to make the ids of its spans. */
  readonly createSpan: (options: object) => undefined
  readonly executeInContext: <A>(spanId: string, execute: () => Promise<A>) => Promise<A>
  readonly executeInContextSync: <A>(spanId: string, execute: () => A) => A
  /** Sends what waits. */
  readonly flush: () => Promise<void>
  /** Ends the spans that are still open, and sends what waits. */
  readonly shutdown: () => Promise<void>
}

export const make = (): Integration => {
  const runs = new MastraRuns()
  const layers = new Set<RunningLayer>()

  const remember = (layer: RunningLayer): void => {
    if (layers.has(layer)) return
    layers.add(layer)
    layer.onClose(() => layers.delete(layer))
  }

  const onTracingEvent = (event: object): void => {
    const layer = RunningLayers.ofCaller()
    if (layer === undefined) return
    guard(layer.diagnostics, "mastra.event", () => {
      const given = UnknownFields.member(event, "exportedSpan") as ExportedSpan | undefined
      if (typeof given?.id !== "string") return
      const type = UnknownFields.member(event, "type")
      if (type === "span_started") {
        remember(layer)
        runs.start(layer, given)
      } else if (type === "span_updated") runs.update(given)
      else if (type === "span_ended") runs.end(given)
    }, undefined)
  }

  const flushLayer = async (layer: RunningLayer): Promise<void> => {
    await guard(
      layer.diagnostics,
      "mastra.flush",
      (): Promise<unknown> => Effect.runPromise(layer.current().getRef(Delivery).flush),
      Promise.resolve()
    )
  }

  const flush = async (): Promise<void> => {
    await Promise.all([...layers].map(flushLayer))
  }

  return {
    name: "effect-llmobs",
    onTracingEvent,
    exportTracingEvent: async (event) => onTracingEvent(event),
    createSpan: () => undefined,
    executeInContext: (id, body) => runs.execute(id, false, body),
    // Mastra calls models this way alone.
    executeInContextSync: (id, body) => runs.execute(id, true, body),
    flush,
    shutdown: () => {
      runs.endAll()
      return flush()
    }
  }
}

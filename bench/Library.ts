/** A library under measurement, as the bench uses it. Each file in `libraries` exports `start`. */
import type { PlannedSpan } from "./PlannedSpan.ts"
import type { Step } from "./Steps.ts"

export interface Running {
  /** Makes the spans one after the other, without giving up the thread unless a plan waits. */
  readonly run: (plans: ReadonlyArray<PlannedSpan>) => Step
  /** Makes the spans at the same time. */
  readonly runTogether: (plans: ReadonlyArray<PlannedSpan>) => Promise<void>
  /** Asks for delivery; awaited if the library can tell when that is done. */
  readonly flush: () => Step
  /** Sends what would wait for a timer: asked once, when all spans are made. */
  readonly drain?: (() => void) | undefined
  readonly close: () => Step
}

/** Starts the library. It delivers to the sink at this address. */
export type Start = (sink: string) => Promise<Running>

export interface Library {
  readonly title: string
  /** The file that exports `start`. */
  readonly file: string
  /** Whether the spans reach the sink. Anchors that only make spans have nothing to lose. */
  readonly delivers: boolean
  /** The time without a request after which everything has been sent: longer for a library whose flush cannot be awaited. */
  readonly quietMillis: number
}

const library = (title: string, file: string, more: Partial<Library> = {}): Library => ({
  title,
  file,
  delivers: true,
  quietMillis: 120,
  ...more
})

/** Every library by its name on the command line, in the order of the tables. */
export const libraries = {
  "effect-riding": library("ours, riding", "EffectRiding.ts"),
  "effect-rescued": library("ours, rescued", "EffectRescued.ts"),
  "effect-off": library("ours, APM off", "EffectOff.ts"),
  "effect-fiber": library("ours, riding, a fiber a span", "EffectFiber.ts"),
  "effect-sync": library("ours, riding, `runSync` a span", "EffectSync.ts"),
  embedded: library("ours, embedded: core and wire", "Embedded.ts"),
  "dd-trace": library("dd-trace", "DdTrace.ts", { quietMillis: 400 }),
  "otel-json": library("OpenTelemetry, OTLP/JSON", "OtelJson.ts"),
  "otel-protobuf": library("OpenTelemetry, OTLP/protobuf", "OtelProtobuf.ts"),
  langfuse: library("Langfuse", "Langfuse.ts"),
  "floor-post": library("floor: stringify, posts of 1 MiB", "FloorPost.ts"),
  "floor-write": library("floor: stringify, a write an event", "FloorWrite.ts"),
  "with-span": library("`Effect.withSpan` alone", "WithSpan.ts", { delivers: false }),
  "no-layer": library("ours, without a layer", "NoLayer.ts", { delivers: false })
} as const satisfies { readonly [name: string]: Library }

export type LibraryName = keyof typeof libraries

export const isName = (text: string): text is LibraryName => Object.hasOwn(libraries, text)

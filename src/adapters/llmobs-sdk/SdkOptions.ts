/**
 * Reads the options of the methods. A program without types can pass any value, and reading one can throw; such a field
 * is reported and left out.
 */
import * as Redacted from "effect/Redacted"
import * as Problem from "../../domain/Problem.ts"
import type { SdkAnnotation } from "../../domain/sdk/SdkAnnotation.ts"
import * as SdkAnnotations from "../../domain/sdk/SdkAnnotation.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import * as SpanKinds from "../../domain/span/SpanKind.ts"
import * as OptionReader from "../../engine/record/OptionReader.ts"
import type { SpanOptions } from "../../ports/Recorder.ts"
import type { Routing } from "../../ports/Routing.ts"

/** The options of a span. */
export interface SdkSpanOptions {
  readonly kind: SpanKind
  readonly name?: string | undefined
  readonly sessionId?: string | undefined
  readonly mlApp?: string | undefined
  readonly modelName?: string | undefined
  readonly modelProvider?: string | undefined
  /** Whether `wrap` and `decorate` record arguments and results. Default: true. */
  readonly captureIO?: boolean | undefined
}

/** The options of a span after reading. */
export interface Opening {
  readonly kind: SpanKind
  /** `undefined` for an empty name too. */
  readonly name: string | undefined
  readonly captures: boolean
  readonly options: SpanOptions
}

/** Reads the options of a span. `undefined`, with a problem, if they name no kind. */
export const opening = (given: SdkSpanOptions, report: OptionReader.Report): Opening | undefined => {
  const read = <K extends keyof SdkSpanOptions>(key: K) => OptionReader.read(given, key, report)
  const kind: unknown = read("kind")
  if (!SpanKinds.isSpanKind(kind)) {
    report([unknownKind])
    return undefined
  }
  return {
    kind,
    name: read("name") || undefined,
    captures: read("captureIO") !== false,
    options: {
      sessionId: read("sessionId"),
      mlApp: read("mlApp"),
      model: read("modelName"),
      provider: read("modelProvider")
    }
  }
}

/** Reads the options of an annotation. */
export const annotation = (given: SdkAnnotation, report: OptionReader.Report, kind?: string): AnnotationInput => {
  try {
    return SdkAnnotations.toAnnotation(given, kind)
  } catch {
    const fields = Object.fromEntries(annotated.map((key) => [key, OptionReader.read(given, key, report)]))
    const agent = OptionReader.read(given, "agent", report)
    return SdkAnnotations.toAnnotation({
      ...fields,
      agent: agent === undefined ? undefined : {
        name: OptionReader.read(agent, "name", report),
        version: OptionReader.read(agent, "version", report)
      }
    }, kind)
  }
}

const annotated = [
  "inputData",
  "outputData",
  "metadata",
  "metrics",
  "tags",
  "costTags",
  "prompt",
  "toolDefinitions",
  "name"
] as const

/** The options of `routingContext`. */
export interface SdkRouting {
  readonly ddApiKey: string
  readonly ddSite?: string | undefined
}

/** Reads an account. An unreadable one is none: its spans must not go to the layer's account. */
export const routing = (given: SdkRouting): Routing => {
  try {
    return { apiKey: Redacted.make(given.ddApiKey), site: given.ddSite }
  } catch {
    return { apiKey: Redacted.make(""), site: "" }
  }
}

const unknownKind = Problem.make(
  "invalid_option",
  `The kind of a span must be one of: ${SpanKinds.all.join(", ")}. The function runs without a span.`,
  "kind"
)

/**
 * Annotations by the names of Datadog's SDK for JavaScript.
 *
 * @since 0.2.0
 */
import type { AnnotationInput } from "../span/Annotation.ts"

/**
 * The options of `annotate`.
 *
 * @category models
 * @since 0.2.0
 */
export interface SdkAnnotation {
  readonly inputData?: unknown
  readonly outputData?: unknown
  readonly metadata?: { readonly [key: string]: unknown } | undefined
  readonly metrics?: { readonly [key: string]: number } | undefined
  readonly tags?: { readonly [key: string]: unknown } | undefined
  readonly costTags?: ReadonlyArray<string> | undefined
  readonly prompt?: AnnotationInput["prompt"]
  readonly toolDefinitions?: AnnotationInput["toolDefinitions"]
  /** The declaration of an agent: its name and version, instructions, model, settings and tools. */
  readonly agent?: { readonly name?: string | undefined; readonly version?: string | undefined } | undefined
  /** The name for spans inside: annotation contexts. */
  readonly name?: string | undefined
}

/**
 * Translates the options. As in that SDK, an empty or zero input or output is none; an experiment's can be any value.
 *
 * @category combinators
 * @since 0.2.0
 */
export const toAnnotation = (given: SdkAnnotation, kind?: string): AnnotationInput => {
  const { agent, costTags, inputData, metadata, metrics, name, outputData, prompt, tags, toolDefinitions } = given
  const keeps = kind === "experiment"
  return {
    name,
    input: side(inputData, keeps),
    output: side(outputData, keeps),
    metadata,
    metrics,
    tags,
    costTags,
    prompt,
    toolDefinitions,
    ...(typeof agent === "object" && agent !== null
      ? { agentName: agent.name, agentVersion: agent.version, manifest: agent }
      : undefined)
  }
}

const side = (value: unknown, keeps: boolean): AnnotationInput["input"] =>
  (keeps || Boolean(value) ? value : undefined) as AnnotationInput["input"]

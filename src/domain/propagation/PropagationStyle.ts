/**
 * The trace headers that are read and written, and the order in which they are trusted.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import type * as ExperimentBaggage from "./ExperimentBaggage.ts"

/**
 * A set of headers.
 *
 * @category models
 * @since 0.1.0
 */
export type PropagationStyle = "datadog" | "tracecontext" | "baggage" | "b3" | "b3multi"

/**
 * The treatment of an incoming trace: continue it, start a new one that links to it, or ignore it and its baggage.
 *
 * @category models
 * @since 0.1.0
 */
export type ExtractBehavior = "continue" | "restart" | "ignore"

/**
 * The settings of propagation.
 *
 * - `stylesExtract`, `stylesInject`: `DD_TRACE_PROPAGATION_STYLE_EXTRACT` and `_INJECT`, each over `DD_TRACE_PROPAGATION_STYLE`
 * - `extractFirst`: `DD_TRACE_PROPAGATION_EXTRACT_FIRST`: only the first style that finds a trace is read
 * - `behaviorExtract`: `DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT`
 * - `baggageTagKeys`: `DD_TRACE_BAGGAGE_TAG_KEYS`: the members that become `baggage.*` tags of the APM span, `*` for all
 * - `xDatadogTagsMaxLength`: `DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH`, 0 to send none
 * - `experimentBaggage`: whether the experiment and the LLM trace of a request count
 *
 * @category models
 * @since 0.1.0
 */
export interface PropagationSettings {
  readonly stylesExtract: ReadonlyArray<PropagationStyle>
  readonly stylesInject: ReadonlyArray<PropagationStyle>
  readonly extractFirst: boolean
  readonly behaviorExtract: ExtractBehavior
  readonly baggageTagKeys: ReadonlyArray<string>
  readonly xDatadogTagsMaxLength: number
  readonly experimentBaggage: ExperimentBaggage.Mode
}

/**
 * The defaults of Datadog's tracers.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults: PropagationSettings = {
  stylesExtract: ["datadog", "tracecontext", "baggage"],
  stylesInject: ["datadog", "tracecontext", "baggage"],
  extractFirst: false,
  behaviorExtract: "continue",
  baggageTagKeys: ["user.id", "session.id", "account.id"],
  xDatadogTagsMaxLength: 512,
  experimentBaggage: "auto"
}

const names: ReadonlyMap<string, PropagationStyle> = new Map([
  ["datadog", "datadog"],
  ["tracecontext", "tracecontext"],
  ["baggage", "baggage"],
  ["b3", "b3"],
  ["b3 single header", "b3"],
  ["b3multi", "b3multi"]
])

/**
 * Reads a comma-separated list of styles, in any case. `none` stands for no style and is ignored beside others; an
 * unknown name is left out. A list without a name gives the `fallback`. `setting` is the name that problems use.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = <F>(
  text: string | undefined,
  fallback: F,
  setting = "DD_TRACE_PROPAGATION_STYLE"
): Checked<ReadonlyArray<PropagationStyle> | F> => {
  const words = (text ?? "").split(",").map((word) => word.trim().toLowerCase()).filter((word) => word !== "")
  const styles = new Set<PropagationStyle>()
  let unknown = false
  for (const word of words) {
    const style = names.get(word)
    if (style !== undefined) styles.add(style)
    else if (word !== "none") unknown = true
  }
  return {
    value: styles.size > 0 || words.includes("none") ? [...styles] : fallback,
    problems: unknown
      ? [Problems.make(
        "invalid_setting",
        `${setting} names a style that is not known. The styles are datadog, tracecontext, baggage, b3, b3multi and none.`
      )]
      : Problems.none
  }
}

/**
 * The settings of a process whose APM tracing is off. Datadog's own headers are not written, as in its tracers, and the
 * W3C headers carry the LLM trace. If no W3C headers are configured, the settings are not changed, because the trace
 * would end here.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withoutApm = (settings: PropagationSettings): PropagationSettings =>
  settings.stylesInject.includes("tracecontext")
    ? { ...settings, stylesInject: settings.stylesInject.filter((style) => style !== "datadog") }
    : settings

/**
 * The arguments and the result of a function as the input and the output of its span.
 *
 * @since 0.2.0
 */
import type { SpanOptions } from "../../ports/Recorder.ts"
import * as OptionReader from "./OptionReader.ts"
import type { PairedSpan } from "./PairedSpan.ts"

/**
 * The sides to capture, as a user says it.
 *
 * @category models
 * @since 0.2.0
 */
export type CaptureInput = boolean | { readonly input?: boolean | undefined; readonly output?: boolean | undefined }

/**
 * The sides to capture.
 *
 * @category models
 * @since 0.2.0
 */
export interface Capture {
  readonly input: boolean
  readonly output: boolean
}

/**
 * Reads the option `capture`. An output of which it says nothing is captured if `output` is true, an input never.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (
  options: { readonly capture?: CaptureInput | undefined } | undefined,
  output = false
): Capture => {
  const capture = OptionReader.read(options, "capture", OptionReader.ignore)
  if (typeof capture === "boolean") return { input: capture, output: capture }
  return {
    input: OptionReader.read(capture, "input", OptionReader.ignore) === true,
    output: (OptionReader.read(capture, "output", OptionReader.ignore) ?? output) === true
  }
}

/**
 * Records the arguments of a call: one as it is, several as a list. An `input` among the options wins.
 *
 * @category combinators
 * @since 0.2.0
 */
export const annotateInput = (
  span: PairedSpan,
  options: SpanOptions | undefined,
  args: ReadonlyArray<unknown>
): void => {
  if (args.length === 0 || OptionReader.read(options, "input", OptionReader.ignore) !== undefined) return
  span.annotate({ input: args.length === 1 ? args[0] : args })
}

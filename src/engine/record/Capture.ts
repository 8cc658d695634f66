/**
 * The arguments and the result of a function as the input and the output of its span.
 */
import type { SpanOptions } from "../../ports/Recorder.ts"
import * as OptionReader from "./OptionReader.ts"
import type { PairedSpan } from "./PairedSpan.ts"

/** The sides to capture, as a user says it. */
export type CaptureInput = boolean | { readonly input?: boolean | undefined; readonly output?: boolean | undefined }

/** The sides to capture. */
export interface Capture {
  readonly input: boolean
  readonly output: boolean
}

/** Reads the option `capture`. An output of which it says nothing is captured if `output` is true, an input never. */
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

/** Records the arguments of a call: one as it is, several as a list. An `input` among the options wins. */
export const annotateInput = (
  span: PairedSpan,
  options: SpanOptions | undefined,
  args: ReadonlyArray<unknown>
): void => {
  if (args.length === 0 || OptionReader.read(options, "input", OptionReader.ignore) !== undefined) return
  span.annotate({ input: args.length === 1 ? args[0] : args })
}

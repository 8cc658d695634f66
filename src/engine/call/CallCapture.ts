/**
 * The sides of provider calls that are recorded, as a user says it.
 */
import type { Capture } from "../record/Capture.ts"

/** Reads the option: a side of which it says nothing is recorded. */
export const read = (
  options: {
    readonly capture?:
      | boolean
      | { readonly input?: boolean | undefined; readonly output?: boolean | undefined }
      | undefined
  } | undefined
): Capture => {
  const { capture = true } = options ?? {}
  return typeof capture === "boolean"
    ? { input: capture, output: capture }
    : { input: capture.input ?? true, output: capture.output ?? true }
}

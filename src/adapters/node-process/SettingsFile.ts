/**
 * Reads a file that a setting names.
 *
 * **Details**
 *
 * Only a regular file is opened: the read of a pipe would block the thread until another process writes. At
 * most `maxBytes` are read, whatever size the file claims.
 */
import * as Builtin from "./Builtin.ts"

const Fs = Builtin.get("node:fs")

/** The text of a file, or the reason why it was not read: a sentence's end that follows "the file". */
export type SettingsFile = { readonly text: string } | { readonly reason: string }

/** Reads a file as UTF-8. Never throws. */
export const read = (path: string, maxBytes: number): SettingsFile => {
  if (Fs === undefined) return { reason: "cannot be read in this runtime" }
  let open: number | undefined
  try {
    if (!Fs.statSync(path).isFile()) return { reason: "is no regular file" }
    // The path may have become a pipe since.
    open = Fs.openSync(path, Fs.constants.O_RDONLY | (Fs.constants.O_NONBLOCK ?? 0))
    const bytes = new Uint8Array(maxBytes + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = Fs.readSync(open, bytes, length, bytes.length - length, null)
    }
    if (length > maxBytes) return { reason: `is larger than ${maxBytes} bytes` }
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length)) }
  } catch (error) {
    return { reason: reasonOf(error) }
  } finally {
    if (open !== undefined) close(open)
  }
}

const close = (file: number): void => {
  try {
    Fs?.closeSync(file)
  } catch {
    // The text has been read.
  }
}

const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? error.code : undefined
  if (code === "ENOENT") return "does not exist"
  return code === "ERR_ENCODING_INVALID_ENCODED_DATA"
    ? "is not UTF-8"
    : `cannot be read${typeof code === "string" ? ` (${code})` : ""}`
}

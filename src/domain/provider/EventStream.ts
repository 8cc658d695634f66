/**
 * Server-sent events, read from a text that comes in pieces.
 *
 * @since 0.2.0
 */

/**
 * The reader of one stream.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventStream {
  /** Reads a piece, and gives the data of each event that ends in it. */
  readonly add: (piece: string) => ReadonlyArray<string>
}

const lineEnd = /\r\n|\n|\r/g

/**
 * Makes a reader. An event whose data is longer than `characters` is left out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (characters: number): EventStream => {
  // The line that has not ended, in pieces, so that a long one is not copied for each of them.
  let open: Array<string> = []
  let data: Array<string> = []
  let length = 0
  let endedInReturn = false

  const line = (text: string, found: Array<string>): void => {
    if (text === "") {
      if (data.length > 0 && length <= characters) found.push(data.join("\n"))
      data = []
      length = 0
      return
    }
    if (!text.startsWith("data")) return
    const value = text[4] === ":" ? text.slice(text[5] === " " ? 6 : 5) : text.length === 4 ? "" : undefined
    if (value !== undefined) data.push(value)
  }

  return {
    add: (piece) => {
      // A line that ends in both characters can be cut between them.
      const text = endedInReturn && piece.startsWith("\n") ? piece.slice(1) : piece
      if (piece !== "") endedInReturn = piece.endsWith("\r")
      const found: Array<string> = []
      let from = 0
      for (const { 0: end, index } of text.matchAll(lineEnd)) {
        length += index - from
        open.push(text.slice(from, index))
        line(length <= characters ? open.join("") : lineOf(open), found)
        open = []
        from = index + end.length
      }
      if (from < text.length) {
        length += text.length - from
        if (length <= characters || open.length === 0) open.push(text.slice(from))
      }
      return found
    }
  }
}

// Of a line that is too long, only the question counts whether it is empty.
const lineOf = (pieces: ReadonlyArray<string>): string => pieces.some((piece) => piece !== "") ? "-" : ""

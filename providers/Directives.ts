/**
 * Instructions to the server in the text of the user, such as `[status 500]`: they pass through any client or
 * framework, and need no state beside the request.
 *
 * | instruction | the server |
 * | --- | --- |
 * | `[status 400]` | fails with this status, each time |
 * | `[once 429]`, `[twice 500]` | fails with this status the first time, or the first two times, that it gets this body |
 * | `[moved 307]` | redirects, with this status, to another path where it answers |
 * | `[stall]` | does not answer the first time that it gets this body |
 * | `[think]` | shows its reasoning |
 * | `[slow 20]` | waits this many milliseconds before each event of a stream, or before a whole answer |
 * | `[cut]` | breaks the connection after half of the answer |
 * | `[hang]` | sends the first half of the events, and nothing more until the client goes |
 * | `[gzip]` | compresses the answer, if the client allows that |
 */
export interface Directives {
  readonly status: number | undefined
  /** How many times the status is given before the answer. */
  readonly failures: number
  /** The status of a redirect. */
  readonly moved: number | undefined
  readonly isStalling: boolean
  readonly isThinking: boolean
  readonly delay: number
  readonly isCut: boolean
  readonly isHanging: boolean
  readonly isCompressed: boolean
}

const directive = /\[(status|once|twice|moved|stall|think|slow|cut|hang|gzip)(?: (\d+))?\]\s*/g

export const read = (text: string): Directives => {
  const found = new Map(Array.from(text.matchAll(directive), ([, name, value]) => [name, Number(value)]))
  return {
    status: found.get("status") ?? found.get("once") ?? found.get("twice"),
    failures: found.has("status") ? Infinity : found.has("once") ? 1 : found.has("twice") ? 2 : 0,
    moved: found.get("moved"),
    isStalling: found.has("stall"),
    isThinking: found.has("think"),
    delay: found.get("slow") ?? 0,
    isCut: found.has("cut"),
    isHanging: found.has("hang"),
    isCompressed: found.has("gzip")
  }
}

/** The text without its instructions. */
export const remove = (text: string): string => text.replaceAll(directive, "").trim()

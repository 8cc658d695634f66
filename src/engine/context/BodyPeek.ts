/**
 * Looks at the body of a request before its handler does, and leaves the request as it was.
 *
 * **Details**
 *
 * Bytes that were read from a Node stream can be put back, but not the state of the stream: an end that was seen is not
 * said again, and what asks whether somebody has read finds that somebody has. So nothing is read. The bytes are seen when
 * the server puts them into the stream, where they stay for the handler.
 */

/** What is needed of a Node request: the server's own, over HTTP/1 or HTTP/2. */
export interface NodeBody {
  readonly readableLength: number
  readonly readableHighWaterMark: number
  readonly readableFlowing: boolean | null
  readonly readableEnded: boolean
  readonly destroyed: boolean
  readonly headers: { readonly [name: string]: unknown }
  readonly listenerCount: (event: string) => number
  readonly read: (size: number) => unknown
  push: (...args: Array<unknown>) => boolean
  emit: (...args: Array<unknown>) => boolean
}

/** Whether a value is a request of Node whose body can be looked at: nothing of it arrived, and nobody reads it. */
export const isNodeBody = (source: unknown): source is NodeBody =>
  typeof source === "object" && source !== null && "push" in source && "read" in source &&
  "readableFlowing" in source &&
  canBeSeen(source as NodeBody)

/** Whom a look at a body tells. */
export interface Look {
  /** Told the text of the whole body, before `onReady` or after it, unless the body is too long or never arrives. */
  readonly onText: (text: string) => void
  /** Called once: the handler can start, with the body as if nobody had looked. */
  readonly onReady: () => void
}

/**
 * Looks at a body of at most `limit` bytes while it arrives. The function that is returned makes it ready at once.
 *
 * **Details**
 *
 * `onReady` comes when the body is there, when it is too long, when no more of it arrives unless somebody reads, and
 * before anything that a handler could have heard by then.
 */
export const peekNode = (body: NodeBody, limit: number, look: Look): () => void => {
  let isReady = false
  const ready = (): void => {
    if (isReady) return
    isReady = true
    if (body.emit === hear) body.emit = emit
    look.onReady()
  }
  const seen = collect(limit, look.onText)
  const { emit, push } = body
  const see = function(this: NodeBody, ...args: Array<unknown>): boolean {
    const goesOn = seen.add(args[0])
    const isOpen = push.apply(this, args)
    if (!goesOn && body.push === see) body.push = push
    // Not from here: a handler that reads at once must not do so before the server knows whether to go on.
    if (!goesOn || !isOpen) queueMicrotask(ready)
    return isOpen
  }
  const hear = function(this: NodeBody, ...args: Array<unknown>): boolean {
    const event = String(args[0])
    if (heard.has(event) || (event === "readable" && body.listenerCount(event) > 0)) ready()
    return emit.apply(this, args)
  }
  body.push = see
  body.emit = hear
  // Over HTTP/2 nothing arrives before somebody asks for it; over HTTP/1 to ask is to promise to read.
  if (isHttp2(body)) body.read(0)
  return ready
}

const heard: ReadonlySet<string> = new Set(["aborted", "close", "data", "end", "error", "resume"])

const isHttp2 = (body: NodeBody): boolean => "stream" in body

// An HTTP/2 stream that was asked for more than it gets room for would stay open after an answer that reads nothing.
const canBeSeen = (body: NodeBody): boolean =>
  body.readableLength === 0 && body.readableFlowing === null && !body.readableEnded && !body.destroyed &&
  body.listenerCount("readable") === 0 &&
  (!isHttp2(body) || Number(body.headers["content-length"]) < body.readableHighWaterMark)

// Adds a chunk, or the end (`null`), and says whether more is wanted.
const collect = (limit: number, onText: (text: string) => void) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    add: (chunk: unknown): boolean => {
      if (chunk === null) {
        onText(decode(concat(chunks, size)))
        return false
      }
      if (!(chunk instanceof Uint8Array)) return false
      size += chunk.length
      if (size > limit) {
        chunks.length = 0
        return false
      }
      chunks.push(chunk)
      return true
    }
  }
}

/**
 * Reads a body of at most `limit` bytes from a copy of a web request: its text, or nothing when it is longer, was read
 * before, or did not arrive.
 */
export const peekWeb = async (request: Request, limit: number): Promise<string | undefined> => {
  if (request.bodyUsed) return undefined
  try {
    const reader = request.clone().body?.getReader()
    if (reader === undefined) return undefined
    const chunks: Array<Uint8Array> = []
    let size = 0
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value)
      size += next.value.length
      if (size > limit) {
        void reader.cancel().catch(() => undefined)
        return undefined
      }
    }
    return decode(concat(chunks, size))
  } catch {
    return undefined
  }
}

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/**
 * Reads the body of a request before its handler does, and leaves the request unchanged.
 *
 * **Details**
 *
 * Bytes read from a Node stream can be put back, but the state of the stream cannot be restored: its end is emitted
 * once, and the flags that say whether it was read stay set. So nothing is read from the stream. The bytes are copied
 * when the server pushes them into the stream, where they stay for the handler.
 */

/** The members of a Node request that are used, over HTTP/1 or HTTP/2. */
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

/** Whether a value is a request of Node whose body can be peeked at: no part of it has arrived, and it has no reader. */
export const isNodeBody = (source: unknown): source is NodeBody =>
  typeof source === "object" && source !== null && "push" in source && "read" in source &&
  "readableFlowing" in source &&
  canBeSeen(source as NodeBody)

/** The listeners of a peek at a body. */
export interface Look {
  /** Receives the text of the whole body, before or after `onReady`, unless the body is too long or never arrives. */
  readonly onText: (text: string) => void
  /** Called once, when the handler can start. The body is unread. */
  readonly onReady: () => void
}

/**
 * Peeks at a body of at most `limit` bytes while it arrives. The returned function makes it ready at once.
 *
 * **Details**
 *
 * `onReady` is called when the body is complete or too long, when no more of it arrives without a reader, and before
 * any event that a handler could listen to.
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
    // Deferred, because a handler that reads at once must not do so before `push` has returned to the server.
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
  // Over HTTP/2 no data arrives before a read; over HTTP/1 a read is a promise to read on.
  if (isHttp2(body)) body.read(0)
  return ready
}

const heard: ReadonlySet<string> = new Set(["aborted", "close", "data", "end", "error", "resume"])

const isHttp2 = (body: NodeBody): boolean => "stream" in body

// An HTTP/2 stream with more data than its buffer holds would stay open after an answer without reading.
const canBeSeen = (body: NodeBody): boolean =>
  body.readableLength === 0 && body.readableFlowing === null && !body.readableEnded && !body.destroyed &&
  body.listenerCount("readable") === 0 &&
  (!isHttp2(body) || Number(body.headers["content-length"]) < body.readableHighWaterMark)

// Adds a chunk, or the end (`null`). Returns whether more is wanted.
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
 * Reads a body of at most `limit` bytes from a copy of a web request. The text is absent if the body is longer, was
 * read before, or did not arrive.
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

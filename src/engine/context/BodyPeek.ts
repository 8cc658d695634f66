/**
 * Looks at the body of a request before its handler does, and leaves the body as it was.
 */

/** What is needed of a Node request: the server's own, over HTTP/1 or HTTP/2. */
export interface NodeBody {
  /** Whether the last byte of the body has arrived. */
  readonly complete: boolean
  readonly readableEnded: boolean
  readonly destroyed: boolean
  readonly read: () => unknown
  readonly unshift: (chunk: Uint8Array) => void
  readonly on: (event: "readable" | "end" | "close" | "error", listener: () => void) => unknown
  readonly removeListener: (event: "readable" | "end" | "close" | "error", listener: () => void) => unknown
}

/** Whether a value is a request of Node whose body can be looked at. */
export const isNodeBody = (source: unknown): source is NodeBody =>
  typeof source === "object" && source !== null && "unshift" in source && "read" in source && "complete" in source

/**
 * Reads a body of at most `limit` bytes, puts it back, and then calls `done`: with its text, or with nothing when it is
 * longer or did not arrive. The function that is returned gives up.
 */
export const peekNode = (body: NodeBody, limit: number, done: (text: string | undefined) => void): () => void => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  let open = true
  const finish = (whole: boolean) => {
    if (!open) return
    open = false
    for (const event of events) body.removeListener(event, event === "readable" ? onReadable : onEnd)
    const bytes = concat(chunks, size)
    if (size > 0 && !body.readableEnded && !body.destroyed) body.unshift(bytes)
    done(whole ? decode(bytes) : undefined)
  }
  const onReadable = () => {
    for (let chunk = body.read(); chunk !== null; chunk = body.read()) {
      if (!(chunk instanceof Uint8Array)) return finish(false)
      chunks.push(chunk)
      size += chunk.length
      if (size > limit) return finish(false)
    }
    // Put back in the same step, the bytes keep the stream from ending before the handler has read them.
    if (body.complete) finish(true)
  }
  const onEnd = () => finish(false)
  for (const event of events) body.on(event, event === "readable" ? onReadable : onEnd)
  return onEnd
}

const events = ["readable", "end", "close", "error"] as const

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

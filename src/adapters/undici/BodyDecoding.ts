/**
 * Bodies as undici receives them, decoded.
 */
import * as Zlib from "node:zlib"

/** Takes the parts of a body, and gives its text. */
export interface BodyDecoder {
  readonly add: (part: Uint8Array) => void
  /** No more parts come. `done` is called when all of the text has been given. */
  readonly end: (done: () => void) => void
}

/** Gives each part as a text at once, or a compressed body as a text when it ends. `bytes` limits both forms of it. */
export const make = (encoding: string, bytes: number, give: (text: string) => void): BodyDecoder =>
  encoding === "" || encoding === "identity" ? plain(give) : compressed(decodings[encoding], bytes, give)

const plain = (give: (text: string) => void): BodyDecoder => {
  const decoder = new TextDecoder()
  return {
    add: (part) => give(decoder.decode(part, { stream: true })),
    end: (done) => done()
  }
}

interface Decoding {
  readonly now: (body: Uint8Array, options: Zlib.ZlibOptions) => Uint8Array
  readonly later: (
    body: Uint8Array,
    options: Zlib.ZlibOptions,
    done: (error: Error | null, text: Uint8Array) => void
  ) => void
}

// A body that breaks is decoded as far as it came.
const flushed = { finishFlush: Zlib.constants.Z_SYNC_FLUSH }
const flushedBrotli = { finishFlush: Zlib.constants.BROTLI_OPERATION_FLUSH }

const decodings: { readonly [encoding: string]: Decoding | undefined } = {
  gzip: {
    now: (body, options) => Zlib.gunzipSync(body, { ...options, ...flushed }),
    later: (body, options, done) => Zlib.gunzip(body, { ...options, ...flushed }, done)
  },
  deflate: {
    now: (body, options) => Zlib.inflateSync(body, { ...options, ...flushed }),
    later: (body, options, done) => Zlib.inflate(body, { ...options, ...flushed }, done)
  },
  br: {
    now: (body, options) => Zlib.brotliDecompressSync(body, { ...options, ...flushedBrotli }),
    later: (body, options, done) => Zlib.brotliDecompress(body, { ...options, ...flushedBrotli }, done)
  }
}

// Larger bodies would hold the event loop.
const mostAtOnce = 65_536

const compressed = (decoding: Decoding | undefined, bytes: number, give: (text: string) => void): BodyDecoder => {
  const parts: Array<Uint8Array> = []
  let length = 0
  const giveAll = (text: Uint8Array): void => give(new TextDecoder().decode(text))
  return {
    add: (part) => {
      length += part.length
      // undici may use the memory of a part again.
      if (length <= bytes) parts.push(Uint8Array.from(part))
    },
    end: (done) => {
      if (decoding === undefined || length > bytes || length === 0) return done()
      const body = Buffer.concat(parts)
      if (length > mostAtOnce) {
        return decoding.later(body, { maxOutputLength: bytes }, (error, text) => {
          if (error === null) giveAll(text)
          done()
        })
      }
      try {
        giveAll(decoding.now(body, { maxOutputLength: Math.min(bytes, mostAtOnce * 16) }))
      } catch {
        // A body that cannot be decoded has no output.
      }
      done()
    }
  }
}

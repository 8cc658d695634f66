/**
 * New ids from the process's cryptographic randomness, taken in blocks.
 */
import * as TraceId from "../../domain/span/TraceId.ts"
import type { IdGeneratorService } from "../../ports/IdGenerator.ts"

// `Buffer` is five times as fast, where the runtime has it.
const hexOf = (bytes: Uint8Array<ArrayBuffer>): string =>
  typeof Buffer === "undefined"
    ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")

// A slice keeps the text of its block alive, so an id that is held for long holds one KiB at most.
const blockBytes = 64 * 8

// A call to the system costs as much as a thousand bytes of it.
const drawnBytes = 8 * blockBytes

// Gives texts of 16 hex characters. `mask` is applied to the first byte of each.
const pool = (mask: number): () => string => {
  let drawn = new Uint8Array(0)
  let block = ""
  let offset = 0
  return () => {
    if (offset === block.length) {
      // Web Crypto is in every runtime.
      if (drawn.length === 0) drawn = crypto.getRandomValues(new Uint8Array(drawnBytes))
      const bytes = drawn.subarray(0, blockBytes)
      drawn = drawn.subarray(blockBytes)
      for (let i = 0; i < bytes.length; i += 8) bytes[i]! &= mask
      block = hexOf(bytes)
      offset = 0
    }
    offset += 16
    return block.slice(offset - 16, offset)
  }
}

/**
 * Makes a generator. One call to the system serves 512 ids.
 *
 * **Details**
 *
 * Span ids keep their highest bit zero, because some readers take them for signed numbers. So do trace ids of 64 bits.
 */
export const make = (options: { readonly traceIdBits?: 64 | 128 } = {}): IdGeneratorService => {
  const hex16 = pool(0xff)
  const positive = pool(0x7f)
  const spanId = (): string => {
    const id = positive()
    return id === "0000000000000000" ? "0000000000000001" : id
  }
  return {
    spanId,
    traceId: options.traceIdBits === 64
      ? () => TraceId.fromHalves(undefined, spanId())
      : (unixSeconds) => TraceId.fromParts(unixSeconds, hex16()),
    random: Math.random
  }
}

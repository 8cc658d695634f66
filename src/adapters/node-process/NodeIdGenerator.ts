/**
 * New ids from the process's cryptographic randomness, taken in blocks.
 */
import * as Crypto from "node:crypto"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { IdGeneratorService } from "../../ports/IdGenerator.ts"

const blockBytes = 4_096

/**
 * Makes a generator. One call to the system serves 512 ids.
 *
 * **Details**
 *
 * Span ids keep their highest bit zero, because some readers take them for signed numbers. So do trace ids of 64 bits.
 */
export const make = (options: { readonly traceIdBits?: 64 | 128 } = {}): IdGeneratorService => {
  const block = Buffer.alloc(blockBytes)
  let offset = blockBytes
  const hex16 = (): string => {
    if (offset === blockBytes) {
      Crypto.randomFillSync(block)
      offset = 0
    }
    const id = block.toString("hex", offset, offset + 8)
    offset += 8
    return id
  }
  const spanId = (): string => {
    const id = hex16()
    const first = Number.parseInt(id[0]!, 16) & 7
    const positive = first.toString(16) + id.slice(1)
    return positive === "0000000000000000" ? "0000000000000001" : positive
  }
  return {
    spanId,
    traceId: options.traceIdBits === 64
      ? () => TraceId.fromHalves(undefined, spanId())
      : (unixSeconds) => TraceId.fromParts(unixSeconds, hex16()),
    random: Math.random
  }
}

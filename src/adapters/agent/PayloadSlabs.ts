/**
 * Slabs: the buffers into which the chunks of a payload are packed one after another, so that they are the body of its
 * request without a further copy.
 *
 * **Details**
 *
 * A slab is used again once all of its chunks were delivered: until then the same bytes may be sent again. A slab whose
 * chunks end in another way is left to the garbage collector.
 */
import type { WireFormat } from "../../domain/event/WireFormat.ts"
import type { TraceChunk } from "../../domain/trace/TraceChunk.ts"
import type { EncodedChunk } from "../../ports/AgentWriter.ts"
import { allocate, MsgpackWriter } from "./MsgpackWriter.ts"
import * as V04 from "./V04.ts"

/** A chunk, and the slab that it stands in. */
export interface SlabChunk extends EncodedChunk {
  readonly slab: Slab
}

interface Slab {
  readonly buffer: Uint8Array
  /** The chunks that were not delivered. */
  chunks: number
}

/** The slabs of one writer. */
export interface PayloadSlabs {
  readonly pack: (chunk: TraceChunk, format: WireFormat) => SlabChunk
  /** The payload with these chunks. Chunks that are packed from now on belong to another. */
  readonly payload: (chunks: ReadonlyArray<SlabChunk>) => Uint8Array
  /** Gives the bytes of chunks back that were delivered, and that nothing will read. */
  readonly release: (chunks: ReadonlyArray<SlabChunk>) => void
}

// More than the bytes at which the lane closes a payload, so that its last chunk has room.
const slabBytes = 1_280 * 1024

// As many as there are requests in flight.
const mostFree = 4

/** Makes an empty pool. */
export const make = (): PayloadSlabs => {
  const free: Array<Slab> = []
  let open: Slab | undefined
  const out = new MsgpackWriter(slabBytes, () => {
    // A chunk that does not fit any more moves to a slab of its own payload.
    open = { buffer: allocate(slabBytes), chunks: 0 }
    return open.buffer
  })

  return {
    pack: (chunk, format) => {
      if (open === undefined) {
        open = free.pop() ?? { buffer: allocate(slabBytes), chunks: 0 }
        out.use(open.buffer, V04.headBytes)
      }
      const bytes = V04.packChunk(chunk, format, out)
      open.chunks++
      return { bytes, slab: open }
    },
    payload: (chunks) => {
      open = undefined
      return inPlace(chunks) ?? V04.payload(chunks.map(({ bytes }) => bytes))
    },
    release: (chunks) => {
      for (const { slab } of chunks) {
        slab.chunks--
        if (slab.chunks === 0 && slab !== open && free.length < mostFree) free.push(slab)
      }
    }
  }
}

const inPlace = (chunks: ReadonlyArray<SlabChunk>): Uint8Array | undefined => {
  const { buffer } = chunks[0]!.slab
  let end = buffer.byteOffset + V04.headBytes
  for (const { bytes } of chunks) {
    if (bytes.buffer !== buffer.buffer || bytes.byteOffset !== end) return undefined
    end += bytes.byteLength
  }
  return buffer.subarray(V04.writeHead(buffer, chunks.length), end - buffer.byteOffset)
}

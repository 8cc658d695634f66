/**
 * Slabs: the buffers into which the parts of a payload are written one after another, so that they are the body of its
 * request without a further copy.
 *
 * **Details**
 *
 * A slab is used again once all of its parts were delivered: until then the same bytes may be sent again. A slab whose
 * parts end in another way is left to the garbage collector. Where a program could see the bytes, with a transport or a
 * writer of its own, there is no pool: each payload is a copy.
 */
import type { PayloadLayout } from "../../domain/event/PayloadLayout.ts"
import * as PayloadLayouts from "../../domain/event/PayloadLayout.ts"
import { MsgpackWriter, pageBytes } from "../../domain/msgpack/MsgpackWriter.ts"
import * as Utf8 from "../../domain/msgpack/Utf8.ts"

/** A part of a payload. */
export interface Part {
  readonly bytes: Uint8Array
}

interface Slab {
  readonly buffer: Uint8Array
  /** The parts that were not delivered. */
  parts: number
}

/** The slabs of one writer. */
export interface PayloadSlabs {
  /** Writes a part. */
  readonly pack: (write: (out: MsgpackWriter) => void) => Part
  /** Writes a large part step by step, into a buffer of its own. */
  readonly steps: (write: (out: MsgpackWriter) => Generator<void, void>) => Generator<void, Part>
  /** The payload with these parts. Parts that are written from now on belong to another. */
  readonly payload: (parts: ReadonlyArray<Part>) => Uint8Array
  /** Gives the bytes of parts back that were delivered, and that nothing will read. */
  readonly release: (parts: ReadonlyArray<Part>) => void
}

/** The slabs that several writers use in turn. */
export type Pool = Array<Slab>

// More than the bytes at which a lane closes a payload, so that its last part has room.
const slabBytes = 1_280 * 1024

// As many as there are requests in flight.
const mostFree = 4

/** Makes the slabs of a writer. */
export const make = (layout: PayloadLayout, pool: Pool | undefined): PayloadSlabs => {
  const { gap, head } = layout
  let open: Slab | undefined
  const out = new MsgpackWriter(slabBytes, () => {
    // A part that does not fit any more moves to a slab of its own payload.
    open = { buffer: Utf8.allocate(slabBytes), parts: 0 }
    return open.buffer
  }, head)

  // Parts stand in the same way in a slab and in a buffer of their own. The frame is written around no other bytes.
  const inPlace = (parts: ReadonlyArray<Part>): Uint8Array | undefined => {
    let page: Uint8Array | undefined
    let end = head
    const lengths: Array<number> = []
    for (const part of parts) {
      if (!(part instanceof Packed) || part.start !== end || part.page !== (page ??= part.page)) return undefined
      end += part.length + gap
      lengths.push(part.length)
    }
    const body = page?.subarray(0, end)
    return body?.subarray(layout.frame(body, lengths))
  }

  const copied = (parts: ReadonlyArray<Part>): Uint8Array =>
    PayloadLayouts.join(layout, parts.map(({ bytes }) => bytes))

  function* steps(write: (out: MsgpackWriter) => Generator<void, void>): Generator<void, Part> {
    const out = new MsgpackWriter(pageBytes, undefined, head)
    out.begin()
    yield* write(out)
    const bytes = out.end(gap)
    // Its buffer is never used again.
    const slab = { buffer: bytes, parts: Infinity }
    return pool === undefined ? { bytes } : new Packed(slab, out.buffer, out.offset, bytes.byteLength)
  }

  if (pool === undefined) return { pack: packer(), steps, payload: copied, release: () => {} }
  return {
    steps,
    pack: (write) => {
      if (open === undefined) {
        open = pool.pop() ?? { buffer: Utf8.allocate(slabBytes), parts: 0 }
        out.use(open.buffer, head)
      }
      out.begin()
      write(out)
      const end = out.reserve(gap)
      out.written(end + gap)
      open.parts++
      return new Packed(open, out.buffer, out.offset, end - out.offset)
    },
    payload: (parts) => {
      open = undefined
      out.use(nothing, 0)
      return inPlace(parts) ?? copied(parts)
    },
    release: (parts) => {
      for (const part of parts) {
        if (!(part instanceof Packed)) continue
        const { slab } = part
        slab.parts--
        if (slab.parts === 0 && slab !== open && pool.length < mostFree) pool.push(slab)
      }
    }
  }
}

// A class, so that it begins in the young generation: see `SpanRecord`. A view of its bytes would take more memory than the
// rest of it, so one is made when it is asked for.
class Packed implements Part {
  /** The slab that waits for its delivery. */
  readonly slab: Slab
  /** The buffer of the slab, or one of its own for a part that did not fit there. */
  readonly page: Uint8Array
  readonly start: number
  readonly length: number

  constructor(slab: Slab, page: Uint8Array, start: number, length: number) {
    this.slab = slab
    this.page = page
    this.start = start
    this.length = length
  }

  get bytes(): Uint8Array {
    return this.page.subarray(this.start, this.start + this.length)
  }
}

const nothing = new Uint8Array(0)

const packer = (): PayloadSlabs["pack"] => {
  const out = new MsgpackWriter()
  return (write) => {
    out.begin()
    write(out)
    return { bytes: out.end() }
  }
}

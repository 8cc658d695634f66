/**
 * The payloads of the lane to the Agent: chunks packed for one request.
 */
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../../domain/trace/TraceChunk.ts"
import type { AgentWriterService, EncodedChunk } from "../../ports/AgentWriter.ts"
import * as PackingPace from "./PackingPace.ts"

/** The content of one request, and the number of its attempts. */
export interface Payload {
  readonly chunks: ReadonlyArray<EncodedChunk>
  /**
   * The events that ride each chunk. They are taken from the chunk before a writer sees it, so that no change that a writer
   * makes to a chunk can change the ledger.
   */
  readonly riders: ReadonlyArray<ReadonlyArray<SpanRecord>>
  readonly writer: AgentWriterService
  readonly attempts: number
}

/** A chunk that waits. */
export interface WaitingChunk {
  readonly chunk: TraceChunk
  readonly riders: ReadonlyArray<SpanRecord>
  /** The estimated bytes. */
  readonly bytes: number
}

/** The chunks that wait, and the payload that is being packed from the oldest of them. */
export interface Packer {
  /**
   * Adds a chunk. With a writer it is packed at once, if no other waits and the payload has room, because its spans take
   * more memory than their bytes, and objects that wait are moved again and again by the garbage collector.
   */
  readonly add: (waiting: WaitingChunk, writer: AgentWriterService | undefined) => void
  /** Packs a slice of the payload: at least one chunk, until the slice `isOver`. Returns whether it needs another slice. */
  readonly fill: (writer: AgentWriterService, isOver: () => boolean) => boolean
  /** Packs the rest of the payload. */
  readonly fresh: (writer: AgentWriterService) => Payload | undefined
  /** The number of chunks that wait, without those in the payload. */
  readonly size: () => number
  /** The estimated bytes of the chunks that wait, and of those in the payload. */
  readonly waitingBytes: () => number
  /** Whether a part of a payload is packed. */
  readonly isPacking: () => boolean
  /** Removes the oldest chunks that wait. Returns the events that ride each. */
  readonly shed: (chunks: number) => ReadonlyArray<ReadonlyArray<SpanRecord>>
  /** Removes every chunk, those in the payload too. */
  readonly clear: () => ReadonlyArray<ReadonlyArray<SpanRecord>>
}

// A payload that is packed in slices.
interface Open {
  readonly writer: AgentWriterService
  readonly chunks: Array<EncodedChunk>
  readonly riders: Array<ReadonlyArray<SpanRecord>>
  bytes: number
  /** The estimated bytes of the chunks. */
  estimate: number
  isFull: boolean
}

const empty = (writer: AgentWriterService): Open => ({
  writer,
  chunks: [],
  riders: [],
  bytes: 5,
  estimate: 0,
  isFull: false
})

/** Makes a packer without chunks. `onFailed` takes the events of a chunk that cannot be packed. */
export const packer = (options: { readonly onFailed: (riders: ReadonlyArray<SpanRecord>) => void }): Packer => {
  let queue: Array<WaitingChunk> = []
  let waitingBytes = 0
  let open: Open | undefined

  // One without a chunk is begun again, since it may have been for another writer.
  const packing = (writer: AgentWriterService): Open =>
    open === undefined || open.chunks.length === 0 ? empty(writer) : open

  // Requests stay small, so that few events share the fate of one.
  const isFull = ({ bytes, isFull, writer }: Open): boolean => isFull || bytes > writer.maxPayloadBytes / 8

  // Returns whether the payload has room for it.
  const take = (into: Open, { bytes, riders }: WaitingChunk, encoded: EncodedChunk): boolean => {
    const { chunks, writer } = into
    const size = encoded.bytes.byteLength
    into.isFull = chunks.length > 0 && into.bytes + size > writer.maxPayloadBytes
    if (into.isFull) return false
    chunks.push(encoded)
    into.riders.push(riders)
    into.bytes += size
    into.estimate += bytes
    return true
  }

  const pack = (into: Open, isOver: () => boolean): boolean => {
    let taken = 0
    while (taken < queue.length && !isFull(into) && (taken === 0 || !isOver())) {
      const waiting = queue[taken]!
      const encoded = into.writer.encode(waiting.chunk)
      if (encoded !== undefined && !take(into, waiting, encoded)) break
      taken++
      waitingBytes -= waiting.bytes
      if (encoded === undefined) options.onFailed(waiting.riders)
    }
    queue = queue.slice(taken)
    return queue.length > 0 && !isFull(into)
  }

  // A chunk that cannot be packed waits, because the stack of a program that ends a span can be full: the sender's is not.
  const packAtOnce = (waiting: WaitingChunk, writer: AgentWriterService): boolean => {
    const into = open = packing(writer)
    if (into.writer !== writer || isFull(into)) return false
    try {
      const encoded = writer.encode(waiting.chunk)
      return encoded !== undefined && take(into, waiting, encoded)
    } catch {
      return false
    }
  }

  return {
    add: (waiting, writer) => {
      if (writer !== undefined && queue.length === 0 && packAtOnce(waiting, writer)) return
      queue.push(waiting)
      waitingBytes += waiting.bytes
    },
    fill: (writer, isOver) => {
      if (queue.length === 0) return false
      open = packing(writer)
      // For another writer it is as good as full.
      return open.writer === writer && pack(open, isOver)
    },
    fresh: (writer) => {
      const into = packing(writer)
      open = undefined
      if (into.writer === writer) pack(into, PackingPace.unlimited)
      const { chunks, riders } = into
      return chunks.length === 0 ? undefined : { chunks, riders, writer: into.writer, attempts: 0 }
    },
    size: () => queue.length,
    waitingBytes: () => waitingBytes + (open?.estimate ?? 0),
    isPacking: () => open !== undefined && open.chunks.length > 0,
    shed: (chunks) =>
      queue.splice(0, chunks).map(({ bytes, riders }) => {
        waitingBytes -= bytes
        return riders
      }),
    clear: () => {
      const all = [...open?.riders ?? [], ...queue.map(({ riders }) => riders)]
      open = undefined
      queue = []
      waitingBytes = 0
      return all
    }
  }
}

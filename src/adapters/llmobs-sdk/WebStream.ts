/**
 * Ends a span with a stream of the web, which is replaced by one of the same kind: a byte stream can still be read into
 * the reader's own buffers.
 */
import type { Ends } from "./Ends.ts"

/** The stream to read instead. A stream that has a reader stays as it is, and ends the span. */
export const observe = (inner: ReadableStream, ends: Ends): ReadableStream => {
  if (inner.locked) {
    ends.succeed(undefined)
    return inner
  }
  return isByteStream(inner) ? byteStream(inner, ends) : valueStream(inner, ends)
}

const isByteStream = (inner: ReadableStream): boolean => {
  try {
    inner.getReader({ mode: "byob" }).releaseLock()
    return true
  } catch {
    return false
  }
}

const valueStream = (inner: ReadableStream, ends: Ends): ReadableStream => {
  const reader = inner.getReader()
  return new ReadableStream({
    pull: (controller) => pulled(controller, ends, () => reader.read()),
    cancel: (reason) => {
      ends.leave()
      return reader.cancel(reason)
    }
  }, { highWaterMark: 0 })
}

const byteStream = (inner: ReadableStream<Uint8Array<ArrayBuffer>>, ends: Ends): ReadableStream => {
  let plain: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined = inner.getReader()
  let filling: ReadableStreamBYOBReader | undefined
  const reading = (): ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> => {
    filling?.releaseLock()
    filling = undefined
    return plain ??= inner.getReader()
  }
  const fillingIn = (): ReadableStreamBYOBReader => {
    plain?.releaseLock()
    plain = undefined
    return filling ??= inner.getReader({ mode: "byob" })
  }
  return new ReadableStream({
    type: "bytes",
    pull: async (controller) => {
      const request = controller.byobRequest
      const view = request?.view
      if (!view) return pulled(controller, ends, () => reading().read())
      try {
        const { done, value } = await ends.run(() => fillingIn().read(view as Uint8Array<ArrayBuffer>))
        if (done) {
          ends.succeed(undefined)
          controller.close()
        }
        // The buffer moved to the answer, so that its view replaces the one of the request.
        request!.respondWithNewView(value!)
      } catch (error) {
        ends.fail(error)
        controller.error(error)
      }
    },
    cancel: (reason) => {
      ends.leave()
      return (filling ?? plain)!.cancel(reason)
    }
  })
}

const pulled = async <A>(
  controller: {
    readonly enqueue: (value: A) => void
    readonly close: () => void
    readonly error: (e: unknown) => void
  },
  ends: Ends,
  read: () => Promise<{ readonly done: boolean; readonly value?: A | undefined }>
): Promise<void> => {
  try {
    const { done, value } = await ends.run(read)
    if (!done) return controller.enqueue(value as A)
    ends.succeed(undefined)
    controller.close()
  } catch (error) {
    ends.fail(error)
    controller.error(error)
  }
}

/**
 * Ends a span with the result of its function: a value, a promise, a generator, or a stream that is still to be read.
 *
 * **Details**
 *
 * A generator and a stream are handed on as soon as they are there, and the span ends when their consumer ends. The code
 * of a generator runs inside the span. A Node stream and an async iterable stay the same object, or one that has its
 * prototype and its members.
 */
import { errorMonitor } from "node:events"

/** The ends of a span. Only the first one counts. */
export interface Ends {
  /** The function succeeded. The value is `undefined` if it was consumed piece by piece. */
  readonly succeed: (value: unknown) => void
  readonly fail: (error: unknown) => void
  /** The consumer left before the end. */
  readonly leave: () => void
  /** Runs code of the function inside the span. */
  readonly run: <A>(body: () => A) => A
}

/** The result to return in place of the function's. */
export const observe = <A>(result: A, ends: Ends): A => {
  if (isThenable(result)) {
    return result.then(
      (value) => observeValue(value, ends),
      (error: unknown) => {
        ends.fail(error)
        throw error
      }
    ) as A
  }
  return observeValue(result, ends)
}

const observeValue = <A>(value: A, ends: Ends): A => {
  const observed = typeof value === "object" && value !== null ? streaming(value, ends) : undefined
  if (observed !== undefined) return observed as A
  ends.succeed(value)
  return value
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === "object" || typeof value === "function") && value !== null &&
  typeof (value as { readonly then?: unknown }).then === "function"

const streaming = (value: object, ends: Ends): object | undefined => {
  const tag = Object.prototype.toString.call(value)
  if (tag === "[object Generator]") return generator(value as Generator, ends)
  if (tag === "[object AsyncGenerator]") return asyncGenerator(value as AsyncGenerator, ends)
  if (typeof ReadableStream === "function" && value instanceof ReadableStream) return webStream(value, ends)
  if (isNodeStream(value)) return nodeStream(value, ends)
  return Symbol.asyncIterator in value ? iterable(value as AsyncIterable<unknown>, ends) : undefined
}

type Step = "next" | "return" | "throw"

const generator = (inner: Generator, ends: Ends): Generator => {
  const step = (name: Step, value?: unknown): IteratorResult<unknown> => {
    try {
      const result = ends.run(() => inner[name](value))
      if (result.done === true) settle(name, ends)
      return result
    } catch (error) {
      ends.fail(error)
      throw error
    }
  }
  return Object.assign(Object.create(Object.getPrototypeOf(inner) as object) as Generator, {
    next: (value?: unknown) => step("next", value),
    return: (value?: unknown) => step("return", value),
    throw: (error: unknown) => step("throw", error)
  })
}

const asyncGenerator = (inner: AsyncGenerator, ends: Ends): AsyncGenerator =>
  Object.assign(Object.create(Object.getPrototypeOf(inner) as object) as AsyncGenerator, asyncSteps(inner, ends))

const asyncSteps = (inner: AsyncIterator<unknown>, ends: Ends) => {
  const step = async (name: Step, value?: unknown): Promise<IteratorResult<unknown>> => {
    try {
      const result = await ends.run(() => inner[name]!(value))
      if (result.done === true) settle(name, ends)
      return result
    } catch (error) {
      ends.fail(error)
      throw error
    }
  }
  return {
    next: (value?: unknown) => step("next", value),
    return: (value?: unknown) => {
      if (inner.return !== undefined) return step("return", value)
      ends.leave()
      return Promise.resolve({ done: true, value } as IteratorResult<unknown>)
    },
    throw: (error: unknown) => {
      if (inner.throw !== undefined) return step("throw", error)
      ends.fail(error)
      return Promise.reject(error as Error)
    }
  }
}

const settle = (name: Step, ends: Ends): void => name === "return" ? ends.leave() : ends.succeed(undefined)

const webStream = <A>(inner: ReadableStream<A>, ends: Ends): ReadableStream<A> => {
  if (inner.locked) {
    ends.succeed(undefined)
    return inner
  }
  const reader = inner.getReader()
  return new ReadableStream<A>({
    pull: async (controller) => {
      try {
        const { done, value } = await ends.run(() => reader.read())
        if (!done) return controller.enqueue(value)
        ends.succeed(undefined)
        controller.close()
      } catch (error) {
        ends.fail(error)
        controller.error(error)
      }
    },
    cancel: (reason) => {
      ends.leave()
      return reader.cancel(reason)
    }
  }, { highWaterMark: 0 })
}

interface NodeStream {
  readonly pipe: unknown
  readonly readable: unknown
  readonly once: (event: string | symbol, listener: (error: unknown) => void) => unknown
}

const isNodeStream = (value: object): value is NodeStream =>
  "pipe" in value && typeof value.pipe === "function" && "once" in value && typeof value.once === "function" &&
  "readable" in value

const nodeStream = (stream: NodeStream, ends: Ends): object => {
  stream.once("end", () => ends.succeed(undefined))
  // A listener of `error` itself would hide that the program has none.
  stream.once(errorMonitor, ends.fail)
  stream.once("close", ends.leave)
  return stream
}

// A stream of a provider's client: an object of its class, which is read by `for await`. Other uses of it cannot be
// followed, so they end the span.
const iterable = <A extends AsyncIterable<unknown>>(inner: A, ends: Ends): A =>
  new Proxy(inner, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== "function") return value
      if (key !== Symbol.asyncIterator) {
        return (...args: ReadonlyArray<unknown>): unknown => {
          ends.succeed(undefined)
          return Reflect.apply(value, target, args)
        }
      }
      return () => {
        const iterator = asyncSteps(Reflect.apply(value, target, []) as AsyncIterator<unknown>, ends)
        return { ...iterator, [Symbol.asyncIterator]: () => iterator }
      }
    }
  })

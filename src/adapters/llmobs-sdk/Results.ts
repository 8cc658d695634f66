/**
 * Ends a span with the result of its function: a value, a promise, a generator, or a stream that is still to be read.
 *
 * **Details**
 *
 * A generator and a stream are handed on as soon as they are there, and the span ends when their consumer ends. The code
 * of a generator runs inside the span. A Node stream and an async iterable stay the same object, or one that has its
 * prototype and its members.
 */
import type { AnyFunction } from "./Callback.ts"
import * as Callback from "./Callback.ts"
import type { Ends } from "./Ends.ts"
import * as NodeStream from "./NodeStream.ts"
import * as WebStream from "./WebStream.ts"

/** The result to return in place of the function's: the same one if it cannot be watched. It never throws. */
export const observe = <A>(result: A, ends: Ends): A => {
  const then = thenOf(result)
  if (then === undefined) return observeValue(result, ends)
  try {
    return Reflect.apply(then, result, [
      (value: unknown) => observeValue(value, ends),
      (error: unknown) => {
        ends.fail(error)
        throw error
      }
    ]) as A
  } catch (error) {
    ends.fail(error)
    return result
  }
}

const observeValue = <A>(value: A, ends: Ends): A => {
  try {
    const observed = typeof value === "object" && value !== null ? streaming(value, ends) : undefined
    if (observed !== undefined) return observed as A
  } catch {
    // A value that cannot be looked at, such as a revoked proxy, is no stream.
  }
  ends.succeed(value)
  return value
}

const thenOf = (value: unknown): AnyFunction | undefined => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined
  try {
    const { then } = value as { readonly then?: unknown }
    return typeof then === "function" ? then as AnyFunction : undefined
  } catch {
    return undefined
  }
}

const streaming = (value: object, ends: Ends): object | undefined => {
  const tag = Object.prototype.toString.call(value)
  if (tag === "[object Generator]") return generator(value as Generator, ends)
  if (tag === "[object AsyncGenerator]") return asyncGenerator(value as AsyncGenerator, ends)
  if (typeof ReadableStream === "function" && value instanceof ReadableStream) return WebStream.observe(value, ends)
  if (NodeStream.is(value)) return NodeStream.observe(value, ends)
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

// A stream of a provider's client: an object of its class, which is read by `for await`. Other uses of it cannot be
// followed, so they end the span. The target is empty, because a proxy must show the members of a frozen one unchanged.
const iterable = <A extends AsyncIterable<unknown>>(inner: A, ends: Ends): A => {
  const proxy: object = new Proxy(Object.create(Object.getPrototypeOf(inner) as object) as object, {
    get: (_target, key) => {
      const value: unknown = Reflect.get(inner, key, inner)
      if (typeof value !== "function" || key === "constructor" || Callback.isClass(value as AnyFunction)) return value
      return key === Symbol.asyncIterator ? () => iterated(inner, value as AnyFunction, ends) : new Proxy(value, {
        apply: (method, self, args) => {
          ends.succeed(undefined)
          return Reflect.apply(method, self === proxy ? inner : self, args) as unknown
        }
      })
    },
    set: (_target, key, value) => Reflect.set(inner, key, value),
    has: (_target, key) => Reflect.has(inner, key),
    deleteProperty: (_target, key) => Reflect.deleteProperty(inner, key),
    defineProperty: (_target, key, descriptor) => Reflect.defineProperty(inner, key, descriptor),
    ownKeys: () => Reflect.ownKeys(inner),
    getOwnPropertyDescriptor: (_target, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(inner, key)
      return descriptor && { ...descriptor, configurable: true }
    }
  })
  return proxy as A
}

const iterated = (inner: object, method: AnyFunction, ends: Ends): AsyncIterable<unknown> => {
  try {
    const iterator = asyncSteps(Reflect.apply(method, inner, []) as AsyncIterator<unknown>, ends)
    return { ...iterator, [Symbol.asyncIterator]: () => iterator } as AsyncIterable<unknown>
  } catch (error) {
    ends.fail(error)
    throw error
  }
}

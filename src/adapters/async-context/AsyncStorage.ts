/**
 * The `AsyncLocalStorage` of the runtime.
 */
import type * as AsyncHooks from "node:async_hooks"

/** A value that a function and the callbacks it starts can read. */
export type AsyncStorage<A> = Pick<AsyncHooks.AsyncLocalStorage<A>, "enterWith" | "getStore" | "run">

/**
 * Makes a storage. In a runtime without `AsyncLocalStorage`, such as a Cloudflare Worker without `nodejs_compat`, the value
 * is there until the function returns, and its later callbacks have none.
 */
export const make = <A>(): AsyncStorage<A> => {
  const hooks: typeof AsyncHooks | undefined = globalThis.process?.getBuiltinModule?.(
    "node:async_hooks"
  )
  return hooks === undefined ? synchronous() : new hooks.AsyncLocalStorage<A>()
}

const synchronous = <A>(): AsyncStorage<A> => {
  let store: A | undefined
  return {
    getStore: () => store,
    enterWith: (value) => {
      store = value
    },
    run: <R, Args extends Array<unknown>>(value: A, f: (...args: Args) => R, ...args: Args): R => {
      const before = store
      store = value
      try {
        return f(...args)
      } finally {
        store = before
      }
    }
  }
}

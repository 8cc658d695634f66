/**
 * Keeps the request that a plain handler serves, through callbacks and promises, where a fiber can find it.
 */
import * as Effect from "effect/Effect"
import { AsyncLocalStorage } from "node:async_hooks"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import type { IncomingRequest, RequestSource, RequestStore } from "../../ports/IncomingRequest.ts"
import { CurrentRequest } from "../../ports/IncomingRequest.ts"

const storage = ProcessWide.get("RequestStorage/1", () => new AsyncLocalStorage<IncomingRequest>())

interface Emitter {
  emit: (...args: Array<unknown>) => unknown
}

/** The one store of the process. */
export const store: RequestStore = {
  run: (request, handle) => storage.run(request, handle),
  bind: (request, emitter) => {
    // Events of a request come out of the socket, which belongs to no request.
    const target = emitter as Emitter
    const emit = target.emit
    target.emit = function(this: unknown, ...args) {
      return storage.run(request, () => emit.apply(this, args))
    }
  }
}

/** Finds the request around a context. Effect brings a fiber back to it after each wait. */
export const source: RequestSource = { find: (reader) => reader.getRef(CurrentRequest) ?? storage.getStore() }

/** Keeps the request that is around here, when the effect starts, in the context of its fiber. */
export const capture = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(self, CurrentRequest, storage.getStore()))

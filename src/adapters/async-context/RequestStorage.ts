/**
 * Keeps the request of a plain handler, through callbacks and promises, where a fiber can find it.
 */
import * as Effect from "effect/Effect"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { IncomingRequest, RequestSource, RequestStore } from "../../ports/IncomingRequest.ts"
import { CurrentRequest } from "../../ports/IncomingRequest.ts"
import * as AsyncStorage from "./AsyncStorage.ts"

const storage = ProcessWide.get("RequestStorage/1", () => AsyncStorage.make<IncomingRequest>())

interface Emitter {
  emit: (...args: Array<unknown>) => unknown
}

/** The only store of the process. */
export const store: RequestStore = {
  run: (request, handle) => storage.run(request, handle),
  bind: (request, emitter) => {
    // A request's events are emitted by the socket, which belongs to no request.
    const target = emitter as Emitter
    const emit = target.emit
    target.emit = function(this: unknown, ...args) {
      return storage.run(request, () => emit.apply(this, args))
    }
  }
}

/** Finds the request of a context. Effect restores the active one after each wait of a fiber. */
export const source: RequestSource = {
  find: (reader) => reader.getRef(CurrentRequest),
  active: () => storage.getStore()
}

/** The request of a context, else the active one. */
export const find = (reader: ContextReader): IncomingRequest | undefined =>
  reader.getRef(CurrentRequest) ?? storage.getStore()

/** Keeps the current request in the context of the effect's fiber, when the effect starts. */
export const capture = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(self, CurrentRequest, storage.getStore()))

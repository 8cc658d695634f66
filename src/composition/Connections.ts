/**
 * The transport of a layer: the program's, Node's, or `fetch` where the runtime has no sockets.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Builtin from "../adapters/node-process/Builtin.ts"
import type { TransportService } from "../ports/Transport.ts"
import type { Foundation } from "./Foundation.ts"
import * as LazyModule from "./LazyModule.ts"
import * as Plugged from "./Plugged.ts"
import type { Settings } from "./Settings.ts"

/** The transport of the context in which the layer is built, or one of our own that is closed with the scope. */
export const make = (
  foundation: Pick<Foundation, "context" | "diagnostics">,
  { noProxy, proxy }: Settings
): Effect.Effect<TransportService, never, Scope.Scope> => {
  const plugged = Plugged.transport(foundation)
  if (plugged !== undefined) return Effect.succeed(plugged)
  if (!Builtin.hasHttp()) {
    if (proxy !== undefined) foundation.diagnostics.warnOnce("proxy.fetch", withoutProxy)
    return Effect.map(fetchTransport, ({ make }) => make())
  }
  return Effect.flatMap(nodeTransport.get, ({ make }) =>
    make({
      proxy,
      noProxy,
      onProxyRefusal: (status) => foundation.diagnostics.warnOnce(`proxy.${status}`, refusedBy(status))
    }))
}

// A program with a transport of its own needs neither.
const fetchTransport = Effect.promise(() => import("../adapters/fetch-transport/FetchTransport.ts"))
/** Node's HTTP. */
export const nodeTransport = LazyModule.make(() => import("../adapters/node-transport/NodeTransport.ts"))

const withoutProxy =
  "This runtime sends by fetch, so the HTTPS proxy of the settings is not used. See docs/runtimes.md."

const refusedBy = (status: number): string =>
  `The HTTPS proxy answers CONNECT with ${status}, so nothing reaches the intake. Events are held${
    status === 407
      ? "; set the proxy as http://user:password@host:port."
      : "; check the proxy, or except the host by NO_PROXY."
  }`

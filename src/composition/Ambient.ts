/**
 * The ambient context of a layer: the requests of this process, and the tracer of another library around them.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as EffectHttpContext from "../adapters/effect-http/EffectHttpContext.ts"
import * as RequestStorage from "../adapters/request-storage/RequestStorage.ts"
import * as AmbientReader from "../engine/context/AmbientReader.ts"
import type { AmbientContext } from "../ports/AmbientContext.ts"
import { CurrentHostContextSource } from "../ports/IncomingRequest.ts"
import type { Foundation } from "./Foundation.ts"
import type { Settings } from "./Settings.ts"

/**
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  { context, diagnostics }: Foundation,
  settings: Pick<Settings, "propagation">
): typeof AmbientContext.Service =>
  AmbientReader.make({
    settings: settings.propagation,
    diagnostics,
    requests: [EffectHttpContext.source(), RequestStorage.source],
    host: Context.get(context, CurrentHostContextSource)
  })

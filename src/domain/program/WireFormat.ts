/**
 * The choice of an event's form as an Effect program.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Diagnostics } from "../../ports/Diagnostics.ts"
import { ExportSettings } from "../../ports/ExportSettings.ts"
import * as WireFormats from "../event/WireFormat.ts"
import type { WireFormat } from "../event/WireFormat.ts"
import * as Decision from "./Decision.ts"

/**
 * Selects the form for a route under the settings. An event that is to ride in a payload which was asked for in another
 * version than v0.4 is a problem, and rides in v0.4.
 *
 * @category combinators
 * @since 0.1.0
 */
export const select: (route: "ride" | "offer") => Effect.Effect<WireFormat, never, Diagnostics> = Effect
  .fnUntraced(function*(route) {
    const { apiVersion, mode } = yield* ExportSettings
    return yield* Decision.lift(WireFormats.checked({ mode, route, apiVersion }))
  })

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
 * Selects the form for a route under the settings. If an event rides and the settings request another payload version,
 * a problem is reported and v0.4 is used.
 *
 * @category combinators
 * @since 0.1.0
 */
export const select: (route: "ride" | "offer") => Effect.Effect<WireFormat, never, Diagnostics> = Effect
  .fnUntraced(function*(route) {
    const { apiVersion, mode } = yield* ExportSettings
    return yield* Decision.lift(WireFormats.checked({ mode, route, apiVersion }))
  })

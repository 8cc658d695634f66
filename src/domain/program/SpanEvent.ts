/**
 * The construction of an event as an Effect program.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Diagnostics } from "../../ports/Diagnostics.ts"
import { ExportSettings } from "../../ports/ExportSettings.ts"
import * as SpanEvents from "../event/SpanEvent.ts"
import type { SpanEvent } from "../event/SpanEvent.ts"
import type { WireFormat } from "../event/WireFormat.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as Decision from "./Decision.ts"

/**
 * Renders a record into an event that is not larger than the settings allow.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render: (record: SpanRecord, format: WireFormat) => Effect.Effect<SpanEvent, never, Diagnostics> = Effect
  .fnUntraced(function*(record, format) {
    const { maxEventBytes } = yield* ExportSettings
    return yield* Decision.lift(SpanEvents.checked(record, format, maxEventBytes))
  })

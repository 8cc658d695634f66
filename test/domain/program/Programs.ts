import * as Effect from "effect/Effect"
import * as DiagnosticsLog from "../../../src/engine/books/Diagnostics.ts"
import { Diagnostics } from "../../../src/ports/Diagnostics.ts"
import type { ExportSettingsService } from "../../../src/ports/ExportSettings.ts"
import { ExportSettings } from "../../../src/ports/ExportSettings.ts"

/** Runs a program of the domain synchronously, and gives its value with what was said and counted. */
export const run = <A>(program: Effect.Effect<A, never, Diagnostics>, settings?: Partial<ExportSettingsService>) => {
  const lines: Array<string> = []
  const diagnostics = DiagnosticsLog.make((line) => lines.push(line))
  const value = Effect.runSync(
    Effect.flatMap(ExportSettings, (defaults) =>
      program.pipe(
        Effect.provideService(Diagnostics, diagnostics),
        Effect.provideService(ExportSettings, { ...defaults, ...settings })
      ))
  )
  return { value, lines, counts: Object.fromEntries(diagnostics.counts()) }
}

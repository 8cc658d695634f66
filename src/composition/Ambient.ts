/**
 * The ambient context of a layer: the requests of this process, and the tracer of another library around them.
 */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as RequestStorage from "../adapters/async-context/RequestStorage.ts"
import * as EffectHttpContext from "../adapters/effect-http/EffectHttpContext.ts"
import { guard } from "../engine/books/Guard.ts"
import * as AmbientReader from "../engine/context/AmbientReader.ts"
import type { Ambient, AmbientContextService } from "../ports/AmbientContext.ts"
import { AmbientContext, CurrentAmbient } from "../ports/AmbientContext.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import { CurrentHostContextSource } from "../ports/IncomingRequest.ts"
import type { Foundation } from "./Foundation.ts"
import type { Settings } from "./Settings.ts"

export const make = (
  { context, diagnostics }: Foundation,
  settings: Pick<Settings, "propagation">
): AmbientContextService =>
  Option.match(Context.getOption(context, AmbientContext), {
    onSome: (given) => plugged(given, diagnostics),
    onNone: () =>
      AmbientReader.make({
        settings: settings.propagation,
        diagnostics,
        requests: [EffectHttpContext.source(), RequestStorage.source],
        host: Context.get(context, CurrentHostContextSource)
      })
  })

// A context set around an effect, such as by `LLMObs.extract`, outranks it like any other ambient context.
const plugged = (given: AmbientContextService, diagnostics: DiagnosticsService): AmbientContextService => ({
  current: (reader) =>
    reader.getRef(CurrentAmbient) ?? guard(diagnostics, "AmbientContext", () => {
      const ambient: unknown = given.current(reader)
      if (ambient === undefined || isAmbient(ambient)) return ambient
      diagnostics.warnOnce("plugged:AmbientContext", notAmbient)
      return undefined
    }, undefined)
})

const isAmbient = (given: unknown): given is Ambient => {
  const labels = (given as Partial<Ambient> | null)?.labels
  return typeof labels === "object" && labels !== null
}

const notAmbient = "The provided AmbientContext returned a value without labels. The context counts as empty."

import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ContextReader from "../../src/ports/ContextReader.ts"
import type { Routing } from "../../src/ports/Routing.ts"
import { CurrentRouting } from "../../src/ports/Routing.ts"

const routing: Routing = { site: "datadoghq.eu" }

describe("ContextReader", () => {
  it("reads a context's own value, and the default of a missing one", () => {
    const reader = ContextReader.make(Context.make(CurrentRouting, routing))
    assert.strictEqual(reader.getRef(CurrentRouting), routing)
    assert.isUndefined(ContextReader.make(Context.empty()).getRef(CurrentRouting))
  })

  it.effect("accepts every fiber as a reader", () =>
    Effect.withFiber((fiber) => {
      const reader: ContextReader.ContextReader = fiber
      assert.strictEqual(reader.getRef(CurrentRouting), routing)
      assert.strictEqual(Context.get(reader.context, CurrentRouting), routing)
      return Effect.void
    }).pipe(Effect.provideService(CurrentRouting, routing)))
})

import { describe, it } from "@effect/vitest"
import { settings } from "../../fuzz/HeaderLaws.ts"
import * as HeaderLaws from "../../fuzz/HeaderLaws.ts"
import * as HostileHeaders from "../../fuzz/HostileHeaders.ts"
import * as Seeded from "../../fuzz/Seeded.ts"
import { seed } from "../TestSeed.ts"

describe("hostile headers", () => {
  for (const [index, using] of settings.entries()) {
    it(`keeps the header laws for random headers with settings ${index} (npm run fuzz -- ${seed} repeats them, and more)`, () => {
      const random = Seeded.make(seed)
      for (let n = 0; n < 2_000; n++) HeaderLaws.hold(HostileHeaders.make(random), using)
    })
  }

  it("keeps the header laws for headers of the greatest length", () => {
    for (const make of HostileHeaders.pathological) {
      const text = make(HostileHeaders.longest)
      for (const using of settings) {
        for (const name of ["traceparent", "tracestate", "baggage", "x-datadog-tags", "x-datadog-trace-id", "b3"]) {
          HeaderLaws.hold({
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "x-datadog-trace-id": "12",
            "x-datadog-parent-id": "34",
            [name]: text
          }, using)
        }
      }
    }
  })
})

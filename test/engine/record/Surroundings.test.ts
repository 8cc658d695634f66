import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as PairedSpan from "../../../src/engine/record/PairedSpan.ts"
import * as Surroundings from "../../../src/engine/record/Surroundings.ts"
import * as ContextReader from "../../../src/ports/ContextReader.ts"
import { Recorder } from "../../../src/ports/Recorder.ts"
import * as Recording from "./Recording.ts"

describe("Surroundings", () => {
  it("reads a context without a recorded span once, and each other context by itself", () => {
    const reader = ContextReader.make(Context.make(Tracer.CurrentTraceLevel, "Debug"))
    assert.strictEqual(Surroundings.ofRoot(reader), Surroundings.ofRoot(ContextReader.make(reader.context)))
    assert.notStrictEqual(Surroundings.ofRoot(reader), Surroundings.ofRoot(ContextReader.make(Context.empty())))
  })

  it("gives a span directly inside another its parent and the tracer inside, and looks for them behind another service", () => {
    const seen: Array<Option.Option<Tracer.AnySpan>> = []
    const tracer = Tracer.make({ span: (input) => (seen.push(input.parent), new Tracer.NativeSpan(input)) })
    const { recorder } = Recording.make()
    const outer = Context.make(Recorder, recorder).pipe(Context.add(Tracer.Tracer, tracer))
    const open = (context: Context.Context<never>) =>
      PairedSpan.open(ContextReader.make(context), { kind: "task", name: "step" })
    const root = open(outer)
    const inside = root.inside(outer)
    open(inside)
    open(Context.add(inside, Tracer.CurrentTraceLevel, "Debug"))
    const hidden = new Tracer.NativeSpan({
      name: "hidden",
      parent: Option.some(root.span),
      annotations: Context.make(Tracer.DisablePropagation, true),
      links: [],
      startTime: 0n,
      kind: "internal",
      sampled: true
    })
    open(Context.add(inside, Tracer.ParentSpan, hidden))
    assert.deepStrictEqual(seen.map(Option.getOrUndefined), [undefined, root.span, root.span, root.span])
  })
})

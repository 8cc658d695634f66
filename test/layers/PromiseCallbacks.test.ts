import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Http from "node:http"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as NodeHttp from "../../src/layers/NodeHttp.ts"
import { listening } from "../adapters/ServerTrial.ts"
import * as Observed from "./Observed.ts"

const tool = (name: string) => Effect.void.pipe(LLMObs.tool(name))
const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

const within = async (
  program: (run: <A>(effect: Effect.Effect<A>) => Promise<A>) => Promise<unknown>,
  options?: Observed.DevOptions
) => {
  const runtime = ManagedRuntime.make(Observed.dev(options))
  try {
    await program((effect) => runtime.runPromise(effect))
    return await runtime.runPromise(Effect.map(Observed.settle, ({ agent }) => agent))
  } finally {
    await runtime.dispose()
  }
}

const isUnder = (agent: LLMObs.DevAgent["Service"], child: string, parent: string | undefined) => {
  const received = Observed.named(agent, child)
  if (parent === undefined) return assert.strictEqual(received.event["parent_id"], "undefined", child)
  const above = Observed.named(agent, parent)
  assert.strictEqual(received.event["parent_id"], above.event["span_id"], child)
  assert.strictEqual(received.traceId, above.traceId, child)
  assert.strictEqual(received.apmTraceId, above.apmTraceId, child)
}

describe("effects in promise callbacks", () => {
  for (const apm of ["llm", "off"] as const) {
    it(`nests an effect under the span that awaits the promise, at once and after waits, with apm: ${apm}`, async () => {
      const agent = await within((run) =>
        run(
          Effect.gen(function*() {
            yield* Effect.promise(() => run(tool("at once")))
            yield* Effect.tryPromise(async () => {
              await tick()
              await Promise.all([run(tool("left")), tick().then(() => run(tool("right").pipe(LLMObs.task("step"))))])
            }).pipe(Effect.orDie, LLMObs.llm("model"))
            yield* Effect.callback<void>((resume) => {
              setTimeout(() => void run(tool("called")).then(() => resume(Effect.void)), 1)
            })
          }).pipe(LLMObs.agent("agent", { sessionId: "s-1" }))
        ), { apm })
      isUnder(agent, "at once", "agent")
      isUnder(agent, "model", "agent")
      isUnder(agent, "left", "model")
      isUnder(agent, "step", "model")
      isUnder(agent, "right", "step")
      isUnder(agent, "called", "agent")
      for (const name of Observed.names(agent)) {
        assert.strictEqual(Observed.named(agent, name).event["session_id"], "s-1", name)
      }
    })
  }

  it("gives an effect in a promise callback the annotations and the baggage of the region around the promise", async () => {
    const agent = await within((run) =>
      run(
        Effect.promise(() => run(tool("inner").pipe(LLMObs.task("outer")))).pipe(
          LLMObs.annotateSpans({ tags: { team: "ops" } }),
          LLMObs.withBaggage({ "_ml_obs.experiment_id": "e-1" }),
          LLMObs.agent("agent")
        )
      )
    )
    for (const name of ["inner", "outer"]) {
      assert.strictEqual(Observed.tagsOf(Observed.named(agent, name)).get("team"), "ops", name)
      assert.strictEqual(Observed.at(Observed.named(agent, name).event, "_dd.scope"), "experiments", name)
    }
  })

  for (const apm of ["llm", "all", "off"] as const) {
    it(`finds the span around a promise from a plain span in its callback, with apm: ${apm}`, async () => {
      const agent = await within((run) =>
        run(
          Effect.promise(() => run(tool("called").pipe(Effect.withSpan("inner"), Effect.withSpan("plain")))).pipe(
            LLMObs.agent("agent", { sessionId: "s-1" })
          )
        ), { apm })
      isUnder(agent, "called", "agent")
      assert.strictEqual(Observed.named(agent, "called").event["session_id"], "s-1")
      if (apm !== "all") return
      const spans = agent.traces().flat()
      const one = (name: string) => spans.find((span) => span.name === name)!
      assert.strictEqual(one("plain").parentId, one("agent").spanId)
      assert.strictEqual(one("inner").parentId, one("plain").spanId)
    })
  }

  it("annotates, names and sends on the span around a promise from its callback", async () => {
    let headers: { readonly [name: string]: string } = {}
    let known: string | undefined
    const agent = await within((run) =>
      run(
        Effect.promise(() =>
          run(Effect.gen(function*() {
            yield* LLMObs.annotateCurrentSpan({ tags: { step: "callback" } })
            known = Option.getOrUndefined(yield* LLMObs.currentSpan)?.spanId
            headers = yield* LLMObs.inject
          }))
        ).pipe(LLMObs.agent("agent", { sessionId: "s-1" }))
      )
    )
    const received = Observed.named(agent, "agent")
    assert.strictEqual(Observed.tagsOf(received).get("step"), "callback")
    assert.strictEqual(known, received.event["span_id"])
    assert.include(headers["x-datadog-tags"], `_dd.p.llmobs_parent_id=${known}`)
  })

  it("gives no parent to a request, or to a span of another trace, in a promise callback", async () => {
    const agent = await within((run) =>
      run(
        Effect.promise(async () => {
          await run(tool("server").pipe(Effect.withSpan("handle", { kind: "server" })))
          const external = Tracer.externalSpan({ spanId: "00000000000000ab", traceId: "cd".repeat(16) })
          await run(tool("external").pipe(Effect.withSpan("continued", { parent: external })))
        }).pipe(LLMObs.agent("agent"))
      )
    )
    for (const name of ["server", "external"]) {
      isUnder(agent, name, undefined)
      assert.notStrictEqual(Observed.named(agent, name).apmTraceId, Observed.named(agent, "agent").apmTraceId)
    }
  })

  it("gives an effect no parent after the promise, outside a span, or when it continues a message", async () => {
    const agent = await within(async (run) => {
      let later: (() => Promise<void>) | undefined
      await run(
        Effect.promise(async () => {
          const timer = new Promise<void>((resolve) => setTimeout(resolve, 20))
          later = () => timer.then(() => run(tool("after the span")))
          await run(tool("message").pipe(LLMObs.extract({})))
        }).pipe(LLMObs.agent("agent"))
      )
      await later!()
      await run(tool("outside"))
      await run(Effect.promise(() => run(tool("without a span"))))
    })
    for (const name of ["message", "after the span", "outside", "without a span"]) isUnder(agent, name, undefined)
  })

  it("never nests an effect under the span of another caller, with 100 at once", async () => {
    const agent = await within((run) =>
      Promise.all(Array.from({ length: 100 }, (_, n) =>
        run(
          Effect.promise(async () => {
            await tick()
            await run(tool(`tool ${n}`))
          }).pipe(LLMObs.agent(`agent ${n}`))
        )))
    )
    for (let n = 0; n < 100; n++) isUnder(agent, `tool ${n}`, `agent ${n}`)
  })

  it("nests a server's spans under their request, and not under the span that started the server", async () => {
    const agent = await within((run) =>
      run(
        Effect.promise(async () => {
          const server = await listening(
            Http.createServer(
              { keepAliveTimeout: 0 },
              NodeHttp.wrap((_request, response) => {
                void run(Effect.promise(() => run(tool("step"))).pipe(LLMObs.workflow("request"))).then(() =>
                  response.end()
                )
              })
            )
          )
          await (await fetch(server.url, { headers: { baggage: "session.id=s-1" } })).text()
          await server.close()
        }).pipe(LLMObs.workflow("main"))
      )
    )
    isUnder(agent, "request", undefined)
    isUnder(agent, "step", "request")
    assert.strictEqual(Observed.named(agent, "step").event["session_id"], "s-1")
  })
})

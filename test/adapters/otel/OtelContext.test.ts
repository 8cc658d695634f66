import { assert, describe, it } from "@effect/vitest"
import type { Context as OtelContext } from "@opentelemetry/api"
import { context as contexts, createTraceState, propagation, ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { TracerProvider } from "@opentelemetry/sdk-trace"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import * as Stream from "effect/Stream"
import { EventEmitter } from "node:events"
import * as Http from "node:http"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as NodeHttp from "../../../src/layers/NodeHttp.ts"
import * as Otel from "../../../src/layers/Otel.ts"
import * as Observed from "../../layers/Observed.ts"
import { listening } from "../ServerTrial.ts"

contexts.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const tracer = new TracerProvider().getTracer("test")

const Live = Observed.dev().pipe(Layer.provide(Otel.layer))

const withBaggage = (members: { readonly [key: string]: string }, context = ROOT_CONTEXT): OtelContext =>
  propagation.setBaggage(
    context,
    propagation.createBaggage(
      Object.fromEntries(Object.entries(members).map(([key, value]) => [key, { value }]))
    )
  )

const session = (id: string): OtelContext => withBaggage({ "session.id": id })

const later = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Runs programs as an application would: each started in a context of OpenTelemetry. */
const within = async (
  use: (scene: {
    readonly run: <A>(context: OtelContext, effect: Effect.Effect<A>) => Promise<A>
    readonly settle: () => Promise<LLMObs.DevAgent["Service"]>
  }) => Promise<void>,
  layer: Layer.Layer<LLMObs.DevAgent, unknown> = Live
) => {
  const runtime = ManagedRuntime.make(layer)
  try {
    await use({
      run: (context, effect) => contexts.with(context, () => runtime.runPromise(effect)),
      settle: () => runtime.runPromise(Effect.map(Observed.settle, (settled) => settled.agent))
    })
  } finally {
    await runtime.dispose()
  }
}

const sessionOf = (agent: LLMObs.DevAgent["Service"], name: string) => Observed.named(agent, name).event["session_id"]

describe("OtelContext", () => {
  it("gives spans the session, user and account of OpenTelemetry's baggage, and nothing else", () =>
    within(async ({ run, settle }) => {
      const members = { "session.id": "s 1,é", "user.id": "u-1", "account.id": "a-1", "user.name": "Ann" }
      await run(withBaggage(members), Effect.void.pipe(LLMObs.llm("chat")))
      const event = Observed.named(await settle(), "chat")
      const tags = Observed.tagsOf(event)
      assert.strictEqual(event.event["session_id"], "s 1,é")
      assert.deepStrictEqual(["session_id", "usr.id", "usr.account_id"].map((key) => tags.get(key)), [
        "s 1,é",
        "u-1",
        "a-1"
      ])
      assert.notInclude([...tags.values()], "Ann")
    }))

  it("gives spans the experiment of OpenTelemetry's baggage", () =>
    within(async ({ run, settle }) => {
      const members = { "_ml_obs.experiment_id": "e-1", "_ml_obs.experiment_run_id": "r-1" }
      await run(withBaggage(members), Effect.void.pipe(LLMObs.llm("chat")))
      const event = Observed.named(await settle(), "chat")
      assert.strictEqual(Observed.at(event.event, "_dd.scope"), "experiments")
      assert.strictEqual(Observed.tagsOf(event).get("run_id"), "r-1")
    }))

  it("gives no experiment with `experimentBaggage: ignore`, and no label without the style `baggage`", async () => {
    const members = { "_ml_obs.experiment_id": "e-1", "session.id": "s-1" }
    await within(async ({ run, settle }) => {
      await run(withBaggage(members), Effect.void.pipe(LLMObs.llm("chat")))
      const event = Observed.named(await settle(), "chat")
      assert.isUndefined(Observed.at(event.event, "_dd.scope"))
      assert.strictEqual(event.event["session_id"], "s-1")
    }, Observed.dev({ experimentBaggage: "ignore" }).pipe(Layer.provide(Otel.layer)))
    await within(async ({ run, settle }) => {
      await run(trace.setSpan(withBaggage(members), tracer.startSpan("otel")), Effect.void.pipe(LLMObs.llm("chat")))
      const event = Observed.named(await settle(), "chat")
      assert.isUndefined(Observed.at(event.event, "_dd.scope"))
      assert.isUndefined(event.event["session_id"])
    }, Observed.fromEnv({ DD_TRACE_PROPAGATION_STYLE: "datadog" }).pipe(Layer.provide(Otel.layer)))
  })

  it("ignores the experiment of a trace that RUM started", () =>
    within(async ({ run, settle }) => {
      const span = trace.setSpanContext(withBaggage({ "_ml_obs.experiment_id": "e-1", "session.id": "s-1" }), {
        traceId: "0000000000000000000000000000000a",
        spanId: "000000000000000b",
        traceFlags: TraceFlags.SAMPLED,
        traceState: createTraceState("dd=s:1;o:rum")
      })
      await run(span, Effect.void.pipe(LLMObs.llm("chat")))
      const event = Observed.named(await settle(), "chat")
      assert.isUndefined(Observed.at(event.event, "_dd.scope"))
      assert.strictEqual(event.event["session_id"], "s-1")
    }))

  it("makes OpenTelemetry's span the parent of APM spans, with its trace id, decision and tracestate", () =>
    within(async ({ run, settle }) => {
      const span = tracer.startSpan("otel", {}, ROOT_CONTEXT)
      const headers = await run(
        trace.setSpan(ROOT_CONTEXT, span),
        LLMObs.inject.pipe(LLMObs.llm("chat"))
      )
      const agent = await settle()
      const apm = Observed.span(agent, "chat")
      assert.strictEqual(Observed.named(agent, "chat").apmTraceId, span.spanContext().traceId)
      assert.strictEqual(Observed.hex(apm.parentId), span.spanContext().spanId)
      assert.include(headers["traceparent"], span.spanContext().traceId)
      const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
        traceId: "0000000000000000000000000000000a",
        spanId: "000000000000000b",
        traceFlags: TraceFlags.NONE,
        traceState: createTraceState("vendor=1")
      })
      const sent = await run(unsampled, LLMObs.inject.pipe(LLMObs.llm("rejected")))
      assert.strictEqual(sent["x-datadog-sampling-priority"], "0")
      assert.match(sent["tracestate"]!, /^dd=.*,vendor=1$/)
      assert.strictEqual(Observed.named(await settle(), "rejected").via, "evp")
    }))

  it("passes OpenTelemetry's baggage on unchanged, properties included", () =>
    within(async ({ run }) => {
      const context = propagation.setBaggage(
        ROOT_CONTEXT,
        propagation.createBaggage({
          a: { value: "1 2" },
          b: {
            value: "x,y",
            metadata: { __TYPE__: Symbol("BaggageEntryMetadata"), toString: () => "p=1" } as never
          }
        })
      )
      assert.strictEqual((await run(context, LLMObs.inject))["baggage"], "a=1%202,b=x%2Cy;p=1")
    }))

  it("has no effect when no OpenTelemetry context is active, or without its layer", async () => {
    await within(async ({ run, settle }) => {
      await run(ROOT_CONTEXT, Effect.void.pipe(LLMObs.llm("chat")))
      assert.isUndefined(sessionOf(await settle(), "chat"))
    })
    await within(async ({ run, settle }) => {
      await run(session("s-1"), Effect.void.pipe(LLMObs.llm("chat")))
      assert.isUndefined(sessionOf(await settle(), "chat"))
    }, Observed.dev())
  })

  it("reads OpenTelemetry's context when its layer is beside ours", () =>
    within(async ({ run, settle }) => {
      await run(session("s-1"), Effect.void.pipe(LLMObs.llm("chat")))
      assert.strictEqual(sessionOf(await settle(), "chat"), "s-1")
    }, Layer.merge(Otel.layer, Observed.dev())))

  it("keeps 200 programs' contexts apart after waits, in forked fibers, races, streams and finalizers", () =>
    within(async ({ run, settle }) => {
      const program = (n: number) =>
        Effect.gen(function*() {
          yield* later
          const forked = yield* Effect.forkChild(later.pipe(LLMObs.task(`forked ${n}`)))
          const detached = yield* Effect.forkDetach(later.pipe(LLMObs.task(`detached ${n}`)))
          yield* Stream.range(1, 2).pipe(
            Stream.mapEffect(() => later.pipe(LLMObs.task(`streamed ${n}`)), { concurrency: 2 }),
            Stream.runDrain
          )
          yield* Effect.race(Effect.never, later.pipe(LLMObs.task(`raced ${n}`)))
          yield* Fiber.join(forked)
          yield* Fiber.join(detached)
        }).pipe(
          Effect.ensuring(later.pipe(LLMObs.task(`finalizer ${n}`))),
          LLMObs.workflow(`program ${n}`)
        )
      await Promise.all(Array.from({ length: 200 }, (_, n) => run(session(`s-${n}`), program(n))))
      const agent = await settle()
      assert.strictEqual(agent.events().length, 200 * 7)
      for (const { event } of agent.events()) {
        assert.strictEqual(event["session_id"], `s-${String(event["name"]).split(" ")[1]}`)
      }
    }))

  describe("an OpenTelemetry context beside a captured request", () => {
    const served = (
      handler: () => Effect.Effect<unknown>,
      headers: Record<string, string>,
      context: (request: Http.IncomingMessage) => OtelContext
    ) => {
      let result: LLMObs.DevAgent["Service"] | undefined
      return within(async ({ run, settle }) => {
        const server = await listening(Http.createServer(
          { keepAliveTimeout: 0 },
          NodeHttp.wrap((request, response) => {
            void run(context(request), handler()).then(() => response.end())
          }, { sessionFrom: { query: "session_id" } })
        ))
        await (await fetch(`${server.url}/?session_id=q-1`, { headers })).text()
        await server.close()
        result = await settle()
      }).then(() => result!)
    }
    const chat = () => Effect.void.pipe(LLMObs.llm("chat"))

    it("prefers OpenTelemetry's baggage to the header's, and keeps the request's session", async () => {
      const agent = await served(
        chat,
        { baggage: "user.id=header,session.id=header" },
        () => withBaggage({ "user.id": "otel" })
      )
      const event = Observed.named(agent, "chat")
      assert.strictEqual(Observed.tagsOf(event).get("usr.id"), "otel")
      assert.strictEqual(event.event["session_id"], "q-1")
    })

    it("makes OpenTelemetry's span the parent in the request's trace, with the LLM trace of the header", async () => {
      const agent = await served(chat, {
        "x-datadog-trace-id": "10",
        "x-datadog-parent-id": "11",
        "x-datadog-tags": "_dd.p.llmobs_parent_id=11,_dd.p.llmobs_trace_id=77,_dd.p.llmobs_ml_app=upstream"
      }, () =>
        trace.setSpanContext(ROOT_CONTEXT, {
          traceId: "0000000000000000000000000000000a",
          spanId: "000000000000000c",
          traceFlags: TraceFlags.SAMPLED
        }))
      const event = Observed.named(agent, "chat")
      assert.strictEqual(Observed.span(agent, "chat").parentId, 12n)
      assert.strictEqual(event.event["parent_id"], "11")
      assert.strictEqual(event.traceId, "77")
    })

    const browser = { "sec-fetch-site": "same-origin" }
    const scopeOf = (agent: LLMObs.DevAgent["Service"]) => Observed.at(Observed.named(agent, "chat").event, "_dd.scope")

    it("ignores an experiment in a browser's own header", async () => {
      const brought = [
        "_ml_obs.experiment_id=e%2D1",
        " %5Fml_obs.experiment_id = e-1;p=1",
        `${",".repeat(100)}x=1,_ml_obs.experiment_id=e-1`
      ]
      for (const baggage of brought) {
        const agent = await served(chat, { ...browser, baggage }, () => withBaggage({ "_ml_obs.experiment_id": "e-1" }))
        assert.isUndefined(scopeOf(agent), baggage)
      }
    })

    it("takes an experiment that the program sets in a browser's request, with its other keys", async () => {
      const agent = await served(
        chat,
        { ...browser, baggage: "_ml_obs.experiment_id=e-0,_ml_obs.experiment_run_id=r-0" },
        () => withBaggage({ "_ml_obs.experiment_id": "e-1", "_ml_obs.experiment_run_id": "r-0" })
      )
      assert.strictEqual(scopeOf(agent), "experiments")
      const tags = Observed.tagsOf(Observed.named(agent, "chat"))
      assert.strictEqual(tags.get("experiment_id"), "e-1")
      assert.isUndefined(tags.get("run_id"))
    })
  })

  describe("code that runs on behalf of another caller", () => {
    it("returns to its own caller after another caller's event completes a value", () =>
      within(async ({ run, settle }) => {
        const emitter = new EventEmitter()
        const waiting = run(
          session("s-1"),
          Effect.callback<void>((resume) => {
            emitter.once("go", () => resume(Effect.void))
          }).pipe(Effect.andThen(Effect.void.pipe(LLMObs.task("after")))) as Effect.Effect<void>
        )
        await run(session("s-2"), Effect.andThen(later, Effect.sync(() => void emitter.emit("go"))))
        await waiting
        assert.strictEqual(sessionOf(await settle(), "after"), "s-1")
      }))

    it("gives a region the context that it is passed, across waits, and restores the outer one after it", () =>
      within(async ({ run, settle }) => {
        await run(
          session("s-1"),
          later.pipe(
            LLMObs.task("inside"),
            Otel.withContext(session("s-2")),
            Effect.andThen(
              later.pipe(LLMObs.task("outside"))
            )
          )
        )
        const agent = await settle()
        assert.strictEqual(sessionOf(agent, "inside"), "s-2")
        assert.strictEqual(sessionOf(agent, "outside"), "s-1")
      }))

    it("takes the context of a queued message for its consumer", () =>
      within(async ({ run, settle }) => {
        const queue = await run(ROOT_CONTEXT, Queue.unbounded<{ readonly n: number; readonly context: OtelContext }>())
        const done = await run(ROOT_CONTEXT, Deferred.make<void>())
        const consumer = run(
          session("consumer"),
          Stream.fromQueue(queue).pipe(
            Stream.take(2),
            Stream.mapEffect(({ context, n }) => later.pipe(LLMObs.task(`message ${n}`), Otel.withContext(context))),
            Stream.runDrain,
            Effect.andThen(Deferred.succeed(done, undefined))
          )
        )
        for (const n of [1, 2]) {
          await run(
            session(`s-${n}`),
            Effect.suspend(() => Queue.offer(queue, { n, context: contexts.active() }))
          )
        }
        await run(ROOT_CONTEXT, Deferred.await(done))
        await consumer
        const agent = await settle()
        assert.strictEqual(sessionOf(agent, "message 1"), "s-1")
        assert.strictEqual(sessionOf(agent, "message 2"), "s-2")
      }))

    it("finds each caller's own context in the entries of batched requests", () =>
      within(async ({ run, settle }) => {
        class Ask extends Request.TaggedClass("Ask")<{ readonly n: number }, number> {}
        const resolver = RequestResolver.make<Ask>((entries) =>
          Effect.forEach(entries, (entry) =>
            later.pipe(
              LLMObs.retrieval(`found ${entry.request.n}`),
              Effect.provideContext(entry.context as Context.Context<never>),
              Effect.andThen(Request.succeed(entry, entry.request.n))
            ), { discard: true })
        ).pipe(RequestResolver.setDelay("20 millis"))
        const ask = (n: number) => Effect.request(new Ask({ n }), resolver).pipe(Otel.capture)
        await Promise.all([1, 2, 3].map((n) => run(session(`s-${n}`), ask(n))))
        const agent = await settle()
        for (const n of [1, 2, 3]) assert.strictEqual(sessionOf(agent, `found ${n}`), `s-${n}`)
      }))

    it("attributes a cached value to the caller that computed it, and other spans to their own caller", () =>
      within(async ({ run, settle }) => {
        const cached = await run(ROOT_CONTEXT, Effect.cached(later.pipe(LLMObs.llm("computed"))))
        await run(session("s-1"), cached.pipe(LLMObs.workflow("first")))
        await run(session("s-2"), cached.pipe(LLMObs.workflow("second")))
        const agent = await settle()
        assert.deepStrictEqual(["computed", "first", "second"].map((name) => sessionOf(agent, name)), [
          "s-1",
          "s-1",
          "s-2"
        ])
      }))

    it("attributes a layer built on first use to the first caller, or to none if it declares so", async () => {
      class Jobs extends Context.Service<Jobs, { readonly next: Effect.Effect<void> }>()("test/Jobs") {}
      const jobs = Layer.effect(Jobs)(Effect.gen(function*() {
        const wake = yield* Queue.unbounded<void>()
        const done = yield* Queue.unbounded<void>()
        const work = Effect.forever(Effect.gen(function*() {
          yield* Queue.take(wake)
          yield* later.pipe(LLMObs.task("adopted"))
          yield* later.pipe(LLMObs.task("nobody's"), Otel.withContext(ROOT_CONTEXT))
          yield* later.pipe(LLMObs.task("nobody's either"), LLMObs.extract({}))
          yield* Queue.offer(done, undefined)
        }))
        yield* Effect.forkScoped(work)
        return { next: Effect.andThen(Queue.offer(wake, undefined), Queue.take(done)) }
      }))
      const runtime = ManagedRuntime.make(Layer.provideMerge(jobs, Live))
      const next = Effect.flatMap(Jobs, (service) => service.next).pipe(LLMObs.workflow("caller"))
      await contexts.with(session("s-1"), () => runtime.runPromise(next))
      await contexts.with(session("s-2"), () => runtime.runPromise(next))
      const { agent } = await runtime.runPromise(Observed.settle)
      const sessions = (name: string) =>
        agent.events().filter(({ event }) => event["name"] === name).map(({ event }) => event["session_id"])
      assert.sameMembers(sessions("caller"), ["s-1", "s-2"])
      assert.deepStrictEqual(sessions("adopted"), ["s-1", "s-1"])
      assert.deepStrictEqual(sessions("nobody's"), [undefined, undefined])
      assert.deepStrictEqual(sessions("nobody's either"), [undefined, undefined])
      await runtime.dispose()
    })

    it("delivers events in the background with the labels that each caller had", () =>
      within(async ({ run, settle }) => {
        // The layer, and the fibers that deliver, are made in the first caller's context.
        await Promise.all([1, 2, 3].map((n) => run(session(`s-${n}`), later.pipe(LLMObs.llm(`chat ${n}`)))))
        const agent = await settle()
        for (const n of [1, 2, 3]) assert.strictEqual(sessionOf(agent, `chat ${n}`), `s-${n}`)
      }))

    it("keeps the waiting caller around a promise of another library", () =>
      within(async ({ run, settle }) => {
        const option = await run(
          session("s-1"),
          Effect.promise(async () => {
            await new Promise((resolve) => setTimeout(resolve, 1))
            return Effect.runPromise(Effect.succeed(Option.some(1)))
          }).pipe(Effect.tap(() => Effect.void.pipe(LLMObs.task("after"))))
        )
        assert.deepStrictEqual(option, Option.some(1))
        assert.strictEqual(sessionOf(await settle(), "after"), "s-1")
      }))
  })
})

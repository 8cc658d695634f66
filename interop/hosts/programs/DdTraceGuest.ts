/**
 * A program with dd-trace and this library in it. It does what its plan says, and reports what it saw.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type * as DiagnosticsChannel from "node:diagnostics_channel"
import type * as Http from "node:http"
import { createRequire, syncBuiltinESMExports } from "node:module"
import type { AddressInfo } from "node:net"
import * as DdTrace from "../../../src/layers/DdTrace.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Node from "../../../src/layers/Node.ts"
import type { Plan, Report, Tracer } from "../DdTracePlan.ts"

const plan = JSON.parse(process.env["PLAN"]!) as Plan
const require = createRequire(new URL(`../../${plan.folder}/package.json`, import.meta.url))
const tracer = require("dd-trace") as Tracer
if (plan.initialised !== false) {
  tracer.init({
    service: "shop",
    flushInterval: 50,
    plugins: plan.work === "server" || plan.work === "call",
    ...plan.init
  })
}

const { deafTo } = plan
if (deafTo !== undefined) {
  const channels = require("node:diagnostics_channel") as typeof DiagnosticsChannel
  const subscribe = channels.subscribe
  channels.subscribe = (name, listener) => String(name).startsWith(deafTo) ? undefined : subscribe(name, listener)
  syncBuiltinESMExports()
}

const lines: Array<string> = []
const logger = Logger.make<unknown, void>(({ message }) => {
  lines.push(String(message))
})

const Live = LLMObs.layer({
  mlApp: "shop",
  agentUrl: process.env["DD_TRACE_AGENT_URL"]!,
  // A busy machine makes nothing late.
  flushTimeout: "1 minute",
  ...plan.options
}).pipe(
  Layer.provide(DdTrace.layer(tracer, plan.version === undefined ? {} : { version: plan.version })),
  Layer.provide(Logger.layer([logger]))
)

const chat = (name: string, metadata: LLMObs.AnnotationInput["metadata"] = { temperature: 0.5 }) =>
  Effect.sleep(1).pipe(
    LLMObs.llm(name, {
      model: "gpt-5",
      provider: "openai",
      input: [{ role: "user", content: "Hi" }],
      metrics: { inputTokens: 10 },
      metadata,
      output: () => [{ role: "assistant", content: "hello" }]
    })
  )

type Run = <A>(effect: Effect.Effect<A>) => Promise<A>

const request = (body: () => Promise<unknown>): Promise<unknown> =>
  tracer.trace("web.request", { resource: "GET /chat", type: "web" }, async () => {
    await body()
    tracer.trace("db.query", { resource: "SELECT" }, () => {})
  })

const works: { readonly [W in Plan["work"]]: (run: Run) => Promise<unknown> } = {
  requests: async (run) => {
    for (let i = 0; i < 20; i++) await request(() => run(chat("chat")))
  },
  // The same spans, all of them dd-trace's own.
  alone: async () => {
    for (let i = 0; i < 20; i++) {
      await request(() => tracer.trace("chat", { resource: "llm", type: "llm" }, async () => {}))
    }
  },
  values: async (run) => {
    await run(chat("text", { stream: "yes" }))
    await run(chat("boolean", { stream: true }))
    await run(chat("null", { nothing: null }))
    await run(chat("list", { list: [true, false] }))
  },
  failures: (run) => run(Effect.exit(Effect.fail(new Error("no model")).pipe(LLMObs.llm("chat")))),
  identities: async (run) => {
    const seen: Record<string, unknown> = {}
    const active = Effect.sync(() => tracer.scope().active()?.context().toSpanId())
    await tracer.trace("web.request", {}, async (root) => {
      seen["root"] = root.context().toSpanId()
      await run(
        Effect.gen(function*() {
          seen["workflow"] = (yield* Effect.flatMap(LLMObs.currentSpan, Effect.fromOption)).spanId
          seen["activeInWorkflow"] = yield* active
          yield* Effect.promise(() => tracer.trace("db.query", {}, async () => {}))
          yield* Effect.sleep(1)
          seen["activeAfterSleep"] = yield* active
          seen["headers"] = yield* LLMObs.inject
          seen["own"] = {}
          tracer.inject(tracer.scope().active()!, "text_map", seen["own"] as Record<string, string>)
          yield* chat("chat").pipe(Effect.withSpan("plain"))
        }).pipe(Effect.orDie, LLMObs.workflow("support"), Effect.withSpan("handler"))
      )
      seen["activeAtTheEnd"] = tracer.scope().active()?.context().toSpanId()
    })
    await run(chat("alone").pipe(Effect.withSpan("job")))
    return seen
  },
  baggage: (run) =>
    tracer.trace("web.request", {}, async (root) => {
      await run(chat("before"))
      root.setBaggageItem("session.id", "s-1")
      root.setBaggageItem("user.id", "u 1")
      root.setBaggageItem("_ml_obs.experiment_id", "e-1")
      root.setBaggageItem("_ml_obs.experiment_run_id", "r-1")
      await run(chat("under"))
      await tracer.trace("inner", {}, () => run(chat("deeper")))
    }),
  open: async (run) => {
    await tracer.trace("web.request", {}, async () => {
      await run(chat("inside"))
      await run(LLMObs.flush)
    })
    await request(() => run(chat("afterwards")))
  },
  parts: (run) =>
    tracer.trace("web.request", {}, async () => {
      for (let i = 0; i < 6; i++) await run(chat("chat"))
    }),
  // A call that dd-trace itself sees, from an LLM span to another service.
  call: async (run) => {
    const http = require("node:http") as typeof Http
    let headers: Http.IncomingHttpHeaders = {}
    const server = http.createServer((request, response) => {
      headers = request.headers
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
    const call = () =>
      new Promise((resolve) => http.get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, resolve))
    const spanId = await run(
      Effect.andThen(Effect.promise(call), Effect.map(LLMObs.currentSpan, (span) => Option.getOrThrow(span).spanId))
        .pipe(
          Effect.withSpan("plain"),
          LLMObs.workflow("support", { sessionId: "s-1" })
        )
    )
    server.closeAllConnections()
    server.close()
    return { spanId, headers }
  },
  // Without Effect in the program, below another layer.
  plain: async () => {
    const { llmobs, ready } = Node.init({ layer: Live })
    await ready
    await llmobs.trace({ kind: "task", name: "warm" }, async () => {})
    await llmobs.flush()
    await request(() =>
      llmobs.trace({ kind: "llm", name: "chat" }, async () => {
        await tracer.trace("call", {}, async () => {})
        llmobs.annotate({ inputData: "Hi", outputData: "hello" })
      })
    )
    await llmobs.flush()
    await Node.default.close()
  },
  server: async (run) => {
    const http = require("node:http") as typeof Http
    const server = http.createServer((_request, response) => {
      run(chat("chat")).then(() => response.end(), () => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`, { headers: plan.headers ?? {} })
    server.closeAllConnections()
    server.close()
  }
}

const program = Effect.gen(function*() {
  const run: Run = Effect.runPromiseWith(yield* Effect.context<never>())
  // An event of a first span finds the Agent, if one is needed.
  if (plan.warm !== false) {
    yield* chat("warm")
    yield* LLMObs.flush
  }
  const seen = yield* Effect.promise(() => works[plan.work](run))
  const before = yield* LLMObs.ledger
  if (plan.flush !== false) yield* LLMObs.flush
  return { seen, before, after: yield* LLMObs.ledger }
})

const report = await Effect.runPromise(
  (plan.work === "alone" || plan.work === "plain"
    ? Effect.provide(program, Context.empty())
    : Effect.provide(program, Live)).pipe(
      Effect.map((result): Report => ({ ...result, lines }))
    )
)
process.send!(report)

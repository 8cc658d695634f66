/**
 * dd-trace as the tracer of a layer. The first argument is the folder of `interop` that has its version.
 *
 * @since 0.2.0
 */
import * as Assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import { check, run as runChecks } from "../Checks.ts"
import type { Plan } from "../DdTracePlan.ts"
import type { Span, World } from "../DdTraceWorld.ts"
import { run } from "../DdTraceWorld.ts"

const part = process.argv[2] ?? "."
// The checks that hold for every version if they hold for the newest are a part of their own.
const isMore = part === "more"
const folder = isMore ? "." : part

const start = (
  plan: Omit<Plan, "folder">,
  env?: { readonly [name: string]: string },
  settings?: Parameters<typeof run>[2]
): Promise<World> => run({ folder, ...plan }, env, settings)

const routes = ({ events }: World): { readonly [route: string]: number } => {
  const counts: { [route: string]: number } = {}
  for (const { via } of events) counts[via] = (counts[via] ?? 0) + 1
  return counts
}

const named = (world: World, name: string): World["events"][number] => {
  const found = world.events.filter(({ event }) => event["name"] === name)
  Assert.equal(found.length, 1, `events named ${name}`)
  return found[0]!
}

const balances = ({ report: { after, before } }: World): void => {
  Assert.ok(Ledgers.balances(before))
  Assert.ok(Ledgers.balances(after))
  Assert.equal(Ledgers.dropped(after), 0)
}

/** An event is on its span, or its span says that it went elsewhere, and never both. */
const isOnOneRoute = (span: Span): boolean =>
  (span.metaStruct["_llmobs"] === undefined) === (span.meta["_dd.llmobs.submitted"] === "1")

const ofLlm = ({ spans }: World): ReadonlyArray<Span> => spans.filter(({ type }) => type === "llm")

/** A span without the values that no two runs share. */
const comparable = (span: Span): unknown => {
  const { duration: _duration, metaStruct, parentId: _parent, spanId: _span, start: _start, traceId: _trace, ...rest } =
    span
  const { "_dd.p.tid": _tid, "runtime-id": _runtime, ...meta } = rest.meta
  const { process_id: _process, ...metrics } = rest.metrics
  return { ...rest, meta, metrics, structs: Object.keys(metaStruct) }
}

const header = (world: World, path: string, name: string): ReadonlyArray<string | undefined> =>
  world.requests.filter((request) => request.path === path).map(({ headers }) => headers[name])

if (!isMore) {
  check("has a tracer that the layer takes, by its own typings", () => {
    const own = new URL(`../../${folder}/.cache/types/`, import.meta.url)
    const root = fileURLToPath(new URL("../../../", import.meta.url))
    Fs.mkdirSync(own, { recursive: true })
    Fs.writeFileSync(
      new URL("Types.ts", own),
      `import tracer from "dd-trace"\nimport * as DdTrace from "${root}src/layers/DdTrace.ts"\nDdTrace.layer(tracer)\nDdTrace.layer(tracer.init())\n`
    )
    const config = {
      extends: `${root}tsconfig.json`,
      compilerOptions: { esModuleInterop: true, rewriteRelativeImportExtensions: false },
      include: ["Types.ts"]
    }
    Fs.writeFileSync(new URL("tsconfig.json", own), JSON.stringify(config))
    const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url))
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", fileURLToPath(own), "--pretty", "false"], {
      encoding: "utf8"
    })
    Assert.equal(stdout, "")
  })

  check("carries each of 20 events if it keeps each trace", async () => {
    const world = await start({ work: "requests" }, { DD_TRACE_SAMPLE_RATE: "1" })
    Assert.deepEqual(routes(world), { trace: 20 })
    Assert.ok(ofLlm(world).every(isOnOneRoute))
    balances(world)
    Assert.equal(world.report.after.delivered.agent, world.report.after.enqueued - 1)
  })

  check("loses none of 20 events if it rejects each trace", async () => {
    const world = await start({ work: "requests" }, { DD_TRACE_SAMPLE_RATE: "0" })
    Assert.deepEqual(routes(world), { evp: 20 })
    Assert.ok(ofLlm(world).every(isOnOneRoute))
    Assert.ok(world.spans.every(({ metrics }) => metrics["_sampling_priority_v1"] === -1))
    balances(world)
  })

  check("writes every other span as without the layer", async () => {
    const [ours, alone] = await Promise.all([
      start({ work: "requests" }, { DD_TRACE_SAMPLE_RATE: "1" }),
      start({ work: "alone" }, { DD_TRACE_SAMPLE_RATE: "1" })
    ])
    const others = ({ spans }: World) => spans.filter(({ type }) => type !== "llm").map(comparable)
    Assert.equal(others(alone).length, 40)
    Assert.deepEqual(others(ours), others(alone))
    const path = "/v0.4/traces"
    Assert.deepEqual([...new Set(header(alone, path, "content-type"))], ["application/msgpack"])
    for (const name of ["datadog-client-computed-stats", "datadog-client-computed-top-level", "content-type"]) {
      Assert.deepEqual([...new Set(header(ours, path, name))], [...new Set(header(alone, path, name))])
    }
  })

  // The rest holds for a line if it holds at both of its ends.
  if (part !== "packages/dd-trace-5-newest") {
    check(
      "sends an event by itself whose values its encoder would lose",
      async () => {
        const world = await start({ work: "values" })
        Assert.equal(named(world, "text").via, "trace")
        Assert.equal(named(world, "null").via, "evp")
        Assert.equal(named(world, "list").via, "evp")
        const metadata = (name: string) => (named(world, name).event["meta"] as { readonly metadata: unknown }).metadata
        Assert.deepEqual(metadata("boolean"), { stream: true })
        Assert.deepEqual(metadata("list"), { list: [true, false] })
        balances(world)
      }
    )

    check("is in one trace with Effect's spans, in both directions", async () => {
      const world = await start({ work: "identities" })
      const seen = world.report.seen as { readonly [key: string]: string }
      const span = (name: string) => world.spans.find((span) => span.name === name)!
      Assert.equal(String(span("support").parentId), seen["root"])
      Assert.equal(String(span("support").spanId), seen["workflow"])
      Assert.equal(seen["activeInWorkflow"], seen["workflow"])
      Assert.equal(seen["activeAfterSleep"], seen["workflow"])
      Assert.equal(seen["activeAtTheEnd"], seen["root"])
      Assert.equal(String(span("db.query").parentId), seen["workflow"])
      Assert.equal(String(span("chat").parentId), seen["workflow"])
      Assert.equal(named(world, "support").spanId, seen["workflow"])
      Assert.equal(named(world, "chat").event["parent_id"], seen["workflow"])
      const headers = seen["headers"] as unknown as { readonly [name: string]: string }
      const own = seen["own"] as unknown as { readonly [name: string]: string }
      for (const name of ["x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority", "traceparent"]) {
        Assert.equal(headers[name], own[name], name)
      }
      // Without a span of dd-trace around it, an Effect span is the root.
      Assert.equal(span("job").parentId, 0n)
      Assert.equal(span("alone").parentId, span("job").spanId)
      balances(world)
    })

    check(
      "labels spans by the baggage that is set on a span above them",
      async () => {
        const world = await start({ work: "baggage" })
        const tags = (name: string) => named(world, name).event["tags"] as ReadonlyArray<string>
        Assert.equal(named(world, "before").event["session_id"], undefined)
        for (const name of ["under", "deeper"]) {
          Assert.equal(named(world, name).event["session_id"], "s-1")
          for (const tag of ["usr.id:u 1", "experiment_id:e-1", "run_id:r-1", "session_id:s-1"]) {
            Assert.ok(tags(name).includes(tag), tag)
          }
          Assert.equal((named(world, name).event["_dd"] as { readonly scope?: unknown }).scope, "experiments")
        }
        balances(world)
      }
    )

    check(
      "decides the events in each part of a trace that leaves in parts",
      async () => {
        const world = await start({ work: "parts" }, {
          DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: "2",
          DD_TRACE_SAMPLE_RATE: "1"
        })
        Assert.deepEqual(routes(world), { trace: 6 })
        Assert.ok(ofLlm(world).every(isOnOneRoute))
        balances(world)
      }
    )

    check("carries the LLM trace in the headers of its own calls, and no session", async () => {
      const { spanId, headers } = (await start({ work: "call" })).report.seen as {
        readonly spanId: string
        readonly headers: { readonly [name: string]: string }
      }
      const tags = headers["x-datadog-tags"]?.split(",") ?? []
      Assert.ok(tags.includes(`_dd.p.llmobs_parent_id=${spanId}`), String(tags))
      Assert.ok(tags.some((tag) => tag.startsWith("_dd.p.llmobs_trace_id=")), String(tags))
      Assert.ok(tags.some((tag) => tag.startsWith("_dd.p.tid=")), String(tags))
      Assert.ok(
        !tags.some((tag) => tag.startsWith("_dd.p.llmobs_sid") || tag.startsWith("_dd.p.llmobs_ml_app")),
        String(tags)
      )
    })

    check("carries nothing in the protocol 0.5", async () => {
      const world = await start({ work: "requests" }, { DD_TRACE_AGENT_PROTOCOL_VERSION: "0.5" })
      Assert.deepEqual(routes(world), { evp: 20 })
      Assert.equal(world.report.lines.filter((line) => line.includes("protocol is 0.5")).length, 1)
      balances(world)
    })
  }
}

if (isMore) {
  check("delivers the events of payloads that its Agent refuses", async () => {
    const world = await start({ work: "requests", warm: false }, {}, { tracesStatus: 500 })
    Assert.equal(world.events.length, 20)
    Assert.equal(routes(world)["trace"], undefined)
    Assert.equal(world.report.after.possibleDuplicates, 0)
    balances(world)
  })

  check(
    "gives events in a trace that stays open to the intake at a flush",
    async () => {
      const world = await start({ work: "open" })
      Assert.deepEqual([named(world, "inside").via, named(world, "afterwards").via], ["evp", "trace"])
      Assert.ok(ofLlm(world).every(isOnOneRoute))
      balances(world)
    }
  )

  check("delivers at the end of the layer without a flush", async () => {
    const world = await start({ work: "requests", flush: false, init: { flushInterval: 60_000 } })
    Assert.deepEqual(routes(world), { trace: 20 })
  })

  check(
    "continues the trace of a request, and takes the labels in its headers",
    async () => {
      const world = await start({
        work: "server",
        headers: {
          traceparent: "00-6a86f1c000000000aa11bb22cc33dd44-00000000000000ff-01",
          "x-datadog-trace-id": String(0xaa11bb22cc33dd44n),
          "x-datadog-parent-id": "255",
          "x-datadog-sampling-priority": "1",
          "x-datadog-tags":
            "_dd.p.tid=6a86f1c000000000,_dd.p.llmobs_parent_id=77,_dd.p.llmobs_trace_id=88,_dd.p.llmobs_ml_app=front",
          baggage: "session.id=s-9,_ml_obs.experiment_id=e-9"
        }
      })
      const { event } = named(world, "chat")
      Assert.equal(event["session_id"], "s-9")
      Assert.equal(event["parent_id"], "77")
      Assert.equal(event["trace_id"], "88")
      Assert.ok((event["tags"] as ReadonlyArray<string>).includes("experiment_id:e-9"))
      const [span] = ofLlm(world)
      Assert.equal(span!.traceId, 0xaa11bb22cc33dd44n)
      Assert.equal(world.spans.find(({ spanId }) => spanId === span!.parentId)?.parentId, 255n)
      balances(world)
    }
  )

  check("takes no experiment from a browser's request", async () => {
    const world = await start({
      work: "server",
      headers: {
        "x-datadog-trace-id": "5",
        "x-datadog-parent-id": "6",
        "x-datadog-sampling-priority": "1",
        "x-datadog-origin": "rum",
        baggage: "session.id=s-9,_ml_obs.experiment_id=e-9"
      }
    })
    const { event } = named(world, "chat")
    Assert.equal(event["session_id"], "s-9")
    Assert.ok(!(event["tags"] as ReadonlyArray<string>).includes("experiment_id:e-9"))
  })

  check("marks the span of a failure, with the error of its event", async () => {
    const world = await start({ work: "failures" })
    const [span] = ofLlm(world)
    Assert.equal(span!.error, 1)
    Assert.equal(span!.meta["error.message"], "no model")
    Assert.equal(named(world, "chat").event["status"], "error")
  })

  const direct: ReadonlyArray<
    readonly [string, Omit<Plan, "folder" | "work">, { readonly [name: string]: string }, string]
  > = [
    ["another exporter", {}, { DD_TRACE_EXPERIMENTAL_EXPORTER: "log" }, "exporter is"],
    [
      "its own LLM Observability on",
      {},
      { DD_LLMOBS_ENABLED: "1", DD_LLMOBS_ML_APP: "theirs" },
      "own LLM Observability"
    ],
    ["APM tracing off", {}, { DD_APM_TRACING_ENABLED: "false" }, "APM tracing is off"],
    ["a version below 5.18", { version: "5.17.3" }, {}, "older than 5.18"]
  ]
  for (const [what, plan, env, line] of direct) {
    check(`carries nothing with ${what}, and says so once`, async () => {
      const world = await start({ work: "requests", ...plan }, env)
      Assert.deepEqual(routes(world), { evp: 20 })
      Assert.equal(world.report.lines.filter((text) => text.includes(line)).length, 1)
      balances(world)
    })
  }

  check("stops carrying when it does not hear of the end of a span, and says so once", async () => {
    const world = await start({ work: "requests", deafTo: "dd-trace:span:finish" })
    Assert.deepEqual(routes(world), { evp: 20 })
    Assert.equal(world.report.lines.filter((text) => text.includes("does not publish the end of a span")).length, 1)
    balances(world)
  })

  check("leaves events whose answer it cannot see to dd-trace, and does not call them delivered", async () => {
    const options = { flushTimeout: "300 millis" } as const
    const world = await start({ work: "requests", deafTo: "http.client", flush: false, warm: false, options })
    Assert.equal(world.report.before.delivered.agent, 0)
    Assert.ok(world.report.before.pending.payload > 0)
    Assert.equal(world.events.length, 20)
    balances(world)
  })

  check("carries events of a program without Effect", async () => {
    const world = await start({ work: "plain" })
    const span = (name: string) => world.spans.find((span) => span.name === name)!
    Assert.equal(named(world, "chat").via, "trace")
    Assert.equal(span("chat").parentId, span("web.request").spanId)
    Assert.equal(span("call").parentId, span("chat").spanId)
    Assert.equal(span("db.query").parentId, span("web.request").spanId)
  })

  check("carries nothing for a tracer that is not initialised, and says so once", async () => {
    const world = await start({ work: "requests", initialised: false })
    Assert.deepEqual(routes(world), { evp: 20 })
    Assert.equal(world.report.lines.filter((text) => text.includes("tracer.init()")).length, 1)
    balances(world)
  })

  check("carries nothing and disturbs nothing while tracing is off", async () => {
    const world = await start({ work: "requests" }, { DD_TRACE_ENABLED: "false" })
    Assert.deepEqual(routes(world), { evp: 20 })
    Assert.deepEqual(world.spans, [])
    balances(world)
  })
}

await runChecks()

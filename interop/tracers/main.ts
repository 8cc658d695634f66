/**
 * Sends requests through services that have this library, Datadog's tracer for Node, or the OpenTelemetry SDK in them,
 * and looks at the Agent whether they agree on the trace.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createRequire } from "node:module"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import type { Report } from "./Plan.ts"
import type { Hop, Row } from "./Rows.ts"
import { appOf, rows } from "./Rows.ts"
import * as Service from "./Service.ts"
import * as Verdict from "./Verdict.ts"

const rowMillis = 240_000
const allMillis = 1_200_000
const atOnce = 4

const variables = (hop: Hop, agentUrl: string): { readonly [name: string]: string } => ({
  DD_SERVICE: hop.name,
  DD_LLMOBS_ENABLED: "true",
  DD_LLMOBS_ML_APP: appOf(hop),
  DD_TRACE_AGENT_URL: agentUrl,
  // An answer that comes late, because the machine is busy, is no fault of a row.
  _DD_LLMOBS_WRITER_TIMEOUT: "60",
  DD_TRACE_AGENT_TIMEOUT_SECONDS: "60",
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
  DD_REMOTE_CONFIGURATION_ENABLED: "false",
  DD_TRACE_STARTUP_LOGS: "false",
  // The tracer would see how its own host opens its socket.
  DD_TRACE_DISABLED_PLUGINS: "dns,net",
  ...hop.env
})

// The last service is started first: each is told where the next one listens.
const startAll = (row: Row, agentUrl: string) =>
  row.hops.reduceRight(
    (started, hop) =>
      Effect.flatMap(started, (later) =>
        Effect.map(
          Effect.acquireRelease(
            Effect.promise(() =>
              Service.start(
                hop.tracer,
                { name: hop.name, spans: hop.spans, next: later[0]?.url },
                variables(hop, agentUrl)
              )
            ),
            (service) => Effect.sync(service.kill)
          ),
          (service) => [service, ...later]
        )),
    Effect.succeed([]) as Effect.Effect<ReadonlyArray<Service.Service>, never, Scope.Scope>
  )

const run = (row: Row): Effect.Effect<Verdict.Shortcomings> =>
  Effect.gen(function*() {
    const agent = yield* DevAgent.make()
    const services = yield* startAll(row, agent.url)
    const visits = row.visitors === undefined
      ? [{ headers: row.headers, session: undefined }]
      : Array.from({ length: row.visitors }, (_, i) => ({
        headers: { ...row.headers, baggage: `session.id=rum-${i},user.id=u-${i}` },
        session: `rum-${i}`
      }))
    const answers = yield* Effect.promise((signal) =>
      Promise.all(visits.map(async ({ headers, session }) => {
        const response = await fetch(services[0]!.url, { headers: headers ?? {}, signal })
        return { session, report: response.ok ? await response.json() as Report : undefined }
      }))
    )
    // Each sends what it holds when it ends, so nothing is waited for.
    const endings = yield* Effect.promise(() => Promise.all(services.map((service) => service.end())))
    const promised = visits.length * row.hops.reduce((sum, hop) => sum + hop.spans.length, 0)
    const arrived = agent.events().length
    return [
      ...endings.filter((ending) => ending !== undefined),
      ...arrived === promised ? [] : [`${arrived} events arrived, not ${promised}`],
      ...answers.flatMap(({ report, session }) =>
        report === undefined ? ["a request is not answered 200"] : Verdict.judge(row, report, agent, session)
      )
    ]
  }).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({ duration: rowMillis, orElse: () => Effect.succeed(["it takes too long"]) }),
    Effect.catchCause((cause) => Effect.succeed([String(cause)]))
  )

const isInstalled = (name: string): boolean => {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

const packages = ["dd-trace", "@opentelemetry/core", "@opentelemetry/sdk-trace"]
const missing = packages.filter((name) => !isInstalled(name))
if (missing.length > 0) {
  console.log(`skipped: ${missing.join(", ")} could not be installed in interop/`)
} else {
  // A part of a name picks rows.
  const part = process.argv[2] ?? ""
  const chosen = rows.filter(({ name }) => name.includes(part))
  const width = Math.max(0, ...chosen.map(({ name }) => name.length))
  const endMillis = performance.now() + allMillis
  const fallen = await Effect.runPromise(
    Effect.forEach(
      chosen,
      (row) =>
        Effect.map(
          performance.now() < endMillis ? run(row) : Effect.succeed(["there was no time left for it"]),
          (short) => {
            const lines = [`${row.name.padEnd(width)}  ${short.length === 0 ? "held" : "fell short"}`]
            lines.push(...short.map((shortcoming) => `  ${shortcoming}`))
            console.log(lines.join("\n"))
            return short.length === 0 ? [] : lines
          }
        ),
      { concurrency: atOnce }
    )
  )
  const fell = fallen.filter((lines) => lines.length > 0).length
  // Again, because the end of a log is what is read first.
  console.log(["", ...fallen.flat()].join("\n"))
  console.log(`${fallen.length - fell} rows held, ${fell} fell short`)
  process.exitCode = fell === 0 ? 0 : 1
}

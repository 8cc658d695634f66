import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as SemanticConventions from "../../src/domain/semconv/SemanticConventions.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Intakes from "./Intakes.ts"

type Fields = Readonly<Record<string, any>>

interface Endpoint {
  readonly url: string
  readonly requests: Array<{ readonly headers: Http.IncomingHttpHeaders; readonly path: string; readonly body: Fields }>
  /** The answers to come; then 200. */
  readonly answers: Array<readonly [status: number, body: string]>
}

const endpoint = Effect.gen(function*() {
  const requests: Endpoint["requests"] = []
  const answers: Endpoint["answers"] = []
  const server = yield* Effect.acquireRelease(
    Effect.callback<Http.Server>((resume) => {
      const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
        const parts: Array<Buffer> = []
        request.on("data", (part: Buffer) => parts.push(part))
        request.on("end", () => {
          requests.push({
            headers: request.headers,
            path: request.url!,
            body: JSON.parse(Buffer.concat(parts).toString())
          })
          const [status, body] = answers.shift() ?? [200, "{}"]
          response.writeHead(status, { "content-type": "application/json" }).end(body)
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, answers }
})

const observed = <A>(
  program: (endpoint: Endpoint) => Effect.Effect<A>
) =>
  Effect.gen(function*() {
    const target = yield* endpoint
    const intakes = yield* Intakes.make()
    const layer = LLMObs.layer({
      mlApp: "shop",
      service: "shop-api",
      env: "prod",
      exporter: "otlp",
      otlpEndpoint: `${target.url}/custom/v1/traces`,
      otlpHeaders: { "dd-api-key": "secret" },
      flushInterval: "5 millis",
      flushTimeout: "30 seconds"
    }).pipe(Layer.provide(intakes.layer), Layer.provide(Logger.layer([])))
    const result = yield* Effect.provide(
      Effect.gen(function*() {
        const value = yield* program(target)
        yield* LLMObs.flush
        return { value, ledger: yield* LLMObs.ledger, setAside: yield* LLMObs.setAside }
      }),
      layer
    )
    assert.isTrue(Ledgers.balances(result.ledger))
    return { ...result, ...target, intakes: intakes.accepted }
  }).pipe(Effect.scoped)

const spansOf = ({ requests }: Pick<Endpoint, "requests">): ReadonlyArray<Fields> =>
  requests.flatMap(({ body }) =>
    body["resourceSpans"].flatMap(({ resource, scopeSpans }: Fields) =>
      scopeSpans.flatMap(({ spans }: Fields) => spans.map((span: Fields) => ({ ...span, resource })))
    )
  )

const attributes = (list: ReadonlyArray<Fields>): Fields =>
  Object.fromEntries(list.map(({ key, value }) => {
    const [given] = Object.values(value as Fields)
    return [key, "intValue" in value ? Number(given) : given]
  }))

const chat = Effect.void.pipe(LLMObs.llm("chat", {
  model: "gpt-5",
  provider: "openai",
  input: [{ role: "system", content: "Be brief." }, { role: "user", content: "Weather?" }],
  metadata: { temperature: 0.2 },
  metrics: { inputTokens: 9, outputTokens: 1, cacheReadTokens: 4, timeToFirstToken: 0.25, quality: 0.5 },
  sessionId: "s-1",
  tags: { team: "ops" }
}))

describe("the OTLP exporter", () => {
  it.live("sends each event as a span with gen_ai attributes, in one tree, with the headers that Datadog reads", () =>
    Effect.gen(function*() {
      const seen = yield* observed(() => LLMObs.workflow("support")(chat))
      const [request] = seen.requests
      assert.strictEqual(request?.path, "/custom/v1/traces")
      assert.deepInclude(request?.headers, { "dd-otlp-source": "llmobs", "dd-api-key": "secret" })
      const spans = new Map(spansOf(seen).map((span) => [span["name"], span]))
      const [call, support] = [spans.get("chat")!, spans.get("support")!]
      assert.deepStrictEqual([call["parentSpanId"], call["traceId"]], [support["spanId"], support["traceId"]])
      assert.match(call["spanId"], /^[0-9a-f]{16}$/)
      assert.isTrue(BigInt(call["endTimeUnixNano"]) >= BigInt(call["startTimeUnixNano"]))
      assert.deepStrictEqual(attributes(call["resource"].attributes), {
        "service.name": "shop",
        "deployment.environment.name": "prod"
      })
      const given = attributes(call["attributes"])
      assert.deepInclude(given, {
        dd_llmobs_enabled: true,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.conversation.id": "s-1",
        "gen_ai.response.time_to_first_chunk": 0.25,
        team: "ops"
      })
      assert.deepStrictEqual(JSON.parse(given["_dd.ml_obs.metadata"]), { temperature: 0.2, metrics: { quality: 0.5 } })
      assert.deepStrictEqual(seen.ledger.delivered, { agent: 0, intake: 2 })
    }))

  it.live("writes messages and counts that the conventions read back", () =>
    Effect.gen(function*() {
      const seen = yield* observed(() => chat)
      const [span] = spansOf(seen)
      const reading = SemanticConventions.read({ name: "chat", attributes: attributes(span!["attributes"]) })
      assert.deepInclude(reading, { kind: "llm", model: "gpt-5", provider: "openai", sessionId: "s-1" })
      assert.deepInclude(reading?.metrics, { input_tokens: 9, output_tokens: 1, cache_read_input_tokens: 4 })
      assert.deepStrictEqual(reading?.input as unknown, [
        { role: "system", parts: [{ type: "text", content: "Be brief." }] },
        { role: "user", parts: [{ type: "text", content: "Weather?" }] }
      ])
    }))

  it.live("sends again what the endpoint does not take, and sets aside what it refuses for good", () =>
    Effect.gen(function*() {
      const seen = yield* observed(({ answers }) => {
        answers.push([503, "{}"], [200, "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"no\"}}"])
        return Effect.asVoid(LLMObs.task("refused")(Effect.void))
      })
      assert.strictEqual(seen.requests.length, 2)
      assert.deepStrictEqual(seen.setAside.map(({ reason, status }) => [reason, status]), [["refused", 400]])
    }))

  it.live("shrinks an event whose texts outgrow the limit only in the JSON of OTLP", () =>
    Effect.gen(function*() {
      const seen = yield* observed(() => Effect.void.pipe(LLMObs.task("quotes", { input: "\"".repeat(1_800_000) })))
      const [span] = spansOf(seen)
      const [message] = JSON.parse(attributes(span!["attributes"])["gen_ai.input.messages"])
      const { content } = message.parts[0]
      assert.match(content, /^"+\[\d+ bytes left out\]"+$/)
      assert.isAbove(content.length, 1_000_000)
      assert.isAtMost(JSON.stringify(seen.requests[0]?.body).length, 5_000_100)
      assert.deepStrictEqual([seen.ledger.delivered.intake, seen.setAside.length], [1, 0])
    }))

  it.live("gives failed spans their error, and sends events of another account to its own intake alone", () =>
    Effect.gen(function*() {
      const account = { apiKey: Redacted.make("f".repeat(32)), site: "datadoghq.eu" }
      const seen = yield* observed(() =>
        LLMObs.tool("look")(Effect.fail(new RangeError("too far"))).pipe(
          Effect.ignore,
          Effect.andThen(LLMObs.withRouting(account)(LLMObs.task("theirs")(Effect.void)))
        )
      )
      const spans = spansOf(seen)
      assert.deepStrictEqual(spans.map(({ name }) => name), ["look"])
      assert.deepStrictEqual(seen.intakes, [{ site: "datadoghq.eu", key: "f".repeat(32), names: ["theirs"] }])
      assert.deepStrictEqual(spans[0]!["status"], { code: 2, message: "too far" })
      assert.deepInclude(attributes(spans[0]!["attributes"]), { "error.type": "RangeError" })
    }))
})

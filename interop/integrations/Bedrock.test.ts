import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Bedrock from "../../src/layers/Bedrock.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, load, missing } from "./Installed.ts"

const releases = [["bedrock-lowest", "3.587.0"], ["@aws-sdk/client-bedrock-runtime", "3.1164.0"]] as const

const usage = {
  inputTokens: 30,
  outputTokens: 20,
  totalTokens: 60,
  cacheReadInputTokens: 10,
  cacheWriteInputTokens: 0
}
const converse = {
  output: { message: { role: "assistant", content: [{ text: "You said: Hi" }] } },
  stopReason: "end_turn",
  usage,
  metrics: { latencyMs: 5 }
}
const parts = [
  ["messageStart", { role: "assistant" }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "You said" } }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: ": Hi" } }],
  ["contentBlockStop", { contentBlockIndex: 0 }],
  ["messageStop", { stopReason: "end_turn" }],
  ["metadata", { usage, metrics: { latencyMs: 5 } }]
] as const

const invoked: { readonly [model: string]: object } = {
  "anthropic.claude": {
    type: "message",
    role: "assistant",
    model: "claude",
    content: [{ type: "text", text: "You said: Hi" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 40, output_tokens: 20 }
  },
  "meta.llama": { generation: "You said: Hi", prompt_token_count: 40, generation_token_count: 20, stop_reason: "stop" },
  "amazon.titan-text": {
    inputTextTokenCount: 40,
    results: [{ outputText: "You said: Hi", tokenCount: 20, completionReason: "FINISH" }]
  }
}

/** A server of Bedrock. A model with `refused` in its id is refused, one with `flaky` the first time. */
const start = async () => {
  const { EventStreamCodec } = load("@smithy/core/event-streams") as {
    readonly EventStreamCodec: new(
      toUtf8: (bytes: Uint8Array) => string,
      fromUtf8: (text: string) => Uint8Array
    ) => { readonly encode: (message: object) => Uint8Array }
  }
  const fromUtf8 = (text: string) => new TextEncoder().encode(text)
  const codec = new EventStreamCodec((bytes) => new TextDecoder().decode(bytes), fromUtf8)
  const event = (type: string, body: object) =>
    codec.encode({
      headers: {
        ":event-type": { type: "string", value: type },
        ":content-type": { type: "string", value: "application/json" },
        ":message-type": { type: "string", value: "event" }
      },
      body: fromUtf8(JSON.stringify(body))
    })
  let attempts = 0
  const server = http.createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    for await (const _ of request);
    attempts++
    const [, , id = "", operation] = decodeURIComponent(request.url!).split("/")
    const fail = (status: number, type: string) => {
      response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type })
      response.end(`{"message":"No such model."}`)
    }
    if (id.includes("refused")) return fail(400, "ValidationException")
    if (id.includes("flaky") && attempts === 1) return fail(503, "ServiceUnavailableException")
    if (operation === "converse-stream") {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
      for (const [type, body] of parts) response.write(event(type, body))
      return response.end()
    }
    if (operation === "invoke-with-response-stream") {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
      const chunks = [
        { generation: "You said" },
        { generation: ": Hi", "amazon-bedrock-invocationMetrics": { inputTokenCount: 40, outputTokenCount: 20 } }
      ]
      for (const chunk of chunks) {
        const bytes = Buffer.from(JSON.stringify(chunk)).toString("base64")
        response.write(event("chunk", { bytes }))
      }
      return response.end()
    }
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify(operation === "invoke" ? invoked[id] : converse))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

interface Sdk {
  readonly [command: string]: new(input: object) => object
}

interface Client {
  readonly send: (command: object) => Promise<{
    readonly stream?: AsyncIterable<unknown>
    readonly body?: AsyncIterable<unknown>
  }>
}

const recorded = (name: string, body: (client: Client, sdk: Sdk) => Promise<unknown>) =>
  Effect.gen(function*() {
    const sdk = load(name) as Sdk
    const { NodeHttpHandler } = load("@smithy/node-http-handler") as Sdk
    const server = yield* Effect.acquireRelease(Effect.promise(start), ({ close }) => Effect.sync(close))
    const made = new sdk["BedrockRuntimeClient"]!({
      region: "us-east-1",
      endpoint: server.endpoint,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      requestHandler: new NodeHttpHandler!({})
    })
    const client = Bedrock.wrap(Bedrock.wrap(made)) as unknown as Client
    assert.strictEqual(client, made as unknown as Client)
    yield* Effect.promise(() => body(client, sdk)).pipe(LLMObs.workflow("support"))
    return yield* Testing.events({ kind: "llm" })
  }).pipe(Effect.scoped, Effect.provide(Testing.layer()))

const messages = [{ role: "user", content: [{ text: "Hi" }] }]

for (const [name, version] of releases) {
  describe(`Bedrock.wrap, @aws-sdk/client-bedrock-runtime ${version}`, () => {
    const test = (title: string, body: Effect.Effect<void>) =>
      it.live(title, (ctx) => {
        if (!isInstalled(name)) ctx.skip(missing(name))
        return body
      })

    test(
      "records Converse, at once and in a stream, with its tokens, and once for two attempts",
      Effect.gen(function*() {
        const spans = yield* recorded(name, async (client, { ConverseCommand, ConverseStreamCommand }) => {
          const modelId = "Anthropic.claude"
          const system = [{ text: "Be brief." }]
          await client.send(new ConverseCommand!({ modelId, system, messages, inferenceConfig: { temperature: 0.2 } }))
          const { stream } = await client.send(new ConverseStreamCommand!({ modelId, messages }))
          for await (const _ of stream!);
          await client.send(new ConverseCommand!({ modelId: "flaky", messages }))
        })
        assert.strictEqual(spans.length, 3)
        for (const span of spans) {
          assert.deepInclude(span, { name: "bedrock-runtime.command", provider: "amazon_bedrock", status: "ok" })
          assert.deepStrictEqual(Testing.texts(span.output), ["You said: Hi"])
          assert.deepInclude(span.metrics, {
            input_tokens: 40,
            output_tokens: 20,
            total_tokens: 60,
            cache_read_input_tokens: 10
          })
        }
        assert.strictEqual(spans[0]!.model, "anthropic.claude")
        assert.strictEqual(spans[0]!.tags["integration"], "bedrock")
        assert.deepStrictEqual(Testing.texts(spans[0]!.input), ["Be brief.", "Hi"])
        assert.deepStrictEqual(spans[0]!.metadata, { temperature: 0.2, finish_reason: "end_turn" })
        assert.isAbove(spans[1]!.metrics["time_to_first_token"]!, 0)
      })
    )

    test(
      "records a refused call, and a stream that is left",
      Effect.gen(function*() {
        const [refused, left] = yield* recorded(name, async (client, { ConverseCommand, ConverseStreamCommand }) => {
          const error: unknown = await client.send(new ConverseCommand!({ modelId: "refused", messages })).catch((e) =>
            e
          )
          assert.strictEqual((error as Error).name, "ValidationException")
          const { stream } = await client.send(new ConverseStreamCommand!({ modelId: "m", messages }))
          for await (const part of stream!) if (JSON.stringify(part).includes("You said")) break
        })
        assert.deepInclude(refused!.error, { type: "ValidationException", message: "No such model." })
        assert.deepStrictEqual([left!.status, left!.tags["effect.fiber.interrupted"]], ["ok", "true"])
        assert.deepStrictEqual(Testing.texts(left!.output), ["You said"])
      })
    )

    test(
      "records InvokeModel for models with bodies of their own",
      Effect.gen(function*() {
        const bodies = {
          "anthropic.claude": {
            anthropic_version: "bedrock-2023-05-31",
            max_tokens: 10,
            messages: [{ role: "user", content: "Hi" }]
          },
          "meta.llama": { prompt: "Hi", temperature: 0.2 },
          "amazon.titan-text": { inputText: "Hi", textGenerationConfig: { temperature: 0.2 } }
        }
        const spans = yield* recorded(
          name,
          async (client, { InvokeModelCommand, InvokeModelWithResponseStreamCommand }) => {
            for (const [modelId, body] of Object.entries(bodies)) {
              await client.send(new InvokeModelCommand!({ modelId, body: JSON.stringify(body) }))
            }
            const { body } = await client.send(
              new InvokeModelWithResponseStreamCommand!({
                modelId: "meta.llama",
                body: JSON.stringify(bodies["meta.llama"])
              })
            )
            for await (const _ of body!);
          }
        )
        assert.deepStrictEqual(spans.map(({ model }) => model), [...Object.keys(bodies), "meta.llama"])
        for (const span of spans) {
          assert.deepStrictEqual([Testing.texts(span.input), Testing.texts(span.output)], [["Hi"], ["You said: Hi"]])
          assert.deepInclude(span.metrics, { input_tokens: 40, output_tokens: 20, total_tokens: 60 })
        }
        assert.strictEqual(spans[2]!.metadata["temperature"], 0.2)
      })
    )
  })
}

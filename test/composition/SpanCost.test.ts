import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { root } from "../../scripts/SourceFile.ts"

/** The answer of the program below. Bytes are those of one span. */
interface Answer {
  /** The modules of Node that the import of the face loaded, and that a layer loaded. */
  readonly imported: ReadonlyArray<string>
  readonly built: ReadonlyArray<string>
  /** Bytes that were allocated on the heap until the span ended, and until its event was delivered. */
  readonly madeBytes: number
  readonly deliveredBytes: number
  readonly delivered: number
  /** Bytes of one annotation of a span that has thousands. */
  readonly annotationBytes: number
}

const spans = 500

// No young object is collected while it measures, so the heap grows by what is allocated.
const flags = [
  "--conditions=effect-llmobs-source",
  "--expose-gc",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64"
]

const program = `
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

const [agentUrl, rate] = process.argv.slice(1)
let known = new Set(process.moduleLoadList)
const loaded = () => {
  const names = process.moduleLoadList.filter((name) => !known.has(name)).map((name) => name.split(" ").at(-1))
  known = new Set(process.moduleLoadList)
  // Node strips the types of our sources by this one.
  return names.filter((name) => !name.startsWith("internal/deps/amaro/"))
}
const LLMObs = await import("effect-llmobs/LLMObs")
const imported = loaded()
const runtime = ManagedRuntime.make(LLMObs.layerFromConfig({ mlApp: "cost", agentUrl, flushTimeout: "50 seconds" }).pipe(
  Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({
    DD_TRACE_SAMPLE_RATE: rate,
    // A request that an Agent is slow to answer is not sent again.
    _DD_LLMOBS_WRITER_TIMEOUT: "60",
    DD_TRACE_AGENT_TIMEOUT_SECONDS: "60"
  })))
))
const run = Effect.runSyncWith(await runtime.context())
const built = loaded()

const line = "The parcel left the store on Monday, said the \\"clerk\\", and it will be with you tomorrow.\\n"
const texts = Array.from({ length: 50 }, (_, at) => Buffer.from((at + line.repeat(23)).slice(0, 2_048)).toString())
const spans = ${spans}
const make = () => {
  for (let at = 0; at < spans; at++) {
    const [input, output] = [texts[at % 50], texts[at * 7 % 50]]
    run(Effect.andThen(
      LLMObs.annotateCurrentSpan({ input: [{ role: "user", content: input }], metadata: { temperature: 0.2 } }),
      LLMObs.annotateCurrentSpan({
        output: [{ role: "assistant", content: output }],
        metrics: { inputTokens: 512, outputTokens: 498 }
      })
    ).pipe(LLMObs.llm("chat", { model: "gpt-5", provider: "openai", tags: { team: "support" } })))
  }
}
const annotate = (times) => {
  const names = Array.from({ length: times }, (_, at) => ["key " + at, "tag " + at])
  gc()
  const before = used()
  run(Effect.forEach(names, ([key, tag]) => LLMObs.annotateCurrentSpan({ metadata: { [key]: 1 }, tags: { [tag]: "v" } }), {
    discard: true
  }).pipe(LLMObs.task("annotated")))
  return (used() - before) / times
}
const used = () => process.memoryUsage().heapUsed
const deliver = () => runtime.runPromise(LLMObs.flush)

make()
const annotationBytes = annotate(2_000)
await deliver()
await fetch(agentUrl + "/clear")
gc()
const before = used()
make()
const made = used()
const { delivered } = await deliver()
const after = used()
process.stdout.write("\\n" + JSON.stringify({
  imported,
  built,
  madeBytes: (made - before) / spans,
  deliveredBytes: (after - before) / spans,
  delivered,
  annotationBytes
}))
await runtime.dispose()
`

const info = JSON.stringify({
  version: "7.85.1",
  endpoints: ["/v0.4/traces", "/evp_proxy/v2/", "/evp_proxy/v4/"],
  client_drop_p0s: true,
  span_meta_structs: true
})

/** An Agent that counts requests and their bytes. It forgets them at a request to `/clear`. */
const agent = Effect.acquireRelease(
  Effect.callback<{ readonly server: Http.Server; readonly requests: number; readonly bytes: number }>((resume) => {
    const seen = { requests: 0, bytes: 0 }
    const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
      if (request.method === "POST") seen.requests++
      request.on("data", (part: Buffer) => {
        seen.bytes += part.byteLength
      })
      request.on("end", () => {
        if (request.url === "/clear") Object.assign(seen, { requests: 0, bytes: 0 })
        response.end(request.url === "/info" ? info : "{}")
      })
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(Object.assign(seen, { server }))))
  }),
  ({ server }) => Effect.sync(() => server.close())
)

const measure = (sampleRate: number) =>
  Effect.gen(function*() {
    const seen = yield* agent
    const { port } = seen.server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const printed = yield* Effect.callback<string>((resume) => {
      execFile(
        process.execPath,
        [...flags, "--input-type=module", "--eval", program, url, String(sampleRate)],
        { cwd: root, timeout: 120_000 },
        (error, stdout, stderr) =>
          resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(stderr, { cause: error })))
      )
    })
    const answer = JSON.parse(printed.slice(printed.lastIndexOf("\n"))) as Answer
    return { ...answer, requests: seen.requests, bytes: seen.bytes / spans }
  })

// What a layer to the Agent needs only in certain programs.
const costly = ["https", "tls", "http2", "zlib", "worker_threads", "child_process", "sqlite", "dgram", "fs/promises"]

/** Today's figure, with room for what a new version of Node or of Effect may add. */
const assertNear = (figure: number, today: number, name: string): void => {
  assert.isBelow(figure, today * 1.3, `${name}: ${Math.round(figure)}; it was ${today}`)
  assert.isAbove(
    figure,
    today / 3,
    `${name}: ${Math.round(figure)} is so much better than ${today} that the guard is loose`
  )
}

describe("the cost of a span of 2 × 2 KB", () => {
  const roads = [
    ["rides its trace", 1, { madeBytes: 25_000, deliveredBytes: 29_500, bytes: 5_800 }],
    ["is rescued", 0, { madeBytes: 24_500, deliveredBytes: 30_000, bytes: 5_800 }]
  ] as const
  for (const [road, sampleRate, today] of roads) {
    it.live(`stays what it was, in garbage, bytes and requests, when its event ${road}`, () =>
      Effect.gen(function*() {
        const cost = yield* measure(sampleRate)
        assert.strictEqual(cost.delivered, spans)
        // A copy of the earlier ones at each annotation takes half as much again, where some of it is collected.
        assert.isBelow(cost.annotationBytes, 10_000)
        for (const name of ["madeBytes", "deliveredBytes", "bytes"] as const) assertNear(cost[name], today[name], name)
        // One for each MiB, and the rest.
        assert.isAtMost(cost.requests, 1 + Math.ceil(cost.bytes * spans / 1_000_000))
        assert.deepStrictEqual(cost.imported, [])
        assert.deepStrictEqual(cost.built.filter((name) => costly.includes(name)), [])
      }))
  }
})

import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Testing from "effect-llmobs/Testing"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Embedder from "../../examples/home-made-tracer/Embedder.ts"
import * as Llm from "../../examples/home-made-tracer/LlmObservability.ts"
import * as Tracers from "../../examples/home-made-tracer/Tracer.ts"
import { root } from "../../scripts/SourceFile.ts"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"

type File = "Tracer.ts" | "LlmObservability.ts"

/** A mistake in the example that the law must catch, as changes of its text. */
const mutants: {
  readonly [law in Testing.EmbedderLawName]: ReadonlyArray<readonly [file: File, from: string, to: string]>
} = {
  "rides": [["LlmObservability.ts", `llm.claim = "riding"\n        return record`, `return undefined`]],
  "rescued": [["LlmObservability.ts", `priority: span.trace.priority`, `priority: 1`]],
  "priority-untouched": [[
    "LlmObservability.ts",
    `const { record } = llm\n`,
    `const { record } = llm\n      Object.assign(span.trace, { priority: 2 })\n`
  ]],
  "other-spans-untouched": [[
    "LlmObservability.ts",
    `spans.map((span) => {\n`,
    `spans.map((span) => {\n      span.meta["llm"] = "1"\n`
  ]],
  "upstream-decides": [[
    "LlmObservability.ts",
    `priority: span.trace.priority`,
    `priority: this.tracer.options.keeps() ? 1 : 0`
  ]],
  "one-route": [["LlmObservability.ts", `return undefined\n    })`, `return record\n    })`]],
  "idempotent": [["LlmObservability.ts", `this.#outbox = []\n    this.#bytes = 0\n    const format`, `const format`]],
  "refused-payload": [[
    "LlmObservability.ts",
    `else for (const rider of riders) this.#offer(rider)`,
    `else this.counts.lost += riders.length`
  ]],
  "incapable-agent": [["LlmObservability.ts", `&& AgentCapabilities.canCarry(this.agent)`, ``]],
  "filtered-trace": [["LlmObservability.ts", `AgentCapabilities.rootIsFiltered(this.agent!, span)`, `false`]],
  "large-event": [["LlmObservability.ts", `record.bytes <= Rescue.maxStructBytes`, `true`]],
  "intake-outage": [["LlmObservability.ts", `this.#offer(event)`, `this.counts.lost++`]],
  "identity": [[
    "LlmObservability.ts",
    `SpanId.toDecimal(span.spanId)`,
    `SpanId.toDecimal(randomBytes(8).toString("hex"))`
  ]],
  "parents": [["LlmObservability.ts", `at !== undefined; at = at.parent`, `at !== undefined; at = undefined`]],
  "labels": [["Tracer.ts", `baggage: new Map(baggage)`, `baggage`]],
  "explicit-label": [["LlmObservability.ts", `llm.context = SpanContext.rename(llm.context, value)`, ``]],
  "experiment": [["LlmObservability.ts", `ExperimentBaggage.read(`, `((_: unknown) => undefined)(`]],
  "browser-experiment": [
    [
      "Tracer.ts",
      `Propagation.extract(request)`,
      `Propagation.extract((name) => name.startsWith("sec-") ? undefined : request(name))`
    ],
    ["LlmObservability.ts", `"auto"`, `"accept"`]
  ],
  "propagation": [["Tracer.ts", `quietly(() => this.guest?.carried(span))`, `undefined`]],
  "failure": [[
    "LlmObservability.ts",
    `error: error === undefined ? undefined : SpanError.fromUnknown(error)`,
    `error: undefined`
  ]],
  "bad-input": [[
    "LlmObservability.ts",
    `Annotation.parse(llm.context.kind, input)`,
    `Annotation.parse(llm.context.kind, { ...input })`
  ]]
}

const example = Path.join(root, "examples/home-made-tracer")
const folder = Path.join(root, ".cache/mutants")

/** The example with changes of its text. */
const mutated = async (law: Testing.EmbedderLawName): Promise<Testing.Embedder> => {
  const own = Path.join(folder, law)
  Fs.mkdirSync(own, { recursive: true })
  for (const file of ["Tracer.ts", "LlmObservability.ts"] as const) {
    let source = Fs.readFileSync(Path.join(example, file), "utf8")
    for (const [name, from, to] of mutants[law]) {
      if (name !== file) continue
      assert.strictEqual(source.split(from).length, 2, `${law}: the text to change is in ${file} once`)
      source = source.replace(from, () => to)
    }
    Fs.writeFileSync(Path.join(own, file), source)
  }
  const load = (file: File) => import(/* @vite-ignore */ Path.join(own, file))
  return Embedder.make(await load("Tracer.ts"), await load("LlmObservability.ts"))
}

describe("examples/home-made-tracer", () => {
  for (const [law, sentence] of Object.entries(Testing.embedderLaws)) {
    it(`${sentence} (${law})`, () => Testing.checkEmbedderLaw(law, Embedder.make(Tracers, Llm)))
  }

  it.live("sends events by both routes to an Agent over HTTP, and its books are even", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const send: Tracers.Send = async ({ body, headers, method, path }) => {
        const answer = await fetch(agent.url + path, { method, headers, ...method === "POST" ? { body } : {} })
        return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
      }
      let traces = 0
      const tracer = new Tracers.Tracer({ service: "shop", send, keeps: () => traces++ % 2 === 0 })
      const llm = yield* Effect.promise(() => Llm.LlmObservability.attach(tracer, { mlApp: "shop", send }))
      yield* Effect.promise(async () => {
        for (let i = 0; i < 10; i++) {
          await tracer.trace("request", async (span) => {
            span.baggage.set("session.id", `s-${i}`)
            await llm.trace(
              "llm",
              "chat",
              (chat) => llm.annotate(chat, { input: "Hi", output: "hello", model: "gpt-5" })
            )
          })
        }
        await tracer.flush()
      })
      assert.deepStrictEqual(
        agent.spans().map(({ route, sessionId }) => `${sessionId} ${route}`).sort(),
        Array.from({ length: 10 }, (_, i) => `s-${i} ${i % 2 === 0 ? "trace" : "evp"}`)
      )
      assert.deepStrictEqual(llm.counts, { agent: 5, intake: 5, lost: 0 })
    }))
})

describe("the laws of an embedder", () => {
  const clean = () => Fs.rmSync(folder, { recursive: true, force: true })
  beforeAll(clean)
  afterAll(clean)

  for (const law of Object.keys(Testing.embedderLaws) as ReadonlyArray<Testing.EmbedderLawName>) {
    it(`catch a tracer that breaks the law ${law}`, async () => {
      const embedder = await mutated(law)
      const outcome = await Testing.checkEmbedderLaw(law, embedder).then(() => "held", (error: Error) => error.message)
      assert.match(outcome, /must be|did not arrive/)
    })
  }

  it("are refused by a name that there is not", async () => {
    const outcome = await Testing.checkEmbedderLaw("toString", Embedder.make(Tracers, Llm)).catch(String)
    assert.strictEqual(outcome, "Error: There is no law toString.")
  })
})

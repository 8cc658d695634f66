/** Content that a redaction rule removes is nowhere outside: not in a byte that was sent, not in a line of a log. */
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Problem } from "../../src/domain/Problem.ts"
import * as Redaction from "../../src/domain/redaction/Redaction.ts"
import type { AnnotationInput } from "../../src/domain/span/Annotation.ts"
import type { SpanKind } from "../../src/domain/span/SpanKind.ts"
import * as SpanKinds from "../../src/domain/span/SpanKind.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as LLMObsStream from "../../src/layers/LLMObsStream.ts"
import * as Observed from "../layers/Observed.ts"

const { agent, embedding, experiment, llm, retrieval, task, tool, workflow } = LLMObs
const spanFunctions: { readonly [K in SpanKind]: LLMObs.SpanFunction } = {
  agent,
  embedding,
  experiment,
  llm,
  retrieval,
  task,
  tool,
  workflow
}

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** Secrets of well-known forms. Each has an ending that no redacted text contains. */
const secrets: ReadonlyArray<string> = [
  "sk-proj-9fQ2xW7LrT4mZ8cV1bN5",
  "AKIA9FQ2XW7LRT4MZ8CV",
  "ghp_9fQ2xW7LrT4mZ8cV1bN5kJ3hG6dS0aP",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5ZlEyeFc3THIifQ.T4mZ8cV1bN5kJ3hG6dS0aPqR",
  "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8\nAgEAAkEAq7BFUpkGp3+LQmlQ\n-----END PRIVATE KEY-----",
  "postgres://shop:T4mZ8cV1bN5kJ3hG6dS0aP@db.internal:5432/orders",
  "Bearer T4mZ8cV1bN5kJ3hG6dS0aPqR"
]

/** The parts of a secret that must not be seen: its end, which no fixed form contains. */
const core = (secret: string): ReadonlyArray<string> =>
  secret.startsWith("-----")
    ? ["MIIBVgIBADAN", "AgEAAkEAq7BF"]
    : [/([A-Za-z0-9]{12})[^A-Za-z0-9]*(?:@.*)?$/.exec(secret)![1]!]

const surroundings: ReadonlyArray<(secret: string) => string> = [
  (secret) => secret,
  (secret) => `the key is ${secret}, keep it`,
  (secret) => `line\n${secret}\nline`,
  (secret) => JSON.stringify({ nested: { value: [secret] } }),
  (secret) => `"${secret}"`
]

type Plant = (text: string) => AnnotationInput & {
  readonly name?: string
  readonly model?: string
  readonly provider?: string
}

const message = (patch: object) => [{ role: "user", content: "hello", ...patch }]

/** Every place of an event in which a program, a model or a request can write a text. */
const places: { readonly [place: string]: Plant } = {
  name: (text) => ({ name: text }),
  model: (text) => ({ model: text }),
  provider: (text) => ({ provider: text }),
  "input, as a text": (text) => ({ input: text }),
  "output, as a text": (text) => ({ output: text }),
  "input, in a structure": (text) => ({ input: { a: { b: [text] } } }),
  "input, as a key": (text) => ({ input: { [text]: 1 } }),
  "the role of a message": (text) => ({ input: message({ role: text }) }),
  "the arguments of a tool call": (text) => ({
    output: message({ toolCalls: [{ name: "f", arguments: { a: text } }] })
  }),
  "a key of the arguments": (text) => ({ output: message({ toolCalls: [{ name: "f", arguments: { [text]: 1 } }] }) }),
  "the name of a tool call": (text) => ({ output: message({ toolCalls: [{ name: text, arguments: {} }] }) }),
  "the result of a tool": (text) => ({ input: message({ toolResults: [{ result: text, toolId: text }] }) }),
  "the key of an attachment": (text) => ({
    input: message({ imageParts: [{ mimeType: "image/png", attachmentKey: text }] })
  }),
  "a document": (text) => ({ input: [{ text, name: text, id: text }], output: [{ text, name: text, id: text }] }),
  "expected output": (text) => ({ expectedOutput: { right: text } }),
  metadata: (text) => ({ metadata: { a: [{ b: text }] } }),
  "a key of metadata": (text) => ({ metadata: { [text]: { [text]: 1 } } }),
  "a tag": (text) => ({ tags: { note: text } }),
  "the key of a tag": (text) => ({ tags: { [text]: "x" }, costTags: [text] }),
  "the name of a metric": (text) => ({ metrics: { [text]: 1 } }),
  "a tool definition": (text) => ({
    toolDefinitions: [{ name: text, description: text, version: text, schema: { [text]: text } }]
  }),
  "a prompt": (text) => ({
    prompt: { id: text, version: text, template: text, variables: { [text]: text }, tags: { [text]: text } }
  }),
  "a chat template": (text) => ({ prompt: { template: [{ role: text, content: text }] } }),
  "a link": (text) => ({ spanLinks: [{ spanId: text, traceId: text, attributes: { from: text, to: text } }] }),
  session: (text) => ({ sessionId: text }),
  user: (text) => ({ userId: text, accountId: text }),
  intent: (text) => ({ intent: text }),
  configuration: (text) => ({ config: { [text]: text } }),
  "the manifest of an agent": (text) => ({
    manifest: {
      instructions: text,
      model: text,
      modelSettings: { [text]: text },
      tools: [{ name: text, note: text }],
      [text]: text
    }
  }),
  "the version of an agent or a tool": (text) => ({ agentVersion: text, toolVersion: text, agentName: text })
}

/** The bytes as text: UTF-8, and without the escapes of JSON. */
const seen = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes).toString("latin1")
  return text + text.replaceAll("\\", "")
}

const roads: { readonly [road: string]: Observed.DevOptions } = {
  "on the trace": { apm: "all" },
  "through the proxy": { apm: "off" }
}

const observe = (program: Effect.Effect<unknown, unknown>, options: Observed.DevOptions) => {
  const log: Array<string> = []
  const problems: Array<Problem> = []
  const logger = Logger.make((entry) => {
    log.push(String(entry.message))
  })
  return Effect.gen(function*() {
    yield* Effect.exit(program)
    const { agent, ledger } = yield* Observed.settle
    return {
      agent,
      ledger,
      problems,
      outside: agent.requests().map((request) => seen(request.bytes)).join("\n") + log.join("\n")
    }
  }).pipe(
    Effect.provide(Observed.dev({ ...options, onProblem: (problem) => problems.push(problem) })),
    Effect.provide(Logger.layer([logger]))
  )
}

const planted = (kind: SpanKind, text: string, plants: ReadonlyArray<Plant>) => {
  const said = Object.assign({}, ...plants.map((plant) => plant(text))) as ReturnType<Plant>
  const { model, provider, ...later } = said
  return LLMObs.annotateCurrentSpan(later).pipe(
    // A child inherits the prompt, the tools' versions, the labels and the agent's name.
    Effect.andThen(Effect.void.pipe(LLMObs.llm("child"))),
    Effect.andThen(Effect.fail(new Refused({ message: text }))),
    spanFunctions[kind](said.name ?? "step", { model, provider }),
    Effect.withSpan("plain"),
    LLMObs.annotateSpans({ tags: { region: text } }),
    LLMObs.workflow("root")
  )
}

const leaks = (outside: string, secret: string): ReadonlyArray<string> =>
  core(secret).filter((part) => outside.includes(part))

describe("planted secrets", () => {
  for (const [road, options] of Object.entries(roads)) {
    for (const kind of SpanKinds.all) {
      it.live(`hides a planted secret everywhere outside, ${road}: ${kind}`, () =>
        Effect.gen(function*() {
          for (const [index, secret] of secrets.entries()) {
            const text = surroundings[index % surroundings.length]!(secret)
            const bare = yield* observe(planted(kind, text, Object.values(places)), options)
            assert.isNotEmpty(leaks(bare.outside, secret), "without a rule it is seen, so that this test can fail")
            const { agent, ledger, outside } = yield* observe(planted(kind, text, Object.values(places)), {
              ...options,
              processors: [Redaction.secrets]
            })
            assert.deepStrictEqual(leaks(outside, secret), [])
            assert.strictEqual(ledger.enqueued, 3)
            assert.strictEqual(agent.events().length, 3)
          }
        }))
    }
  }

  const pick = Schema.Struct({
    kind: Schema.Literals(SpanKinds.all),
    road: Schema.Literals(Object.keys(roads) as [string, string]),
    secret: Schema.Literals(secrets),
    around: Schema.Literals([0, 1, 2, 3, 4]),
    place: Schema.Literals(Object.keys(places))
  })

  it.live.prop(
    "hides a secret planted at any single place",
    [pick],
    ([{ around, kind, place, road, secret }]) =>
      Effect.gen(function*() {
        const { outside } = yield* observe(planted(kind, surroundings[around]!(secret), [places[place]!]), {
          ...roads[road],
          processors: [Redaction.secrets]
        })
        assert.deepStrictEqual(leaks(outside, secret), [], place)
      }),
    { arbitrary: { runs: 60 } }
  )

  it.live.prop(
    "hides a word planted at any place when a rule fails",
    [pick],
    ([{ kind, place, road }]) =>
      Effect.gen(function*() {
        const word = "hunter2hunter2"
        const { agent, ledger, outside, problems } = yield* observe(planted(kind, word, [places[place]!]), {
          ...roads[road],
          processors: [() => {
            throw new Error(word)
          }]
        })
        // The name of the model is kept: it is what the cost is counted by.
        if (place !== "model" && place !== "provider") assert.notInclude(outside, word)
        assert.strictEqual(agent.events().length, 3)
        assert.strictEqual(ledger.enqueued, 3)
        assert.isTrue(problems.some((problem) => problem.code === "redaction_failed"))
      }),
    { arbitrary: { runs: 30 } }
  )
})

describe("events without content", () => {
  const kept = new Set(["name", "model", "provider", "a tag", "the key of a tag", "the name of a metric", "a link"])
  const labels = new Set(["session", "user", "the version of an agent or a tool", "a prompt"])
  for (const [road, options] of Object.entries(roads)) {
    it.live(`sends no content when content is not captured, ${road}`, () =>
      Effect.gen(function*() {
        for (const kind of SpanKinds.all) {
          const word = "hunter2hunter2"
          const content = Object.entries(places).filter(([place]) => !kept.has(place) && !labels.has(place))
          const { agent, outside } = yield* observe(
            planted(kind, word, content.map(([, plant]) => plant)).pipe(
              LLMObs.annotateSpans({ prompt: { template: word, variables: { a: word } } })
            ),
            { ...options, contentCapture: "none" }
          )
          // `planted` also says it in a tag of the region, which is no content.
          assert.notInclude(outside.replaceAll(/region:?[^a-z]{0,4}hunter2hunter2/g, ""), word)
          assert.strictEqual(agent.events().length, 3)
        }
      }))
  }
})

describe("events that a rule drops", () => {
  for (const [road, options] of Object.entries(roads)) {
    it.live(`counts an event that a rule drops, and delivers its children, ${road}`, () =>
      Effect.gen(function*() {
        const word = "hunter2hunter2"
        const program = LLMObs.annotateCurrentSpan({ input: word, tags: { drop: "1" }, sessionId: word }).pipe(
          Effect.andThen(Effect.void.pipe(LLMObs.llm("child"))),
          Effect.andThen(Effect.fail(new Refused({ message: word }))),
          LLMObs.task("dropped")
        )
        const { agent, ledger, outside, problems } = yield* observe(program, {
          ...options,
          processors: [(span) => span.kind === "task" ? undefined : { ...span, sessionId: undefined }]
        })
        assert.strictEqual(ledger.enqueued, 2)
        assert.strictEqual(ledger.dropped.redaction, 1)
        assert.deepStrictEqual(Observed.names(agent), ["child"])
        assert.notInclude(outside, word)
        assert.deepStrictEqual(problems, [])
        if (options?.apm === "off") return
        const span = Observed.span(agent, "dropped")
        assert.strictEqual(span.error, 1)
        assert.strictEqual(span.meta["gen_ai.operation.name"], "task")
        assert.isUndefined(span.meta["_dd.llmobs.submitted"])
        assert.isUndefined(span.metaStruct?.["_llmobs"])
        assert.strictEqual(Observed.named(agent, "child").event["parent_id"], String(span.spanId))
      }))
  }
})

describe("the rules of a layer", () => {
  it.live("applies rules to a stream's accumulated output", () =>
    Effect.gen(function*() {
      const secret = secrets[0]!
      const { agent, outside } = yield* observe(
        Stream.runDrain(Stream.make(...secret).pipe(LLMObsStream.llm("chat", { accumulate: (unit) => unit }))),
        { processors: [Redaction.secrets] }
      )
      assert.deepStrictEqual(leaks(outside, secret), [])
      assert.deepStrictEqual(Observed.at(Observed.named(agent, "chat").event, "meta.output.messages"), [
        { role: "assistant", content: "[redacted key]" }
      ])
    }))

  const requested = Effect.void.pipe(
    LLMObs.llm("chat"),
    Effect.withSpan("GET /a", { kind: "server" }),
    LLMObs.extract({
      "x-datadog-trace-id": "17",
      "x-datadog-parent-id": "18",
      "x-datadog-sampling-priority": "1",
      baggage: `user.id=u-1,session.id=s-1,note=${encodeURIComponent(secrets[1]!)}`
    })
  )
  const tagged = { apm: "all", baggageTagKeys: ["user.id", "session.id", "note"] } as const

  it.live("applies rules to the tags that baggage brings to the APM span", () =>
    Effect.gen(function*() {
      const found = (options: Observed.DevOptions) =>
        Effect.map(observe(requested, { ...tagged, ...options }), ({ agent, outside, problems }) => ({
          meta: Object.fromEntries(
            Object.entries(Observed.spans(agent).find((span) => span.name === "http.server.request")!.meta).filter(
              ([key]) => key.startsWith("baggage.")
            )
          ),
          leaked: leaks(outside, secrets[1]!),
          problems: problems.map((problem) => problem.code)
        }))
      const bare = yield* found({})
      assert.deepStrictEqual(bare.meta, {
        "baggage.user.id": "u-1",
        "baggage.session.id": "s-1",
        "baggage.note": secrets[1]!
      })
      assert.deepStrictEqual(yield* found({ processors: [Redaction.secrets, Redaction.deny(["userId"])] }), {
        meta: { "baggage.session.id": "s-1", "baggage.note": "[redacted AWS key]" },
        leaked: [],
        problems: []
      })
      const failed = yield* found({
        processors: [() => {
          throw new Error("no")
        }]
      })
      assert.deepStrictEqual([failed.meta, failed.leaked], [{}, []])
      assert.include(failed.problems, "redaction_failed")
    }))

  it.live("removes an event's content when a rule is async, without failing the program", () =>
    Effect.gen(function*() {
      const { agent, ledger, outside, problems } = yield* observe(
        LLMObs.annotateCurrentSpan({ input: "hunter2hunter2" }).pipe(LLMObs.llm("chat")),
        {
          processors: [
            (async () => {
              throw new Error("hunter2hunter2")
            }) as never
          ]
        }
      )
      assert.notInclude(outside, "hunter2hunter2")
      assert.deepStrictEqual([agent.events().length, ledger.enqueued], [1, 1])
      assert.deepStrictEqual(problems.map((problem) => problem.code), ["redaction_failed"])
    }))

  for (const wrong of [{ processors: ["secrets"] }, { processors: 7 }, { contentCapture: "nothing" }]) {
    it.live(`removes all content when the rules cannot be read: ${JSON.stringify(wrong)}`, () =>
      Effect.gen(function*() {
        const { agent, outside } = yield* observe(
          Effect.void.pipe(LLMObs.llm("chat", { input: "hunter2hunter2" })),
          wrong as never
        )
        assert.strictEqual(agent.events().length, 1)
        assert.notInclude(outside, "hunter2hunter2")
        assert.include(outside, `The option ${Object.keys(wrong)[0]!} `)
      }))
  }

  it.live("runs a rule once for each event, and never for a plain span that succeeds", () =>
    Effect.gen(function*() {
      const kinds: Array<string> = []
      yield* observe(
        Effect.void.pipe(LLMObs.llm("chat"), Effect.withSpan("plain"), LLMObs.workflow("root"), Effect.withSpan("top")),
        {
          apm: "all",
          processors: [(span) => {
            kinds.push(span.kind)
            return span
          }]
        }
      )
      assert.deepStrictEqual(kinds, ["llm", "workflow"])
    }))
})

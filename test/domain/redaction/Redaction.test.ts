import { assert, describe, it } from "@effect/vitest"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import type * as RedactableSpans from "../../../src/domain/redaction/RedactableSpan.ts"
import * as RedactedRecord from "../../../src/domain/redaction/RedactedRecord.ts"
import * as Redaction from "../../../src/domain/redaction/Redaction.ts"
import * as Annotation from "../../../src/domain/span/Annotation.ts"
import type { AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import * as SessionSource from "../../../src/domain/span/SessionSource.ts"
import type { SpanContext } from "../../../src/domain/span/SpanContext.ts"
import type { SpanError } from "../../../src/domain/span/SpanError.ts"
import type { SpanKind } from "../../../src/domain/span/SpanKind.ts"
import * as SpanKinds from "../../../src/domain/span/SpanKind.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as SpanRecords from "../../../src/domain/span/SpanRecord.ts"
import * as HostileValue from "../HostileValue.ts"
import * as Work from "../Work.ts"

const contextOf = (kind: SpanKind): SpanContext => ({
  kind,
  name: "step",
  spanId: "17",
  parentId: "undefined",
  parentSource: undefined,
  traceId: "0123456789abcdef0123456789abcdef",
  apmTraceId: "00000000000000000000000000000001",
  mlApp: { value: "shop", source: "configured" },
  session: SessionSource.make("s-1", "explicit"),
  userId: SessionSource.make("u-1", "rum"),
  accountId: undefined,
  agent: { name: "planner", spanId: "3" },
  retention: undefined,
  experiment: undefined,
  account: undefined
})

const recordOf = (kind: SpanKind, input: AnnotationInput = {}, error?: SpanError): SpanRecord => {
  const annotation = Annotation.parse(kind, input).value
  return SpanRecords.finish({
    context: contextOf(kind),
    startNs: 0n,
    durationNs: 1,
    modelName: "gpt-5",
    modelProvider: "openai",
    annotation,
    tags: {
      service: "shop-api",
      env: "test",
      ml_app: "shop",
      agent_service: "shop",
      session_id: "s-1",
      "usr.id": "u-1",
      ...annotation.tags
    },
    ancestor: undefined,
    error
  })
}

const full: AnnotationInput = {
  metadata: { temperature: 0.2, customer: { name: "Ann", email: "ann@example.com" }, _dd: { spoof: 1 } },
  expectedOutput: { right: "yes" },
  metrics: { inputTokens: 3, latency: 2 },
  tags: { team: "ops", "http.url": "/a" },
  costTags: ["team"],
  toolDefinitions: [{ name: "find", description: "Finds", schema: { type: "object" } }],
  prompt: { id: "greet", template: "Hi {{name}}", variables: { name: "Ann" } },
  spanLinks: [{ spanId: "4", traceId: "5" }],
  intent: "to help"
}

const inputs: { readonly [K in SpanKind]: { readonly input: unknown; readonly output: unknown } } = {
  llm: {
    input: [{ role: "user", content: "in", toolCalls: [{ name: "find", arguments: { id: 7, who: "Ann" } }] }],
    output: [{ role: "assistant", content: "out" }]
  },
  agent: { input: "in", output: { a: ["out"] } },
  workflow: { input: { question: "in", n: 9_007_199_254_740_993n }, output: "out" },
  task: { input: "in", output: "out" },
  tool: { input: { id: 7 }, output: "out" },
  embedding: { input: ["in"], output: "out" },
  retrieval: { input: "in", output: [{ text: "out", score: 0.5, id: "d-1" }] },
  experiment: { input: { n: 1, text: "in" }, output: [1, "out"] }
}

const failure: SpanError = { type: "Refused", message: "no: in", stack: "Refused: no: in\n at x" }

const whole = (kind: SpanKind) => recordOf(kind, { ...full, ...inputs[kind] }, failure)

const apply = (
  record: SpanRecord,
  ...processors: ReadonlyArray<Redaction.Processor>
) => RedactedRecord.apply(record, { processors, capture: "all" })

const eventOf = (record: SpanRecord) => SpanEvent.render(record, WireFormat.table["evp-proxy"])

const withView = (kind: SpanKind, ...processors: ReadonlyArray<Redaction.Processor>) => {
  const { problems, value } = apply(whole(kind), ...processors)
  return { problems, dropped: value.dropped, event: eventOf(value.record), record: value.record }
}

const garbage = (value: unknown): Redaction.Processor => () => value as RedactableSpans.RedactableSpan

const textOf = (value: unknown): string => JSON.stringify(value, (_, v) => typeof v === "bigint" ? String(v) : v)

const hostile = (): never => {
  throw new Error("hostile")
}

describe("Redaction", () => {
  describe("a redaction rule", () => {
    for (const kind of SpanKinds.all) {
      it(`gives a rule a copy of the content, so that only its result has an effect: ${kind}`, () => {
        const record = whole(kind)
        const { problems, value } = apply(record, (span) => span)
        assert.deepStrictEqual(problems, [])
        assert.deepStrictEqual(eventOf(value.record), eventOf(record))
      })

      it(`lets a rule replace or clear both sides: ${kind}`, () => {
        const cleared = withView(kind, (span) => ({ ...span, input: undefined, output: undefined }))
        assert.notInclude(textOf(cleared.event.meta["input"] ?? null), "\"in\"")
        assert.isUndefined(cleared.event.meta["output"])
        assert.deepStrictEqual(cleared.problems, [])
        const replaced = withView(kind, (span) => ({ ...span, output: "[OUT]" }) as RedactableSpans.RedactableSpan)
        assert.include(textOf(replaced.event.meta["output"]), "[OUT]")
        assert.notInclude(textOf(replaced.event.meta["output"]), "out\"")
      })

      it(`removes the event's content and keeps the span when a rule throws: ${kind}`, () => {
        const { dropped, event, problems, record } = withView(kind, () => {
          throw new Error("Ann")
        })
        assert.isFalse(dropped)
        assert.deepStrictEqual(problems.map((problem) => problem.code), ["redaction_failed"])
        assert.strictEqual(event.name, kind)
        assert.strictEqual(event.status, "error")
        assert.strictEqual(event.span_id, "17")
        assert.isUndefined(event.session_id)
        assert.deepStrictEqual(event.metrics, { input_tokens: 3 })
        assert.deepStrictEqual([...event.tags], [
          "agent_service:shop",
          "env:test",
          "error:1",
          "ml_app:shop",
          "service:shop-api"
        ])
        const text = textOf([event, record.annotation])
        for (
          const content of ["Ann", "\"in\"", "out\"", "planner", "Refused", "find", "greet", "ops", "s-1", "u-1", "yes"]
        ) {
          assert.notInclude(text, content)
        }
      })
    }

    it("shields the record from a rule that changes its argument", () => {
      const record = whole("llm")
      const before = textOf(record)
      apply(record, (span) => {
        span.tags["team"] = "changed"
        if (span.kind === "llm") {
          span.input![0]!.content = "changed"
          span.prompt!.variables!["name"] = "changed"
        }
        span.metadata!["customer"] = null
        return span
      })
      assert.strictEqual(textOf(record), before)
    })

    it("lets a rule change its copy in place", () => {
      const { event } = withView("llm", (span) => {
        if (span.kind === "llm") {
          span.input![0]!.content = "[IN]"
          span.prompt!.variables!["name"] = "[NAME]"
          span.toolDefinitions![0]!.description = "[TOOL]"
        }
        span.error!.message = "[ERROR]"
        return span
      })
      const text = textOf(event)
      for (const written of ["[IN]", "[NAME]", "[TOOL]", "[ERROR]"]) assert.include(text, written)
    })

    it("gives a rule the result of the rule before it", () => {
      const seen: Array<string> = []
      const { event } = withView(
        "task",
        (span) => ({ ...span, name: "first" }),
        (span) => {
          seen.push(span.name)
          return { ...span, name: `${span.name}, second` }
        }
      )
      assert.deepStrictEqual(seen, ["first"])
      assert.strictEqual(event.name, "first, second")
    })

    it("drops the event when a rule returns nothing, and keeps the name that earlier rules allowed", () => {
      const { dropped, problems, record } = withView(
        "llm",
        (span) => ({ ...span, name: "quiet" }),
        () => undefined,
        () => assert.fail("no rule runs after the event is dropped")
      )
      assert.isTrue(dropped)
      assert.deepStrictEqual(problems, [])
      assert.strictEqual(record.context.name, "quiet")
      assert.notInclude(textOf(record.annotation), "Ann")
      assert.isTrue(withView("llm", garbage(null)).dropped)
    })

    const noSpans: ReadonlyArray<readonly [name: string, value: unknown]> = [
      ["a text", "text"],
      ["a number", 7],
      ["true", true],
      ["a list", []],
      ["a promise", Promise.resolve({})],
      ["a symbol", Symbol("s")],
      ["a function", () => 1],
      ["an object that cannot be read", new Proxy({}, { get: hostile })]
    ]
    for (const [name, value] of noSpans) {
      it(`fails a rule that returns no span: ${name}`, () => {
        const { event, problems } = withView("task", garbage(value))
        assert.deepStrictEqual(problems.map((problem) => problem.code), ["redaction_failed"])
        assert.isUndefined(event.meta["input"])
        assert.deepStrictEqual(event.meta["metadata"], {})
      })
    }

    const asyncRules: ReadonlyArray<readonly [name: string, rule: (span: object) => unknown]> = [
      ["that resolves", async (span) => span],
      ["that rejects", async () => {
        throw new Error("Ann")
      }],
      ["that rejects later", (span) => new Promise((_, reject) => setImmediate(() => reject(span)))],
      ["that returns a thenable", () => new Proxy({}, { get: () => hostile })],
      ["whose result throws when it is read", () => new Proxy({}, { get: hostile })]
    ]
    for (const [name, rule] of asyncRules) {
      it(`fails closed on an async rule, and handles its rejection: a rule ${name}`, async () => {
        const unhandled: Array<unknown> = []
        const listen = (reason: unknown) => unhandled.push(reason)
        process.on("unhandledRejection", listen)
        try {
          for (const processors of [[rule], [Redaction.secrets, rule], [rule, Redaction.secrets]]) {
            const { event, problems } = withView("task", ...processors as ReadonlyArray<Redaction.Processor>)
            assert.deepStrictEqual(problems.map((problem) => problem.code), ["redaction_failed"])
            assert.isUndefined(event.meta["input"])
          }
          const error = RedactedRecord.applyToError("GET /a", failure, { processors: [rule as never], capture: "all" })
          assert.strictEqual(error.value.message, "")
          const field = withView("task", (span) => ({ ...span, input: rule(span) } as never))
          assert.deepStrictEqual(field.problems.map((problem) => [problem.code, problem.path]), [[
            "redaction_failed",
            "input"
          ]])
          assert.isUndefined(field.event.meta["input"])
          await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
          assert.deepStrictEqual(unhandled, [])
        } finally {
          process.off("unhandledRejection", listen)
        }
      })
    }

    it.each(
      [
        ["metadata", "text"],
        ["metadata", [1]],
        ["input", { role: 7 }],
        ["output", [7]],
        ["toolDefinitions", "find"],
        ["prompt", 7],
        ["tags", "team:ops"],
        ["metrics", [1]],
        ["intent", {}],
        ["spanLinks", 7]
      ] as const
    )("leaves out a field that cannot be read, and reports it: %s", (field, value) => {
      const { event, problems } = withView("llm", (span) => ({ ...span, [field]: value }))
      assert.deepStrictEqual(problems.map((problem) => [problem.code, problem.path]), [["redaction_failed", field]])
      assert.strictEqual(event.name, "step")
      const original = withView("llm", (span) => ({ ...span, [field]: undefined }))
      assert.deepStrictEqual(event, original.event)
    })

    it("lets a rule neither write nor remove the library's own fields", () => {
      const spoof = withView("llm", (span) => ({ ...span, metadata: { new: 1, _dd: { spoof: 1 } } }))
      assert.deepStrictEqual(spoof.event.meta["metadata"], { new: 1, _dd: { cost_tags: ["team"] } })
      const wiped = withView("llm", (span) => ({ ...span, metadata: undefined }))
      assert.deepStrictEqual(wiped.event.meta["metadata"], { _dd: { cost_tags: ["team"] } })
    })

    it("removes a cost tag along with its tag", () => {
      const { event } = withView("llm", ({ tags, ...span }) => {
        const { team, ...rest } = tags
        assert.strictEqual(team, "ops")
        return { ...span, tags: rest } as RedactableSpans.RedactableSpan
      })
      assert.notProperty(event.meta["metadata"], "_dd")
      assert.notInclude(textOf(event.tags), "ops")
    })

    it("removes or replaces session, user and application everywhere", () => {
      const { event, record } = withView("llm", (span) => ({
        ...span,
        sessionId: undefined,
        userId: "someone",
        agentService: "other"
      }))
      assert.isUndefined(event.session_id)
      assert.includeMembers([...event.tags], ["usr.id:someone", "ml_app:other", "agent_service:other"])
      assert.notInclude(textOf(event), "s-1")
      assert.notInclude(textOf(event), "u-1")
      assert.strictEqual(record.context.mlApp.value, "other")
    })

    it("keeps the error status whatever a rule returns", () => {
      const { event } = withView("task", (span) => ({ ...span, error: undefined }))
      assert.strictEqual(event.status, "error")
      assert.deepStrictEqual(event.meta["error"], { message: "", stack: "", type: "" })
    })

    it("keeps the size estimate at or above the rendered size", () => {
      for (const kind of SpanKinds.all) {
        const long = "é\u0001".repeat(5_000)
        const record = withView(kind, (span) => ({
          ...span,
          metadata: { [long]: long },
          tags: { long },
          output: kind === "llm" || kind === "retrieval" ? undefined : long
        } as RedactableSpans.RedactableSpan)).record
        assert.isAtLeast(record.bytes, Buffer.byteLength(textOf(eventOf(record))))
      }
    })

    it.prop(
      "accepts any field that a rule returns without throwing",
      [HostileValue.arbitrary, HostileValue.arbitrary],
      ([one, two]) => {
        for (const kind of SpanKinds.all) {
          const { event } = withView(kind, () =>
            ({
              name: one,
              tags: two,
              input: one,
              output: two,
              metadata: one,
              error: two,
              prompt: one,
              model: two,
              sessionId: one,
              toolDefinitions: two
            }) as never)
          assert.isString(textOf(event))
        }
      }
    )
  })

  describe("an event without content", () => {
    for (const kind of SpanKinds.all) {
      it(`keeps structure, names, labels and metrics when content is not captured: ${kind}`, () => {
        const bare = RedactedRecord.apply(whole(kind), { processors: [], capture: "none" }).value.record
        const event = eventOf(bare)
        const { input, output, ...meta } = event.meta as { readonly [key: string]: unknown }
        assert.isUndefined(output)
        assert.deepStrictEqual(
          input,
          kind === "llm"
            ? {
              prompt: {
                id: "greet",
                ml_app: "shop",
                _dd_context_variable_keys: ["context"],
                _dd_query_variable_keys: ["question"]
              }
            }
            : undefined
        )
        assert.deepStrictEqual(meta["metadata"], { _dd: { cost_tags: ["team"] } })
        assert.deepStrictEqual(meta["error"], { message: "", stack: "", type: "Refused" })
        assert.isUndefined(meta["expected_output"])
        assert.isUndefined(meta["tool_definitions"])
        assert.strictEqual(event.name, "step")
        assert.strictEqual(event.session_id, "s-1")
        assert.includeMembers([...event.tags], ["team:ops", "usr.id:u-1"])
        assert.deepStrictEqual(event.metrics, { input_tokens: 3, latency: 2 })
        assert.isAtLeast(bare.bytes, Buffer.byteLength(textOf(event)))
      })
    }

    it("restores no content that a rule returns when content is not captured", () => {
      const policy: RedactedRecord.Policy = {
        processors: [(span) => ({ ...span, metadata: { Ann: "Ann" } })],
        capture: "none"
      }
      assert.notInclude(textOf(eventOf(RedactedRecord.apply(whole("task"), policy).value.record)), "Ann")
    })
  })

  describe("the error of a plain span", () => {
    const error = (processors: ReadonlyArray<Redaction.Processor>, capture: "all" | "none" = "all") =>
      RedactedRecord.applyToError("GET /a", { ...failure, message: "key AKIAIOSFODNN7EXAMPLE" }, {
        processors,
        capture
      })

    it("passes a plain span's error through the rules, as a span of the kind apm", () => {
      const kinds: Array<string> = []
      const { value } = error([Redaction.secrets, (span) => {
        kinds.push(`${span.kind} ${span.name}`)
        return span
      }])
      assert.deepStrictEqual(value, { ...failure, message: "key [redacted AWS key]" })
      assert.deepStrictEqual(kinds, ["apm GET /a"])
    })

    it("removes an error's texts when a rule returns nothing or fails, or content is not captured", () => {
      const none = { type: "", message: "", stack: "" }
      assert.deepStrictEqual(error([() => undefined]), { value: none, problems: [] })
      assert.deepStrictEqual(error([garbage("x")]).value, none)
      assert.deepStrictEqual(error([garbage("x")]).problems.map((problem) => problem.code), ["redaction_failed"])
      assert.deepStrictEqual(error([], "none").value, { ...none, type: "Refused" })
    })
  })

  describe("the library's tags on an APM span", () => {
    const tags = new Map([["baggage.user.id", "u-1"], ["baggage.team", "ops"], ["baggage.key", "AKIAIOSFODNN7EXAMPLE"]])
    const left = (processors: ReadonlyArray<Redaction.Processor>) => {
      const { problems, value } = RedactedRecord.applyToTags("GET /a", tags, { processors, capture: "all" })
      return { tags: Object.fromEntries(value), problems: problems.map((problem) => problem.code) }
    }

    it("passes the APM span's tags through the rules, as labels of a span of the kind apm", () => {
      const seen: Array<unknown> = []
      const { problems, tags } = left([Redaction.secrets, (span) => {
        seen.push([span.kind, span.name, span.userId, Object.keys(span.tags)])
        return span
      }])
      assert.deepStrictEqual(seen, [["apm", "GET /a", "u-1", ["baggage.team", "baggage.key"]]])
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(tags, {
        "baggage.user.id": "u-1",
        "baggage.team": "ops",
        "baggage.key": "[redacted AWS key]"
      })
    })

    it("removes an APM span's tags by their label or by their path", () => {
      assert.notProperty(left([Redaction.deny(["userId"])]).tags, "baggage.user.id")
      assert.notProperty(left([Redaction.deny(["tags[\"usr.id\"]"])]).tags, "baggage.user.id")
      assert.deepInclude(left([Redaction.deny(["tags.baggage.team"])]).tags, { "baggage.team": "[redacted]" })
      assert.notProperty(left([Redaction.deny(["tags.baggage.user.id"])]).tags, "baggage.user.id")
      assert.deepStrictEqual(left([Redaction.allow(["userId"])]).tags, { "baggage.user.id": "u-1" })
    })

    it("removes all tags when a rule fails or drops the span, and keeps all without rules", () => {
      assert.deepStrictEqual(left([hostile]), { tags: {}, problems: ["redaction_failed"] })
      assert.deepStrictEqual(left([() => undefined]), { tags: {}, problems: [] })
      assert.deepStrictEqual(left([]).tags, Object.fromEntries(tags))
    })
  })

  describe("Redaction.secrets", () => {
    const samples: ReadonlyArray<readonly [name: string, secret: string]> = [
      ["OpenAI", `sk-proj-${"aB3_-".repeat(8)}`],
      ["Anthropic", `sk-ant-api03-${"aB3_-".repeat(8)}`],
      ["AWS", "AKIAIOSFODNN7EXAMPLE"],
      ["GitHub", `ghp_${"a1B2".repeat(9)}`],
      ["GitHub, fine-grained", `github_pat_${"a1B2_".repeat(9)}`],
      ["GitLab", `glpat-${"a1B2".repeat(5)}`],
      ["Slack", `xoxb-${"123-".repeat(4)}abc`],
      ["Google", `AIza${"a1B2_".repeat(7)}`],
      ["Stripe", `sk_live_${"a1B2".repeat(6)}`],
      ["SendGrid", `SG.${"a1B2".repeat(5)}.${"c3D4".repeat(10)}`],
      ["npm", `npm_${"a1B2".repeat(9)}`],
      ["Hugging Face", `hf_${"aBcD".repeat(8)}`],
      ["Telegram", `123456789:AA${"a1B2_".repeat(7)}`],
      ["JSON Web Token", `eyJ${"a1B2".repeat(5)}.eyJ${"c3D4".repeat(5)}.${"e5F6_".repeat(6)}`],
      ["JSON Web Token, cut off", `eyJ${"a1B2".repeat(5)}.eyJ${"c3D4".repeat(5)}`],
      ["private key", `-----BEGIN RSA PRIVATE KEY-----\n${"a1B2".repeat(20)}\n-----END RSA PRIVATE KEY-----`],
      ["private key, cut off", `-----BEGIN PRIVATE KEY-----\n${"a1B2".repeat(20)}`]
    ]

    for (const [name, secret] of samples) {
      it(`finds a key alone, in a sentence, in JSON and behind an escape: ${name}`, () => {
        for (
          const text of [
            secret,
            `Use ${secret}`,
            `key=${secret}`,
            `"${secret}"`,
            JSON.stringify({ a: [secret] }),
            JSON.stringify({ a: `line\n${secret}` }),
            JSON.stringify({ [secret]: 1 }),
            JSON.stringify({ a: JSON.stringify({ b: secret }) })
          ]
        ) {
          const out = Redaction.redactSecrets(text)
          assert.notInclude(out, secret.slice(-12), text)
        }
      })
    }

    it.each([
      ["Authorization: Bearer abc123def456ghi", "abc123def456ghi"],
      ["authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
      ["{\"Authorization\":\"Bearer abc123def456ghi\"}", "abc123def456ghi"],
      ["postgres://app:hunter2@db:5432/shop", "hunter2"],
      ["mongodb+srv://app:p%40ss@cluster0.example.net/x", "p%40ss"],
      ["https://abcdef0123456789@git.example.com/r.git", "abcdef0123456789"],
      ["DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0c2VjcmV0;", "c2VjcmV0c2VjcmV0"],
      ["PASSWORD=hunter2hunter2", "hunter2hunter2"],
      ["aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"],
      ["dd-api-key: 0123456789abcdef0123456789abcdef", "0123456789abcdef"],
      ["client_secret: \"s3cr3t-value\"", "s3cr3t-value"]
    ])("redacts a value that is labelled as a secret: %s", (text, secret) => {
      assert.notInclude(Redaction.redactSecrets(text), secret)
    })

    it.each([
      "The risk-assessment-of-the-whole-task is done.",
      "A bearer of good news came by.",
      "Basic understanding of tokens: 4096 max tokens, 12 output tokens.",
      "https://example.com/a?b=c#d and http://localhost:8126/v0.4/traces",
      "The keys of the map are sorted. Passwords are hashed.",
      "1.2.3-rc.1 and 0123456789abcdef0123456789abcdef",
      "eyJust kidding."
    ])("leaves ordinary text alone: %s", (text) => {
      assert.strictEqual(Redaction.redactSecrets(text), text)
    })

    it("redacts values under secret names, in structures and in JSON texts", () => {
      const { event } = withView(
        "workflow",
        (span) => ({
          ...span,
          input: "{\"db\":{\"password\":\"correct horse\",\"note\":\"fine\"},\"n\":12345678901234567890}",
          metadata: { headers: { "X-Api-Key": "battery staple" }, token_count: 3 }
        } as RedactableSpans.RedactableSpan),
        Redaction.secrets
      )
      assert.deepStrictEqual(event.meta["input"], {
        value: "{\"db\":{\"password\":\"[redacted secret]\",\"note\":\"fine\"},\"n\":12345678901234567890}"
      })
      assert.deepInclude(event.meta["metadata"], { headers: { "X-Api-Key": "[redacted secret]" }, token_count: 3 })
    })
  })

  describe("Redaction.personalData", () => {
    it.each([
      ["Write to ann.o'neil+x@mail.example.co.uk, please.", "Write to [redacted email], please."],
      ["mailto:ann%40example.com", "mailto:[redacted email]"],
      ["jörg@bücher.example", "[redacted email]"],
      ["Card 4111 1111 1111 1111.", "Card [redacted card]."],
      ["4111-1111-1111-1111", "[redacted card]"],
      ["Amex 378282246310005", "Amex [redacted card]"],
      ["order 17 4111 1111 1111 1111 ok", "order 17 [redacted card] ok"],
      ["IBAN DE89 3704 0044 0532 0130 00 is ours", "IBAN [redacted IBAN] is ours"],
      ["GB82WEST12345698765432", "[redacted IBAN]"],
      ["Call +49 151 2345 6789 now", "Call [redacted phone] now"],
      ["Call (555) 123-4567 now", "Call [redacted phone] now"],
      ["Call 030 123456 now", "Call [redacted phone] now"],
      ["{\"a\":\"x\\nann@example.com\"}", "{\"a\":\"x\\n[redacted email]\"}"]
    ])("replaces personal data in text: %s", (text, expected) => {
      const { event } = withView("task", (span) => ({ ...span, input: text } as never), Redaction.personalData)
      assert.deepStrictEqual(event.meta["input"], { value: expected })
    })

    it.each([
      "4111 1111 1111 1112",
      "DE89 3704 1144 1532 1130 01",
      "2026-08-01T12:00:00.000Z",
      "1754049600000",
      "span 12345678901234567890 took 1234567 ns",
      "version 10.2.3, build 2024",
      "@types/node and a@b"
    ])("leaves text without personal data alone: %s", (text) => {
      assert.strictEqual(Redaction.redactPersonalData(text), text)
    })

    it("finds personal data in numbers and in keys", () => {
      const { event } = withView("task", (span) => ({
        ...span,
        metadata: { card: 4111111111111111, "ann@example.com": true, n: 12 }
      }), Redaction.personalData)
      assert.deepStrictEqual(event.meta["metadata"], {
        card: "[redacted card]",
        "[redacted email]": true,
        n: 12,
        _dd: { cost_tags: ["team"] }
      })
    })
  })

  describe("the ready rules", () => {
    const pieces = [
      "@",
      "a@",
      "sk-",
      "eyJ",
      "eyJ.",
      "://",
      "://a",
      "-----BEGIN PRIVATE KEY-----",
      "1 ",
      "4",
      "bearer ",
      "password",
      "password=",
      "A",
      "DE89",
      "+4",
      "0",
      "{\"",
      "\\\"",
      "[",
      "a.",
      "%40"
    ]
    for (const piece of pieces) {
      it(`does linear work over a hundred thousand characters of ${JSON.stringify(piece)}`, () => {
        const text = piece.repeat(Math.ceil(100_000 / piece.length))
        Work.count(() => {
          assert.isString(Redaction.redactSecrets(text))
          assert.isString(Redaction.redactPersonalData(text))
          assert.isFalse(withView("task", (span) => ({ ...span, input: text } as never), Redaction.secrets).dropped)
        }, 200 * text.length)
      })
    }

    it("leaves content that is already redacted unchanged", () => {
      for (const kind of SpanKinds.all) {
        const once = withView(kind, Redaction.secrets, Redaction.personalData)
        const twice = apply(once.record, Redaction.secrets, Redaction.personalData)
        assert.deepStrictEqual(eventOf(twice.value.record), once.event)
      }
    })
  })

  describe("redaction by path", () => {
    it("removes fields, members, list items and wildcards", () => {
      const { event, problems } = withView(
        "llm",
        Redaction.deny([
          "expectedOutput",
          "metadata.customer.email",
          "input[*].content",
          "input[0].tool_calls[0].arguments.who",
          "prompt.variables",
          "tags[\"http.url\"]",
          "tags.session_id",
          "error.stack"
        ])
      )
      assert.deepStrictEqual(problems, [])
      assert.isUndefined(event.meta["expected_output"])
      assert.deepInclude(event.meta["metadata"], { customer: { name: "Ann", email: "[redacted]" }, temperature: 0.2 })
      const { messages, prompt } = event.meta["input"] as any
      assert.deepStrictEqual(messages, [{
        role: "user",
        content: "[redacted]",
        tool_calls: [{ name: "find", arguments: { id: 7, who: "[redacted]" } }]
      }])
      assert.isUndefined(prompt.variables)
      assert.strictEqual(prompt.template, "Hi {{name}}")
      assert.notInclude(textOf(event.tags), "/a")
      assert.notInclude(textOf(event), "s-1")
      assert.strictEqual((event.meta["error"] as any).stack, "[redacted]")
    })

    it("reaches into JSON texts and any depth, and keeps every other digit", () => {
      const { event } = withView(
        "workflow",
        (
          span
        ) => ({ ...span, input: "{\"user\":{\"email\":\"a@b\"},\"list\":[{\"email\":\"c@d\"}],\"n\":1.50}" } as never),
        Redaction.deny(["**.email"])
      )
      assert.deepStrictEqual(event.meta["input"], {
        value: "{\"user\":{\"email\":\"[redacted]\"},\"list\":[{\"email\":\"[redacted]\"}],\"n\":1.5}"
      })
      assert.deepInclude(event.meta["metadata"], { customer: { name: "Ann", email: "[redacted]" } })
    })

    it("removes a JSON text that cannot be read as a whole", () => {
      const { event } = withView(
        "task",
        (span) => ({ ...span, input: "{\"email\":\"a@b", output: "[1] a note" } as never),
        Redaction.deny(["**.email"])
      )
      assert.deepStrictEqual(event.meta["input"], { value: "[redacted]" })
      assert.deepStrictEqual(event.meta["output"], { value: "[1] a note" })
    })

    it("keeps only the allowed paths of the content", () => {
      const { event, problems } = withView(
        "llm",
        Redaction.allow(["metadata.temperature", "output[*].content", "input[*].role", "tags.team", "sessionId"])
      )
      assert.deepStrictEqual(problems, [])
      assert.strictEqual(event.name, "step")
      assert.strictEqual(event.session_id, "s-1")
      assert.deepStrictEqual(event.metrics, { input_tokens: 3, latency: 2 })
      assert.deepStrictEqual([...event.tags], [
        "agent_service:shop",
        "env:test",
        "error:1",
        "ml_app:shop",
        "service:shop-api",
        "session_id:s-1",
        "team:ops"
      ])
      assert.deepStrictEqual(event.meta["metadata"], { temperature: 0.2, _dd: { cost_tags: ["team"] } })
      assert.deepStrictEqual(event.meta["output"], { messages: [{ content: "out", role: "[redacted]" }] })
      assert.deepStrictEqual(event.meta["input"], { messages: [{ content: "[redacted]", role: "user" }] })
      const text = textOf(event)
      for (const content of ["Ann", "find", "greet", "yes", "to help", "planner", "u-1", "/a", "no: in"]) {
        assert.notInclude(text, content)
      }
    })

    it("removes all content when no path is allowed", () => {
      for (const kind of SpanKinds.all) {
        const text = textOf(withView(kind, Redaction.allow([])).event)
        for (
          const content of ["Ann", "\"in\"", "out\"", "greet", "yes", "to help", "planner", "u-1", "s-1", "no: in"]
        ) {
          assert.notInclude(text, content)
        }
      }
    })

    it("allows paths inside JSON texts", () => {
      const { event } = withView(
        "workflow",
        (span) => ({ ...span, input: "{\"user\":{\"email\":\"a@b\",\"id\":7},\"n\":1}" } as never),
        Redaction.allow(["input.user.id"])
      )
      assert.deepStrictEqual(event.meta["input"], { value: "{\"user\":{\"id\":7}}" })
    })
  })
})

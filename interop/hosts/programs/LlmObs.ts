/**
 * One program of Datadog's LLM Observability SDK for JavaScript, run with that SDK and with `effect-llmobs/Node`: their
 * events are compared.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as DevAgent from "../../../src/adapters/devagent/DevAgent.ts"
import { check, run } from "../Checks.ts"

type Fields = { readonly [key: string]: unknown }

const program = fileURLToPath(new URL("LlmObsMain.ts", import.meta.url))

/** The events of the program with one SDK, and the exit code. */
const eventsOf = (sdk: string) =>
  Effect.gen(function*() {
    const agent = yield* DevAgent.make()
    const code = yield* Effect.promise(() =>
      new Promise<number | null>((resolve) => {
        const child = spawn(
          process.execPath,
          ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning", program, sdk],
          {
            stdio: ["ignore", "ignore", "inherit"],
            timeout: 90_000,
            env: {
              ...process.env,
              DD_TRACE_AGENT_URL: agent.url,
              _DD_LLMOBS_WRITER_TIMEOUT: "60",
              DD_TRACE_AGENT_TIMEOUT_SECONDS: "60",
              DD_LLMOBS_ENABLED: "true",
              DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
              DD_REMOTE_CONFIGURATION_ENABLED: "false",
              DD_TRACE_STARTUP_LOGS: "false"
            }
          }
        )
        child.on("close", resolve)
      })
    )
    assert.equal(code, 0, `${sdk} ends with code ${code}`)
    return agent.events().map(({ event }) => event as Fields)
  }).pipe(Effect.scoped)

const object = (value: unknown): Fields => typeof value === "object" && value !== null ? value as Fields : {}

// Tags that name the SDK, and those that only one of the two has, whatever a program does.
const ofSdk = new Set(["ddtrace.version", "agent_service", "env", "version", "error", "error_type", "language"])

const tagsOf = (event: Fields): Fields =>
  Object.fromEntries(
    (event["tags"] as ReadonlyArray<string>).map((tag) => {
      const colon = tag.indexOf(":")
      return [tag.slice(0, colon), tag.slice(colon + 1)] as const
    }).filter(([key]) => !ofSdk.has(key))
  )

const errorOf = (meta: Fields): Fields => {
  const { message, type } = meta["error"] === undefined
    ? { message: meta["error.message"], type: meta["error.type"] }
    : object(meta["error"])
  return { message, type }
}

// Differences that are meant: docs/moving-from-dd-trace.md lists them.
const intended = {
  // A model without a provider.
  provider: (provider: unknown) => provider === "custom" ? "unknown" : provider,
  // A message without a role.
  role: (role: unknown) => role === "user" || role === "assistant" ? "" : role,
  // Vectors are not content.
  output: (output: unknown) => {
    const value = object(output)["value"]
    return typeof value === "string" && /^\[[\d.,]+\]$/.test(value)
      ? { value: `[1 embedding(s) returned with size ${value.split(",").length}]` }
      : output
  }
}

const side = (given: unknown): unknown => {
  const { messages, prompt, ...others } = object(given)
  const { ml_app: _, ...template } = object(prompt)
  return {
    ...others,
    ...(prompt === undefined ? undefined : { prompt: template }),
    ...(Array.isArray(messages)
      ? { messages: messages.map((message: Fields) => ({ ...message, role: intended.role(message["role"]) })) }
      : undefined)
  }
}

/** The parts of an event that a program decides on. */
const viewOf = (events: ReadonlyArray<Fields>) => (event: Fields) => {
  const meta = object(event["meta"])
  return {
    name: event["name"],
    kind: meta["span.kind"] ?? object(meta["span"])["kind"],
    parent: events.find((other) => other["span_id"] === event["parent_id"])?.["name"] ?? event["parent_id"],
    input: side(meta["input"]),
    output: side(intended.output(meta["output"])),
    metadata: object(meta["metadata"]),
    metrics: event["metrics"],
    tags: tagsOf(event),
    model: meta["model_name"],
    provider: intended.provider(meta["model_provider"]),
    tools: meta["tool_definitions"],
    agent: object(meta["agent_attribution"])["pagent_name"],
    error: errorOf(meta),
    status: event["status"],
    session: event["session_id"]
  }
}

const sorted = (events: ReadonlyArray<Fields>) =>
  events.map(viewOf(events)).toSorted((a, b) =>
    String(a.name) < String(b.name)
      ? -1
      : String(a.name) > String(b.name)
      ? 1
      : JSON.stringify(a) < JSON.stringify(b)
      ? -1
      : 1
  )

const [theirs, ours] = await Effect.runPromise(
  Effect.all([eventsOf("dd-trace"), eventsOf("effect-llmobs")], { concurrency: 2 })
)

check("the program makes the same spans with both SDKs", () => {
  assert.ok(theirs.length >= 20, `${theirs.length} events of dd-trace`)
  assert.deepEqual(sorted(ours).map(({ name }) => name), sorted(theirs).map(({ name }) => name))
})

for (const [i, expected] of sorted(theirs).entries()) {
  check(
    `the event ${i + 1} is the same but for what is meant: ${String(expected.kind)} ${String(expected.name)}`,
    () => {
      assert.deepEqual(sorted(ours)[i], expected)
    }
  )
}

check("one LLM trace is one with both", () => {
  const traces = (events: ReadonlyArray<Fields>) =>
    new Set(events.filter((event) => event["session_id"] === "s-1").map((event) => event["trace_id"])).size
  assert.deepEqual([traces(ours), traces(theirs)], [1, 1])
})

await run()

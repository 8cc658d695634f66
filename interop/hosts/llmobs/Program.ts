/**
 * A program of Datadog's LLM Observability SDK for JavaScript, as its users write them. Each span has a name of its own.
 *
 * @since 0.2.0
 */

// The two SDKs have types of their own.
// eslint-disable-next-line typescript/no-explicit-any
type Sdk = any

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 1))

const wrapped = async (llmobs: Sdk): Promise<void> => {
  const one = llmobs.wrap({ kind: "task" }, function one(a: unknown) {
    return { doubled: a }
  })
  one(1)
  one({ x: [1, 2] })
  const two = llmobs.wrap(
    { kind: "tool", name: "named" },
    (a: number, { b }: { readonly b: number }, ...rest: Array<number>) => a + b + rest.length
  )
  two(1, { b: 2 }, 3, 4)
  await llmobs.wrap({ kind: "workflow" }, async function later(question: string, lang = "en") {
    await tick()
    return `${question} ${lang}`
  })("When?", "fr")
  llmobs.wrap({ kind: "llm", modelName: "gpt-5", modelProvider: "OpenAI" }, function model(prompt: string) {
    llmobs.annotate({
      inputData: [{ role: "system", content: "Be brief." }, { role: "user", content: prompt }],
      outputData: { role: "assistant", content: "Hi" },
      metrics: { inputTokens: 4, outputTokens: 1, totalTokens: 5 },
      metadata: { temperature: 0.2 },
      tags: { team: "ops" }
    })
    return "not recorded"
  })("Hello")
  llmobs.wrap({ kind: "retrieval" }, function search(query: string) {
    llmobs.annotate({ outputData: [{ text: "a document", name: "d", id: "1", score: 0.5 }] })
    return query.length
  })("parcels")
  llmobs.wrap({ kind: "embedding", modelName: "e-3" }, function embed(_text: string) {
    llmobs.annotate({ inputData: "some text" })
    return [0.1, 0.2]
  })("some text")
  llmobs.wrap({ kind: "task" }, function manual(_a: number) {
    llmobs.annotate({ inputData: "mine", outputData: "mine too" })
    return "automatic"
  })(1)
  llmobs.wrap({ kind: "task" }, function empty() {
    return 0
  })()
}

const failing = async (llmobs: Sdk): Promise<void> => {
  const failure = new RangeError("too long")
  const throws = llmobs.wrap({ kind: "task" }, function throws(_a: string) {
    throw failure
  })
  try {
    throws("x")
  } catch (error) {
    if (error !== failure) throw new Error("another error")
  }
  await llmobs.wrap({ kind: "task" }, async function rejects(_a: string) {
    await tick()
    throw failure
  })("y").catch(() => {})
  await llmobs.trace({ kind: "agent", name: "traced-failure" }, async () => {
    await tick()
    throw failure
  }).catch(() => {})
}

const callbacks = async (llmobs: Sdk): Promise<void> => {
  type Done = (error: unknown, result?: unknown) => void
  const back = llmobs.wrap({ kind: "tool" }, function back(id: number, done: Done) {
    setTimeout(() => done(null, { id }), 1)
  })
  await new Promise<void>((resolve) => back(7, () => resolve()))
  const broken = llmobs.wrap({ kind: "tool" }, function broken(_id: number, done: Done) {
    setTimeout(() => done(new TypeError("no such id")), 1)
  })
  await new Promise<void>((resolve) => broken(8, () => resolve()))
  await new Promise<void>((resolve) => {
    llmobs.trace({ kind: "task", name: "done-later" }, (_span: unknown, done: () => void) => {
      setTimeout(() => {
        done()
        resolve()
      }, 1)
    })
  })
}

const nested = async (llmobs: Sdk): Promise<void> => {
  await llmobs.trace({ kind: "workflow", name: "support", sessionId: "s-1" }, async (outer: unknown) => {
    await tick()
    const exported = llmobs.exportSpan()
    if (!/^[0-9a-f]{32}$/.test(exported.traceId) || !/^\d+$/.test(exported.spanId)) throw new Error("not exported")
    await llmobs.annotationContext({ tags: { step: "plan" }, name: "renamed" }, async () => {
      await tick()
      await llmobs.trace({ kind: "task", name: "inner" }, () => tick())
    })
    await Promise.all([1, 2].map((i) =>
      llmobs.trace({ kind: "agent", name: `agent-${i}` }, async () => {
        await tick()
        llmobs.trace({ kind: "llm", name: `call-${i}`, modelName: "gpt-5" }, () => {
          llmobs.annotate({
            inputData: "Hi",
            outputData: [{
              role: "assistant",
              content: "",
              toolCalls: [{ name: "weather", arguments: { city: "Oslo" }, toolId: "c1", type: "function" }]
            }],
            toolDefinitions: [{ name: "weather", description: "The weather", schema: { type: "object" } }],
            prompt: { id: "greet", version: "1", template: "Hi {{name}}", variables: { name: "Ann" } }
          })
        })
      })
    ))
    llmobs.annotate(outer, { outputData: "done", costTags: ["team"], tags: { team: "ops" } })
  })
}

class Service {
  greet(name: string): string {
    return `Hello ${name}`
  }
}

const decorated = (llmobs: Sdk): void => {
  const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, "greet")!
  Object.defineProperty(
    Service.prototype,
    "greet",
    llmobs.decorate({ kind: "task" })(Service.prototype, "greet", { ...descriptor })
  )
  new Service().greet("Ann")
  const standard = llmobs.decorate({ kind: "task" })(function(this: unknown, x: number) {
    return x + 1
  }, { kind: "method", name: "standard" })
  standard(1)
}

const processed = (llmobs: Sdk): void => {
  llmobs.registerProcessor((span: Sdk) => {
    if (span.getTag("drop") === "yes") return null
    for (const message of span.input) message.content = message.content.replace("secret", "***")
    return span
  })
  llmobs.trace({ kind: "task", name: "redacted" }, () => llmobs.annotate({ inputData: "a secret", outputData: "kept" }))
  llmobs.trace({ kind: "task", name: "dropped" }, () => llmobs.annotate({ inputData: "x", tags: { drop: "yes" } }))
  llmobs.deregisterProcessor()
}

/**
 * Runs the program.
 *
 * @category destructors
 * @since 0.2.0
 */
export const run = async (llmobs: Sdk): Promise<void> => {
  await wrapped(llmobs)
  await failing(llmobs)
  await callbacks(llmobs)
  await nested(llmobs)
  decorated(llmobs)
  processed(llmobs)
}

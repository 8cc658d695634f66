/**
 * What a new user does in the first hour, in an empty folder with the packed library: the installation, a first span, an
 * error of the compiler, a streamed span, a test, and the other runtimes. The programs are those of the README and the
 * documentation. Prints each step with its time.
 */
import * as Assert from "node:assert/strict"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Place } from "./Place.ts"
import * as Places from "./Place.ts"
import type { Step } from "./Report.ts"
import * as Report from "./Report.ts"
import { rows, stepOf } from "./Rows.ts"

const root = Path.resolve(import.meta.dirname, "..")
const place = Places.empty()
const file = (name: string): string => Path.join(place.folder, name)
const write = (name: string, text: string): void => Fs.writeFileSync(file(name), text)

/** The first TypeScript of a page of this project. */
const programOf = (page: string): string => {
  const found = /^```ts[^\n]*\n(.*?)^```/ms.exec(Fs.readFileSync(Path.join(root, page), "utf8"))
  if (found === null) throw new Error(`${page} has no program`)
  return found[1]!
}

const node = (program: string, env: { readonly [name: string]: string } = {}, at: Place = place): Promise<string> =>
  Places.start([process.execPath, program], at, env)

const tsc = (...files: ReadonlyArray<string>): Promise<string> =>
  Places.start(
    [
      process.execPath,
      file("node_modules/typescript/bin/tsc"),
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--pretty",
      "false",
      ...files
    ],
    place,
    {}
  )

/** The text of a failure that is due. */
const failing = async (work: Promise<string>): Promise<string> => {
  const text = await work.then(() => undefined, String)
  Assert.ok(text !== undefined, "it must fail")
  return text
}

const wrong = `
import { Effect, Stream } from "effect"
import { LLMObs, LLMObsStream } from "effect-llmobs"

export const output = Effect.succeed(7).pipe(LLMObs.llm("chat", { output: (text: string) => text }))
export const option = Effect.succeed(7).pipe(LLMObs.llm("chat", { sessionID: "s-1" }))
export const stream = Stream.make(7).pipe(LLMObsStream.llm("chat", { output: (texts: ReadonlyArray<string>) => texts }))
`

const test = (model: string): string => `
import { expectLlm, layer, workflow } from "effect-llmobs/Testing"
import * as Effect from "effect/Effect"
import { test } from "node:test"
import { support } from "./spans.mjs"

test("asks the model once, in the customer's session", () =>
  Effect.runPromise(
    Effect.andThen(
      support,
      expectLlm({ model: "${model}" }).under(workflow("support")).withSession("s-1").once()
    ).pipe(Effect.provide(layer()))
  ))
`

const steps: ReadonlyArray<Step> = [
  {
    name: "install",
    run: async () => {
      await Places.install(place)
      const lock = JSON.parse(Fs.readFileSync(file("package-lock.json"), "utf8"))
      const ours = lock.packages["node_modules/effect-llmobs"]
      Assert.deepEqual([ours.dependencies, ours.hasInstallScript], [undefined, undefined])
    }
  },
  {
    name: "the README's first span arrives",
    run: async (agent) => {
      write("first.ts", programOf("README.md"))
      const written = await node("first.ts", { DD_TRACE_AGENT_URL: agent.url })
      Assert.match(written, /effect-llmobs: Started: app shop, /)
      const [span, ...others] = agent.spans()
      Assert.deepEqual([span?.kind, span?.model, others.length], ["llm", "gpt-5", 0])
      Assert.deepEqual(span?.output.messages, [{ role: "assistant", content: "It arrives tomorrow." }])
    }
  },
  {
    name: "a program without an Agent says what to do",
    run: async () => {
      const written = await node("first.ts", { DD_TRACE_AGENT_URL: "http://127.0.0.1:1" })
      Assert.match(written, /127\.0\.0\.1:1/)
      Assert.match(written, /DD_LLMOBS_AGENTLESS_ENABLED/)
    }
  },
  {
    name: "the compiler accepts the programs, and names what is wrong with a wrong one",
    run: async () => {
      write(
        "streamed.ts",
        `${programOf("docs/streaming.md")}console.log(JSON.stringify([span!.output, span!.metrics]))\n`
      )
      write("wrong.ts", wrong)
      await tsc("first.ts", "streamed.ts")
      const errors = (await failing(tsc("wrong.ts"))).split(/^(?=wrong\.ts\()/m).slice(1)
      Assert.deepEqual(errors.map((error) => /^wrong\.ts\((\d+),/.exec(error)?.[1]), ["5", "6", "7"], errors.join(""))
      Assert.match(errors[0]!, /Type 'number' is not assignable to type 'string'/)
      Assert.match(errors[1]!, /'sessionID'.*Did you mean to write 'sessionId'/s)
      Assert.match(errors[2]!, /Type 'number' is not assignable to type 'string'/)
    }
  },
  {
    name: "a streamed span has its text, its tokens and the time to its first token",
    run: async () => {
      const [output, metrics] = JSON.parse((await node("streamed.ts")).trim().split("\n").at(-1)!)
      Assert.deepEqual(output.messages, [{ role: "assistant", content: "It arrives tomorrow." }])
      Assert.equal(metrics.output_tokens, 5)
      Assert.ok(metrics.time_to_first_token >= 0)
    }
  },
  {
    name: "a test passes, and a failing one shows the trace",
    run: async () => {
      Places.copyPrograms(place)
      write("good.test.ts", test("gpt-5"))
      write("bad.test.ts", test("gpt-6"))
      await Places.start([process.execPath, "--test", "good.test.ts"], place, {})
      const shown = await failing(Places.start([process.execPath, "--test", "bad.test.ts"], place, {}))
      Assert.match(shown, /Expected 1 of: an llm span with the model "gpt-6"/)
      Assert.match(shown, /model: "gpt-5", not "gpt-6"/)
    }
  },
  ...["Bun: to the Agent", "Deno: to the Agent", "Workers: to the intake", "esbuild: to the Agent"].map((name) =>
    stepOf(rows.find((row) => row.name === name)!, place)
  )
]

const began = performance.now()
try {
  await Report.print(steps)
} finally {
  place.remove()
}
console.log(`in ${Math.round((performance.now() - began) / 1000)} s`)

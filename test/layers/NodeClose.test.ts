import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { LlmObsSdk } from "../../src/adapters/llmobs-sdk/LlmObsSdk.ts"
import * as NodeEngine from "../../src/composition/NodeEngine.ts"
import type { Options } from "../../src/composition/Options.ts"
import type { SdkProcessor } from "../../src/domain/sdk/SdkProcessor.ts"

/** An Agent on loopback, and the text of all that it got. */
const agent = Effect.gen(function*() {
  const bodies: Array<string> = []
  const info = JSON.stringify({ endpoints: ["/evp_proxy/v2/", "/v0.4/traces"], version: "7.60.0" })
  const server = yield* Effect.acquireRelease(
    Effect.callback<Http.Server>((resume) => {
      const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
        const parts: Array<Buffer> = []
        request.on("data", (part: Buffer) => parts.push(part))
        request.on("end", () => {
          bodies.push(Buffer.concat(parts).toString("latin1"))
          response.end(request.url === "/info" ? info : "{}")
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
  return {
    agentUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => bodies.splice(0).join("\n")
  }
})

const masked = (by: string): SdkProcessor => (span) => {
  for (const content of [...span.input, ...span.output]) content.content = by
  return span
}

const engine = () => {
  const engine = NodeEngine.make()
  const llmobs = new LlmObsSdk(engine)
  const start = async (options: Options) => {
    engine.start({ mlApp: "shop", ...options }, undefined)
    await engine.ready()
  }
  const record = (name: string, open = false) =>
    void llmobs.trace({ kind: "task", name }, () => {
      llmobs.annotate({ inputData: `secret of ${name}` })
      return open ? new Promise(() => {}) : undefined
    })
  return { close: engine.close, llmobs, start, record }
}

describe("the end of effect-llmobs/Node", () => {
  it.live("passes spans that are open at close through the registered processor and the option's rules", () =>
    Effect.gen(function*() {
      const { agentUrl, taken } = yield* agent
      yield* Effect.promise(async () => {
        const { close, llmobs, record, start } = engine()
        await start({ agentUrl, processors: [(span) => ({ ...span, name: `${span.name}, seen` })] })
        llmobs.registerProcessor(masked("[gone]"))
        record("closed")
        record("open", true)
        await close()
        const text = taken()
        for (const part of ["closed, seen", "open, seen", "[gone]"]) assert.include(text, part)
        assert.notInclude(text, "secret of")
      })
    }))

  it.live("keeps the registered processor for the next start, and drops the rules of the last options", () =>
    Effect.gen(function*() {
      const { agentUrl, taken } = yield* agent
      yield* Effect.promise(async () => {
        const { close, llmobs, record, start } = engine()
        llmobs.registerProcessor(masked("[before init]"))
        await start({ agentUrl, processors: [(span) => ({ ...span, name: `${span.name}, seen` })] })
        record("first", true)
        // The second engine starts while the first one closes.
        const closed = close()
        await start({ agentUrl })
        record("second", true)
        await Promise.all([closed, close()])
        const text = taken()
        for (const part of ["first, seen", "second", "[before init]"]) assert.include(text, part)
        for (const part of ["second, seen", "secret of"]) assert.notInclude(text, part)
        llmobs.deregisterProcessor()
        await start({ agentUrl })
        record("third")
        await close()
        assert.include(taken(), "secret of third")
      })
    }))

  it.live("sends no content when the option's rules are no list", () =>
    Effect.gen(function*() {
      const { agentUrl, taken } = yield* agent
      yield* Effect.promise(async () => {
        const { close, record, start } = engine()
        await start({ agentUrl, processors: 5 as never })
        record("bare")
        await close()
        const text = taken()
        assert.include(text, "bare")
        assert.notInclude(text, "secret of")
      })
    }))

  it.live("handles the rejection of a processor that is an async function, and sends no content", () =>
    Effect.gen(function*() {
      const { agentUrl, taken } = yield* agent
      const unhandled: Array<unknown> = []
      const listener = (reason: unknown): void => void unhandled.push(reason)
      process.on("unhandledRejection", listener)
      yield* Effect.promise(async () => {
        const { close, llmobs, record, start } = engine()
        await start({ agentUrl })
        llmobs.registerProcessor(
          (async () => {
            throw new Error("async rule")
          }) as never
        )
        record("answer")
        await close()
        assert.notInclude(taken(), "secret of")
      }).pipe(Effect.ensuring(Effect.sync(() => process.off("unhandledRejection", listener))))
      assert.deepStrictEqual(unhandled, [])
    }))
})

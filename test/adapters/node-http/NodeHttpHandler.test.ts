import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as NodeHttp from "../../../src/layers/NodeHttp.ts"
import * as Observed from "../../layers/Observed.ts"
import { listening, trial } from "../ServerTrial.ts"

const textOf = (request: Http.IncomingMessage): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ""
    request.setEncoding("utf8").on("data", (chunk) => text += chunk).on("end", () => resolve(text)).on("error", reject)
  })

const readers: ReadonlyArray<readonly [name: string, read: (request: Http.IncomingMessage) => Promise<string>]> = [
  ["listens for data", textOf],
  ["iterates", async (request) => {
    const chunks: Array<Uint8Array> = []
    for await (const chunk of request) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }],
  ["waits before it reads", async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return textOf(request)
  }]
]

describe("NodeHttpHandler", () => {
  for (const [name, read] of readers) {
    describe(`that ${name}`, () => {
      trial((answer, sessionFrom) =>
        listening(Http.createServer(
          { keepAliveTimeout: 0 },
          NodeHttp.wrap(async (request, response) => {
            const url = new URL(request.url!, "http://localhost")
            const text = await read(request)
            const said = await answer({
              n: url.searchParams.get("n")!,
              body: text === "" ? undefined : JSON.parse(text)
            })
            response.end(JSON.stringify(said))
          }, { sessionFrom })
        ))
      )
    })
  }

  const session = LLMObs.currentSpan.pipe(
    Effect.map((span) => Option.getOrThrow(span).sources.session ?? "none"),
    LLMObs.task("asked")
  )

  const served = async (
    handler: (run: () => Promise<string>) => (request: Http.IncomingMessage, response: Http.ServerResponse) => void,
    use: (url: string) => Promise<void>,
    sessionFrom = { body: "session_id" }
  ) => {
    const runtime = ManagedRuntime.make(Observed.dev())
    const server = await listening(
      Http.createServer(
        { keepAliveTimeout: 0 },
        NodeHttp.wrap(handler(() => runtime.runPromise(session)), { sessionFrom })
      )
    )
    try {
      await use(server.url)
    } finally {
      await server.close()
      await runtime.dispose()
    }
  }

  it("keeps the request in listeners of the request and of the response", () =>
    served((run) => (request, response) => {
      request.on("end", () => void run().then((found) => response.end(found))).resume()
    }, async (url) => {
      const ask = (n: number) =>
        fetch(url, { method: "POST", body: "x".repeat(100_000), headers: { baggage: `session.id=s-${n}` } })
      const answers = await Promise.all([1, 2, 3].map(async (n) => (await ask(n)).text()))
      assert.deepStrictEqual(answers, ["rum", "rum", "rum"])
    }))

  it("skips bodies that are too long, and passes them whole to the handler", () =>
    served((run) => async (request, response) => {
      const text = await textOf(request)
      response.end(`${text.length} ${await run()}`)
    }, async (url) => {
      const body = JSON.stringify({ session_id: "s-1", long: "x".repeat(200_000) })
      const headers = { "content-type": "application/json" }
      const known = await fetch(url, { method: "POST", body, headers })
      assert.strictEqual(await known.text(), `${body.length} none`)
      const stream = new Response(body).body!
      const chunked = await fetch(url, { method: "POST", body: stream, headers, duplex: "half" } as RequestInit)
      assert.strictEqual(await chunked.text(), `${body.length} none`)
    }))

  it("reads the session of a body that comes in pieces without a length", () =>
    served((run) => async (request, response) => {
      const text = await textOf(request)
      response.end(`${text} ${await run()}`)
    }, async (url) => {
      const pieces = ["{\"session", "_id\":\"s", "-1\"}"]
      const stream = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 2))
          const piece = pieces.shift()
          if (piece === undefined) controller.close()
          else controller.enqueue(new TextEncoder().encode(piece))
        }
      })
      const response = await fetch(url, {
        method: "POST",
        body: stream,
        headers: { "content-type": "application/json; charset=utf-8" },
        duplex: "half"
      } as RequestInit)
      assert.strictEqual(await response.text(), "{\"session_id\":\"s-1\"} request")
    }))

  it("runs the handler before a late body, and knows the session of spans that start after it", () =>
    served((run) => async (request, response) => {
      response.write(`${await run()} `)
      await textOf(request)
      response.end(await run())
    }, async (url) => {
      const socket = Net.connect(Number(new URL(url).port), "127.0.0.1")
      try {
        let text = ""
        socket.write(
          "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"session_"
        )
        await new Promise<void>((resolve) =>
          socket.on("data", (data) => {
            text += String(data)
            if (text.includes("request")) resolve()
            else if (text.includes("none")) socket.write("id\":\"s-1\"}")
          })
        )
        assert.match(text, /none[^]*request/)
      } finally {
        socket.destroy()
      }
    }))

  it("reads the session of a body with a length over HTTP/2", async () => {
    const runtime = ManagedRuntime.make(Observed.dev())
    const server = Http2.createServer(
      NodeHttp.wrap(
        async (_request: Http.IncomingMessage, response: Http.ServerResponse) => {
          response.end(await runtime.runPromise(session))
        },
        { sessionFrom: { body: "session_id" } }
      ) as never
    )
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const client = Http2.connect(`http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`)
    try {
      const stream = client.request({
        ":method": "POST",
        "content-type": "application/json",
        "content-length": 20
      })
      stream.end("{\"session_id\":\"s-1\"}")
      let text = ""
      for await (const chunk of stream) text += String(chunk)
      assert.strictEqual(text, "request")
    } finally {
      client.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await runtime.dispose()
    }
  })

  it("runs the handler of a client that disconnected before its body was complete", async () => {
    let started: (() => void) | undefined
    const seen = new Promise<void>((resolve) => started = resolve)
    await served(() => (_request, response) => {
      response.end()
      started!()
    }, async (url) => {
      const socket = Net.connect(Number(new URL(url).port), "127.0.0.1")
      socket.write(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"a\"",
        () => {
          socket.destroy()
        }
      )
      await seen
    })
  })
})

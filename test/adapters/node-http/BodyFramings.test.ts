/** Any reader of a body × any framing of it, over HTTP/1 and HTTP/2: with a look at the body as without one. */
import { assert, describe, it } from "@effect/vitest"
import { AsyncLocalStorage } from "node:async_hooks"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import * as Net from "node:net"
import * as Stream from "node:stream"
import * as Zlib from "node:zlib"
import * as NodeHttp from "../../../src/layers/NodeHttp.ts"

type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => unknown
type Reader = (request: Http.IncomingMessage) => Promise<Buffer>

const ended = (request: Http.IncomingMessage, start: (chunks: Array<Buffer>) => void): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    request.on("end", () => resolve(Buffer.concat(chunks))).on("error", reject)
    start(chunks)
  })

const onReadable: Reader = (request) =>
  ended(request, (chunks) =>
    request.on("readable", () => {
      for (let chunk = request.read(); chunk !== null; chunk = request.read()) chunks.push(chunk)
    }))

const onData: Reader = (request) =>
  ended(request, (chunks) => request.on("data", (chunk: Buffer) => chunks.push(chunk)))

const iterated: Reader = async (request) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const piped: Reader = (request) => {
  const through = new Stream.PassThrough()
  return ended(request.pipe(through) as never, (chunks) => through.on("data", (chunk: Buffer) => chunks.push(chunk)))
}

const asWeb: Reader = async (request) =>
  Buffer.from(await new Response(Stream.Readable.toWeb(request) as ReadableStream<Uint8Array>).arrayBuffer())

const asText: Reader = (request) =>
  new Promise((resolve, reject) => {
    let text = ""
    request.setEncoding("latin1")
    request.on("data", (chunk: string) => text += chunk)
      .on("end", () => resolve(Buffer.from(text, "latin1"))).on("error", reject)
  })

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const afterAwait = (read: Reader): Reader => async (request) => {
  await Promise.resolve()
  return read(request)
}

const muchLater = (read: Reader): Reader => async (request) => {
  await turns(20)
  return read(request)
}

const readers: ReadonlyArray<readonly [name: string, read: Reader]> = ([
  ["listens to readable", onReadable],
  ["listens to data", onData],
  ["iterates", iterated],
  ["pipes", piped],
  ["makes a web stream of it", asWeb],
  ["reads it as text", asText],
  ["does not read", () => Promise.resolve(Buffer.from("unread"))]
] as const).flatMap(([name, read]) => [
  [name, read],
  [`${name} after an await`, afterAwait(read)],
  [`${name} much later`, muchLater(read)]
])

const json = JSON.stringify({ session_id: "s-1", question: "Where is it?" })
const large = JSON.stringify({ session_id: "s-1", question: "x".repeat(200_000) })

interface Framing {
  readonly pieces: ReadonlyArray<string | Buffer>
  readonly headers?: Http.OutgoingHttpHeaders
  /** Whether the length is said before. */
  readonly sized?: boolean
}

const sized = (body: string | Buffer): Framing => ({ pieces: [body], sized: true })
const inPieces = (body: string, size: number): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(body.length / size) }, (_, index) => body.slice(index * size, (index + 1) * size))

const framings: ReadonlyArray<readonly [name: string, framing: Framing]> = [
  ["with a length", sized(json)],
  ["with a length, in pieces", { pieces: inPieces(json, 7), sized: true }],
  ["in chunks", { pieces: inPieces(json, 20) }],
  ["byte by byte", { pieces: inPieces(json, 1) }],
  ["that is empty", { pieces: [] }],
  ["that is empty, with a length of 0", { pieces: [], sized: true }],
  ["that is large, with a length", sized(large)],
  ["that is large, in chunks", { pieces: inPieces(large, 10_000) }],
  ["of just what is looked at", sized(JSON.stringify("x".repeat(65_534)))],
  ["of just what is looked at, in chunks", { pieces: inPieces(JSON.stringify("x".repeat(65_534)), 8_192) }],
  ["in gzip", { ...sized(Zlib.gzipSync(json)), headers: { "content-encoding": "gzip" } }],
  ["in gzip, in chunks", { pieces: [Zlib.gzipSync(json)], headers: { "content-encoding": "gzip" } }],
  ["that is no JSON", sized("{\"session_id\":")]
]

/** The observations of a client and of its handler. */
interface Seen {
  readonly status: number | undefined
  readonly body: string
  readonly disturbed: boolean
}

const respond = (read: Reader): Handler => async (request, response) => {
  const disturbed = request.readableDidRead
  const body = await read(request)
  response.end(JSON.stringify({ body: body.toString("base64"), disturbed }))
}

const headersOf = ({ headers, pieces, sized }: Framing): Http.OutgoingHttpHeaders => ({
  "content-type": "application/json",
  ...(sized === true ? { "content-length": Buffer.concat(pieces.map((piece) => Buffer.from(piece))).length } : {}),
  ...headers
})

const write = async (to: Stream.Writable, pieces: ReadonlyArray<string | Buffer>) => {
  for (const piece of pieces) {
    to.write(piece)
    await turns(1)
  }
  to.end()
}

const seen = (status: number | undefined, text: string): Seen => ({ status, ...JSON.parse(text) })

const collect = async (from: AsyncIterable<Uint8Array>) => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of from) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const overHttp1 = async (handler: Handler, framings: ReadonlyArray<Framing>): Promise<ReadonlyArray<Seen>> => {
  const server = Http.createServer({ keepAliveTimeout: 0 }, handler as Http.RequestListener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  // One connection: what one request leaves unread must not stop the next.
  const agent = new Http.Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const all: Array<Seen> = []
    for (const framing of framings) {
      const request = Http.request({ port, host: "127.0.0.1", method: "POST", agent, headers: headersOf(framing) })
      const answered = new Promise<Http.IncomingMessage>((resolve, reject) =>
        request.on("response", resolve).on("error", reject)
      )
      const [response] = await Promise.all([answered, write(request, framing.pieces)])
      all.push(seen(response.statusCode, await collect(response)))
    }
    return all
  } finally {
    agent.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const overHttp2 = async (handler: Handler, framings: ReadonlyArray<Framing>): Promise<ReadonlyArray<Seen>> => {
  const server = Http2.createServer(handler as never)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const client = Http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    const all: Array<Seen> = []
    for (const framing of framings) {
      const stream = client.request({ ":method": "POST", ":path": "/", ...headersOf(framing) })
      const status = new Promise<number | undefined>((resolve) =>
        stream.on("response", (headers) => resolve(headers[":status"]))
      )
      const closed = new Promise<void>((resolve) => stream.on("close", () => resolve()))
      const text = collect(stream)
      await write(stream, framing.pieces)
      all.push(seen(await status, await text))
      await closed
    }
    return all
  } finally {
    client.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

const looking = { sessionFrom: { body: "session_id" } }

describe("body framings", () => {
  for (const [protocol, over] of [["HTTP/1", overHttp1], ["HTTP/2", overHttp2]] as const) {
    for (const [name, read] of readers) {
      it(
        `gives a handler over ${protocol} the same body for every framing as without the wrapper when it ${name}`,
        async () => {
          const all = framings.map(([, framing]) => framing)
          const without = await over(respond(read), all)
          const withUs = await over(NodeHttp.wrap(respond(read) as never, looking), all)
          for (const [index, [framing]] of framings.entries()) {
            assert.deepStrictEqual(withUs[index], without[index], `a body ${framing}`)
          }
        }
      )
    }
  }

  const connected = async (
    handler: Handler,
    use: (socket: Net.Socket, answer: Promise<string>) => Promise<void>
  ): Promise<void> => {
    const server = Http.createServer({ keepAliveTimeout: 0 }, handler as Http.RequestListener)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const socket = Net.connect((server.address() as AddressInfo).port, "127.0.0.1")
    const answer = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))))
    try {
      await use(socket, answer)
    } finally {
      socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  const head = (length: number) =>
    `POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n`

  it("lets a handler answer a client that sends its body only after the answer", () =>
    connected(
      NodeHttp.wrap((_request, response) => response.end("early"), looking) as Handler,
      async (socket, answer) => {
        socket.write(`${head(10)}\r\n{"a"`)
        assert.include(await answer, "early")
      }
    ))

  it("lets a handler permit the body to a client that waits for permission", () =>
    connected(() => {}, async () => {
      const server = Http.createServer()
      server.on(
        "checkContinue",
        NodeHttp.wrap((request, response) => {
          response.writeContinue()
          request.resume().on("end", () => response.end("permitted"))
        }, looking)
      )
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const socket = Net.connect((server.address() as AddressInfo).port, "127.0.0.1")
      try {
        let text = ""
        socket.write(`${head(2)}expect: 100-continue\r\n\r\n`)
        await new Promise<void>((resolve) =>
          socket.on("data", (data) => {
            text += String(data)
            if (text.includes("permitted")) resolve()
            else if (text.includes("100 Continue")) socket.write("{}")
          })
        )
        assert.include(text, "permitted")
      } finally {
        socket.destroy()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    }))

  for (
    const [what, wrap] of [
      ["without us", (handler: Handler) => handler],
      ["with us", (handler: Handler) => NodeHttp.wrap(handler as never, looking) as Handler]
    ] as const
  ) {
    it(`tells a handler that its client disconnected: ${what}`, async () => {
      const heard: Array<string> = []
      let done: (() => void) | undefined
      const closed = new Promise<void>((resolve) => done = resolve)
      await connected(
        wrap((request) => {
          request.on("aborted", () => heard.push("aborted"))
            .on("error", (error: NodeJS.ErrnoException) => heard.push(String(error.code)))
            .on("close", () => done!())
        }),
        async (socket) => {
          socket.write(`${head(10)}\r\n{"a"`)
          await turns(5)
          socket.destroy()
          await closed
        }
      )
      assert.deepStrictEqual(heard, ["aborted", "ECONNRESET"])
    })

    it(`gives a handler the body that another listener of the server reads too: ${what}`, async () => {
      const seen: Array<string> = []
      await connected(
        (request, response) => {
          wrap((inner) => {
            inner.on("data", (chunk) => seen.push(`handler ${chunk}`))
          })(request, response)
          request.on("data", (chunk) => seen.push(`other ${chunk}`)).on("end", () => response.end("done"))
        },
        async (socket, answer) => {
          socket.write(`${head(2)}\r\n{}`)
          await answer
        }
      )
      assert.sameMembers(seen, ["handler {}", "other {}"])
    })

    it(`runs a handler in the async context of its caller: ${what}`, async () => {
      const storage = new AsyncLocalStorage<string>()
      const handler = wrap((_request, response) => response.end(storage.getStore()))
      await connected(
        (request, response) => storage.run("caller", () => handler(request, response)),
        async (socket, answer) => {
          socket.write(`${head(2)}\r\n`)
          await turns(3)
          socket.write("{}")
          assert.include(await answer, "caller")
        }
      )
    })
  }
})

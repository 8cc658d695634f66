/**
 * An intake in a thread of its own, so that its work is not measured. It refuses everything until it is told to open, and
 * then counts the spans that it is sent.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { parentPort } from "node:worker_threads"

const seen = new Set<string>()
let duplicates = 0
let isOpen = false

const server = Http.createServer((request, response) => {
  const parts: Array<Buffer> = []
  request.on("data", (part: Buffer) => parts.push(part))
  request.on("end", () => {
    if (!isOpen) {
      response.writeHead(503, { "retry-after": "1" }).end()
      return
    }
    for (const [, id] of Buffer.concat(parts).toString("latin1").matchAll(/"trace_id":"[^"]*","span_id":"(\d+)"/g)) {
      if (seen.has(id!)) duplicates++
      seen.add(id!)
    }
    response.writeHead(202).end("{}")
  })
})

server.listen(0, "127.0.0.1", () => parentPort!.postMessage({ port: (server.address() as AddressInfo).port }))
parentPort!.on("message", (message) => {
  if (message === "open") isOpen = true
  else parentPort!.postMessage({ spans: seen.size, duplicates })
})

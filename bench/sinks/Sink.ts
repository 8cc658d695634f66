/**
 * An Agent, an intake and a collector in a process of its own. It keeps the bodies that it receives and decodes them
 * when it is asked to count, so that decoding takes no processor from the measurement.
 */
import * as Http from "node:http"
import type * as Net from "node:net"
import type { Body } from "./Received.ts"
import * as Received from "./Received.ts"

const info = JSON.stringify({
  version: "7.85.1",
  endpoints: ["/v0.4/traces", "/evp_proxy/v2/", "/evp_proxy/v4/"],
  client_drop_p0s: true,
  span_meta_structs: true
})

const bodies: Array<Body> = []
let open = 0
let last = performance.now()

const answer = (path: string): string =>
  path === "/info" ? info : path === "/v0.4/traces" ? `{"rate_by_service":{}}` : "{}"

const server = Http.createServer((request, response) => {
  const path = (request.url ?? "").split("?")[0]!
  const parts: Array<Buffer> = []
  open++
  request.on("data", (part: Buffer) => parts.push(part))
  request.on("end", () => {
    open--
    last = performance.now()
    if (request.method !== "GET") {
      bodies.push({ path, type: request.headers["content-type"] ?? "", bytes: Buffer.concat(parts) })
    }
    response.setHeader("content-type", "application/json")
    response.end(answer(path))
  })
})

// A connection that a client keeps is never closed under it.
server.keepAliveTimeout = 0
server.requestTimeout = 0

server.listen(0, "127.0.0.1", () => {
  process.send!({ origin: `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}` })
})

process.on("message", (message) => {
  if (message === "idle") process.send!({ idle: open > 0 ? 0 : performance.now() - last })
  else if (message === "clear") bodies.length = 0
  else process.send!({ count: Received.count(bodies) })
})
process.on("disconnect", () => process.exit())

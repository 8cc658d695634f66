/** An Agent that takes everything and keeps nothing. */
import * as Http from "node:http"
import type * as Net from "node:net"

const info = JSON.stringify({ endpoints: ["/v0.4/traces", "/evp_proxy/v2/"], span_meta_structs: true })

const server = Http.createServer((request, response) => {
  request.resume()
  request.on("end", () => {
    const path = request.url ?? ""
    response.statusCode = path.startsWith("/evp_proxy/") ? 202 : 200
    response.end(path === "/info" ? info : path === "/v0.4/traces" ? `{"rate_by_service":{}}` : "")
  })
})

server.listen(0, "127.0.0.1", () => {
  process.send?.(`http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`)
})

process.on("disconnect", () => process.exit())

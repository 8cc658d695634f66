/**
 * An agent for TLS connections through an HTTP proxy. Each connection begins with a CONNECT request to the proxy.
 *
 * **Details**
 *
 * The proxy's own answer is never taken for that of the other side. Only 200 opens the tunnel. Any other answer fails
 * the request with the code `PROXY_` and the status, and no part of the request was sent. An unresponsive proxy is
 * abandoned after ten seconds, and when the agent is destroyed, so that it cannot keep a process alive.
 */
import type * as Http from "node:http"
import type * as Https from "node:https"
import type * as Tls from "node:tls"

const connectMillis = 10_000

/**
 * Makes the agent. `proxy` is a valid URL, as `ProxyUrl` returns it. `onRefusal` is called with the status of each
 * answer that opens no tunnel.
 */
export const make = (proxy: string, options: Https.AgentOptions, onRefusal: (status: number) => void): Https.Agent => {
  // Not imported, so that a bundle loads in a runtime that has no such module.
  const http = process.getBuiltinModule("node:http")
  const https = process.getBuiltinModule("node:https")
  const tls = process.getBuiltinModule("node:tls")
  const url = new URL(proxy)
  const secure = url.protocol === "https:"
  const { request: ask } = secure ? https : http
  const authorization = url.username === "" && url.password === "" ? {} : {
    "proxy-authorization": `Basic ${
      Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString("base64")
    }`
  }
  const waiting = new Set<Http.ClientRequest>()
  const agent = new https.Agent(options)

  agent.createConnection = (target, callback = () => {}) => {
    const host = String(target.host)
    const authority = `${host.includes(":") ? `[${host}]` : host}:${target.port}`
    const request = ask({
      agent: false,
      method: "CONNECT",
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? secure ? 443 : 80 : url.port,
      path: authority,
      headers: { host: authority, ...authorization },
      timeout: connectMillis
    })
    waiting.add(request)
    const fail = (error: Error): void => {
      waiting.delete(request)
      // The type requires a socket beside an error, but Node does not read it.
      callback(error, undefined as never)
    }
    request.once("error", fail)
    request.once("timeout", () => request.destroy(failure("ETIMEDOUT")))
    request.once("connect", (response, socket) => {
      request.off("error", fail)
      const status = response.statusCode ?? 0
      if (status !== 200) {
        socket.destroy()
        fail(failure(`PROXY_${status}`))
        return onRefusal(status)
      }
      waiting.delete(request)
      socket.setTimeout(0)
      callback(null, tls.connect({ ...target as Tls.ConnectionOptions, socket }))
    })
    request.end()
    return undefined
  }

  const destroy = agent.destroy.bind(agent)
  agent.destroy = () => {
    for (const request of waiting) request.destroy(failure("ECONNABORTED"))
    destroy()
  }
  return agent
}

const failure = (code: string): Error => Object.assign(new Error(code), { code })

/**
 * An agent for TLS connections that go through an HTTP proxy: each begins with a CONNECT request to it.
 *
 * **Details**
 *
 * The proxy's own answer is never taken for the answer of the other side. Only 200 opens the tunnel; any other answer fails
 * the request with the code `PROXY_` and the status, and nothing of the request was sent. A proxy that does not answer is
 * left after ten seconds, and when the agent is destroyed, so that it cannot keep a process alive.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import * as Tls from "node:tls"

const connectMillis = 10_000

/**
 * Makes the agent. `proxy` is a URL that can be read, as `ProxyUrl` gives it. `onRefusal` is called with the status of each
 * answer that opens no tunnel.
 */
export const make = (proxy: string, options: Https.AgentOptions, onRefusal: (status: number) => void): Https.Agent => {
  const url = new URL(proxy)
  const secure = url.protocol === "https:"
  const { request: ask } = secure ? Https : Http
  const authorization = url.username === "" && url.password === "" ? {} : {
    "proxy-authorization": `Basic ${
      Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString("base64")
    }`
  }
  const waiting = new Set<Http.ClientRequest>()
  const agent = new Https.Agent(options)

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
      // The type asks for a socket beside an error; Node does not look at it.
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
      callback(null, Tls.connect({ ...target as Tls.ConnectionOptions, socket }))
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

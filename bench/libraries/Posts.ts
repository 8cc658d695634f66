/** Posts with keep-alive, for libraries of the bench that bring no transport of their own. */
import * as Http from "node:http"

export interface Posts {
  readonly send: (path: string, type: string, body: Uint8Array) => void
  /** Settles when everything sent so far has been answered. */
  readonly answered: () => Promise<void>
  readonly close: () => void
}

export const make = (origin: string): Posts => {
  const agent = new Http.Agent({ keepAlive: true, maxSockets: 4 })
  const open = new Set<Promise<void>>()
  const send = (path: string, type: string, body: Uint8Array): void => {
    const answer = new Promise<void>((resolve, reject) => {
      const request = Http.request(`${origin}${path}`, {
        agent,
        method: "POST",
        headers: { "content-type": type, "content-length": body.byteLength }
      }, (response) => {
        response.resume()
        response.once("end", resolve)
      })
      request.once("error", reject)
      request.end(body)
    }).finally(() => open.delete(answer))
    open.add(answer)
  }
  return { send, answered: () => Promise.all(open).then(() => undefined), close: () => agent.destroy() }
}

/** The floor in its other form: `JSON.stringify` for each event, written at once to a request that stays open. */
import * as Http from "node:http"
import type { Start } from "../Library.ts"
import * as FloorProgram from "./FloorProgram.ts"

interface Open {
  readonly request: Http.ClientRequest
  readonly answered: Promise<void>
}

export const start: Start = async (sink) => {
  const agent = new Http.Agent({ keepAlive: true, maxSockets: 4 })
  let open: Open | undefined
  const begin = (): Open => {
    const request = Http.request(`${sink}/api/v2/llmobs`, {
      agent,
      method: "POST",
      headers: { "content-type": "application/json" }
    })
    const answered = new Promise<void>((resolve, reject) => {
      request.once("response", (response) => response.resume().once("end", resolve))
      request.once("error", reject)
    })
    return { request, answered }
  }
  return FloorProgram.start({
    event: (json) => {
      if (open === undefined) {
        open = begin()
        open.request.write(`[${json}`)
      } else open.request.write(`,${json}`)
    },
    flush: async () => {
      const { answered, request } = open ?? {}
      open = undefined
      request?.end("]")
      await answered
    },
    close: () => agent.destroy()
  })
}

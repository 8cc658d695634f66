/**
 * The cost of 5,000 requests that belong to no provider: without a layer, with it, and through an observed `fetch`.
 *
 * Run it by `node --conditions=effect-llmobs-source interop/integrations/Overhead.ts`. It prints the CPU time of one request in
 * microseconds: the median of five rounds, in turn.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Clients from "../../src/layers/Clients.ts"
import * as Testing from "../../src/layers/Testing.ts"

const requests = 5_000
const rounds = 5

const server = http.createServer((request, response) => {
  request.resume()
  response.end("ok")
})
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`

const microseconds = async (fetch: typeof globalThis.fetch): Promise<number> => {
  const before = process.cpuUsage()
  for (let i = 0; i < requests; i++) await (await fetch(url, { method: "POST", body: "{}" })).text()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / requests
}

const plain: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)
const observed = Clients.observedFetch()

const inside = async (body: () => Promise<number>): Promise<number> => {
  const runtime = ManagedRuntime.make(Clients.layer.pipe(Layer.provideMerge(Testing.layer())))
  await runtime.context()
  try {
    return await body()
  } finally {
    await Effect.runPromise(runtime.disposeEffect)
  }
}

const ways: ReadonlyArray<readonly [name: string, run: () => Promise<number>]> = [
  ["without a layer", () => microseconds(plain)],
  ["with Clients.layer", () => inside(() => microseconds(plain))],
  ["with Clients.layer, through observedFetch", () => inside(() => microseconds(observed))]
]

const times = new Map<string, Array<number>>(ways.map(([name]) => [name, []]))
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of ways) {
    const time = await run()
    // The first round warms up.
    if (round > 0) times.get(name)!.push(time)
  }
}
for (const [name, all] of times) {
  const sorted = all.toSorted((a, b) => a - b)
  const shown = [sorted[Math.floor(rounds / 2)]!, sorted[0]!, sorted.at(-1)!].map((time) => time.toFixed(0))
  console.log(`${name}: ${shown[0]} us a request (${shown[1]} to ${shown[2]})`)
}
server.closeAllConnections()
server.close()

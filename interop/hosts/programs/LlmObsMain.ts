/**
 * Runs the program with one of the two SDKs, chosen by the first argument. Nothing else differs.
 *
 * @since 0.2.0
 */
import { subscribe } from "node:diagnostics_channel"
import type { ClientRequest, IncomingMessage } from "node:http"
import { createRequire } from "node:module"
import { run } from "../llmobs/Program.ts"

// That SDK buffers nothing until it has asked the Agent.
const asked = new Promise<void>((resolve) => {
  subscribe("http.client.response.finish", (message) => {
    const { request, response } = message as { readonly request: ClientRequest; readonly response: IncomingMessage }
    if (request.path === "/info") response.once("close", resolve)
  })
})

const tracer = process.argv[2] === "dd-trace"
  ? createRequire(new URL("../../package.json", import.meta.url))("dd-trace")
  : (await import("../../../src/layers/Node.ts")).default

const { llmobs } = tracer.init({ service: "shop-api", llmobs: { mlApp: "shop" } })
if (process.argv[2] === "dd-trace") {
  await asked
  await new Promise((resolve) => setImmediate(resolve))
}
await run(llmobs)
// What is on its way then keeps the process alive.
await llmobs.flush()

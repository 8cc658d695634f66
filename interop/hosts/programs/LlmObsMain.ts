/**
 * Runs the program with one of the two SDKs, chosen by the first argument. Nothing else differs.
 *
 * @since 0.2.0
 */
import { createRequire } from "node:module"
import { run } from "../llmobs/Program.ts"

const tracer = process.argv[2] === "dd-trace"
  ? createRequire(new URL("../../package.json", import.meta.url))("dd-trace")
  : (await import("../../../src/layers/Node.ts")).default

const { llmobs } = tracer.init({ service: "shop-api", llmobs: { mlApp: "shop" } })
if (process.argv[2] === "dd-trace") {
  // That SDK buffers nothing until it has asked the Agent.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
}
await run(llmobs)
await llmobs.flush()
if (process.argv[2] === "dd-trace") await new Promise((resolve) => setTimeout(resolve, 1_500))

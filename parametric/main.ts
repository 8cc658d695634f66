/**
 * The server by which an outside suite drives the SDK: `APM_TEST_CLIENT_SERVER_PORT` says where it listens, `DD_*` how
 * the SDK behaves. It runs until it is told to end.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Sdk from "./Sdk.ts"
import * as Server from "./Server.ts"

const port = Number(process.env["APM_TEST_CLIENT_SERVER_PORT"])
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  console.error("APM_TEST_CLIENT_SERVER_PORT must name the port to listen on.")
  process.exit(2)
}

/** How long the last flush may take after the signal. */
const graceMillis = 1_500

const sdk = Sdk.make()

const program = Server.make({ port, problems: sdk.problems }).pipe(
  Effect.andThen(Effect.never),
  Effect.scoped,
  Effect.provide(sdk.layer)
)

const running = Effect.runFork(program)

let ending = false
const end = (): void => {
  if (ending) return
  ending = true
  setTimeout(() => process.exit(0), graceMillis).unref()
  void Effect.runPromise(Fiber.interrupt(running)).then(() => process.exit(0))
}
process.on("SIGTERM", end)
process.on("SIGINT", end)

running.addObserver((exit) => {
  if (ending) return
  console.error(exit)
  process.exit(1)
})

/** Ports of the loopback interface on which nobody listens. */
import * as Effect from "effect/Effect"
import * as Net from "node:net"

/** A port that the system gave a moment ago and gave back. */
export const reserve: Effect.Effect<number> = Effect.callback<number>((resume) => {
  const server = Net.createServer()
  server.on("error", (error) => resume(Effect.die(error)))
  server.listen({ host: "127.0.0.1", port: 0 }, () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

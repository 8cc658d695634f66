/** Ports of the loopback interface on which nobody listens. */
import * as Effect from "effect/Effect"
import * as Net from "node:net"

// Below those that systems give to connections that leave: nobody takes one of these while it is free. Processes of tests
// that run at the same time have ranges of their own.
const range = 1_000
const ranges = 12
const lowest = 20_000 + range * (Number(process.env["VITEST_POOL_ID"] ?? 0) % ranges)

// A port on which nobody listens yet is free for all who ask: in one process it is given once.
const given = new Set<number>()

/** A port that was free a moment ago. */
export const reserve: Effect.Effect<number> = Effect.callback<number>((resume) => {
  const attempt = (left: number): void => {
    const port = lowest + Math.floor(Math.random() * range)
    if (given.has(port)) return attempt(left)
    given.add(port)
    const server = Net.createServer()
    server.on("error", (error) => left === 0 ? resume(Effect.die(error)) : attempt(left - 1))
    server.listen({ host: "127.0.0.1", port }, () => {
      server.close(() => resume(Effect.succeed(port)))
    })
  }
  attempt(100)
})

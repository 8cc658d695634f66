/** A Redis server of a test's own, on a unix socket in a folder of its own. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

const program = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].find((path) => Fs.existsSync(path))

/** Why nothing can be tested here, or `undefined`. */
export const missing: string | undefined = program === undefined
  ? "redis-server is not installed on this machine"
  : undefined

export interface RedisServer {
  readonly url: string
  /** Ends it as a crash would, and waits for its end. */
  readonly kill: Effect.Effect<void>
  /** Starts it on the same folder, and waits until it answers. */
  readonly start: Effect.Effect<void>
}

/** Makes a folder and a server in it that writes every command to disk before it answers. */
export const make: Effect.Effect<RedisServer, never, Scope.Scope> = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "redis-"))),
    (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
  )
  let child: ChildProcess.ChildProcess | undefined
  const arguments_ = [
    "--port",
    "0",
    "--unixsocket",
    "s",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--save",
    ""
  ]
  const start = Effect.callback<void>((resume) => {
    const started = ChildProcess.spawn(program!, [...arguments_, "--dir", folder], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"]
    })
    child = started
    let printed = ""
    started.on("error", (error) => resume(Effect.die(error)))
    started.on("exit", () => resume(Effect.die(new Error(`redis-server ended: ${printed}`))))
    started.stdout.on("data", (part: Buffer) => {
      printed += part.toString()
      if (printed.includes("The server is now ready")) resume(Effect.void)
    })
  })
  const kill = Effect.callback<void>((resume) => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null) return resume(Effect.void)
    ending.once("exit", () => resume(Effect.void))
    ending.kill("SIGKILL")
  })
  yield* Effect.acquireRelease(start, () => kill)
  return { url: `unix://${folder}/s`, start, kill }
})

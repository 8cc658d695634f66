/**
 * The thread of the files: it serves any number of journals of its process, one request at a time.
 *
 * It is started by `SqliteThread`, and loads as little as it can.
 */
import { parentPort } from "node:worker_threads"
import { FileKeeper } from "./FileKeeper.ts"
import type { Opening, Request, Rows } from "./WorkerProtocol.ts"

const serve = (opening: Opening): void => {
  const { answers, port } = opening
  const keeper = new FileKeeper(opening)
  port.on("message", (request: Request | Rows) => {
    if (request.name === "rows") return keeper.add(request.rows)
    port.postMessage(keeper.handle(request))
    Atomics.add(answers, 0, 1)
    Atomics.notify(answers, 0)
  })
  port.on("close", keeper.close)
}

parentPort?.on("message", (message: Opening | "end") => {
  if (message !== "end") return serve(message)
  // Deno's has no `close`.
  if (typeof parentPort?.close === "function") parentPort.close()
  else process.exit()
})

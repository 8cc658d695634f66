/**
 * The one thread of a process in which SQLite runs, for all its journals.
 *
 * **Details**
 *
 * It is started with the first journal, and ends when there has been none for a second. It never keeps a program alive. It
 * takes over neither the program's flags nor its environment: what a program preloads has no business there.
 */
import { Worker } from "node:worker_threads"
import type { Opening } from "./WorkerProtocol.ts"

interface Thread {
  readonly worker: Worker
  readonly users: Set<() => void>
  idle: NodeJS.Timeout | undefined
}

let thread: Thread | undefined

const idleMillis = 1_000

// Beside this file, whether that is a source or was built.
const script = (): URL => new URL(`./SqliteWorker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)

const start = (): Thread => {
  const worker = new Worker(script(), {
    name: "effect-llmobs-outbox",
    // `node:sqlite` and types in sources are experimental in the releases of Node that we run on, and a user cannot act on that.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: {}
  })
  const started: Thread = { worker, users: new Set(), idle: undefined }
  worker.unref()
  worker.on("error", () => {})
  worker.on("exit", () => {
    if (thread === started) thread = undefined
    for (const onEnded of started.users) onEnded()
  })
  return started
}

/**
 * Brings a journal to the thread, which is started if need be, and gives what takes it away again. `onEnded` is called when
 * the thread ends before that. Throws where no thread can be made.
 */
export const join = (opening: Opening, onEnded: () => void): () => void => {
  const joined = thread ??= start()
  clearTimeout(joined.idle)
  joined.users.add(onEnded)
  joined.worker.postMessage(opening, [opening.port])
  return () => {
    joined.users.delete(onEnded)
    if (joined.users.size > 0) return
    joined.idle = setTimeout(() => {
      if (joined.users.size > 0) return
      if (thread === joined) thread = undefined
      joined.worker.postMessage("end")
    }, idleMillis).unref()
  }
}

/** Ends the thread, as an error in it would. */
export const end = async (): Promise<void> => {
  await thread?.worker.terminate()
}

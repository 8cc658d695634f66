/**
 * The one thread of a process in which SQLite runs, for all its journals.
 *
 * **Details**
 *
 * It is started with the first journal, and ends when there has been none for a second. It never keeps a program alive. It
 * takes over neither the program's flags nor its environment: what a program preloads has no business there.
 */
import type { Worker } from "node:worker_threads"
import type { Opening } from "./WorkerProtocol.ts"

interface Thread {
  readonly worker: Worker
  readonly users: Set<() => void>
  idle: NodeJS.Timeout | undefined
}

let thread: Thread | undefined

const idleMillis = 1_000

/**
 * The file of the thread, beside this one, whether that is a source or was built. `undefined` in a bundle of the program,
 * which holds this file and not that one.
 */
export const script = (): URL | undefined => {
  // A bundle in the form of CommonJS has no address.
  const here: string | undefined = import.meta.url
  if (!URL.canParse("./SqliteWorker.js", here)) return undefined
  const found = new URL(`./SqliteWorker.${here.endsWith(".ts") ? "ts" : "js"}`, here)
  return process.getBuiltinModule("node:fs").existsSync(found) ? found : undefined
}

const start = (): Thread => {
  const file = script()
  if (file === undefined) throw new Error("the file of the thread is missing")
  // Not imported, so that a bundle loads in a runtime without threads.
  const { Worker } = process.getBuiltinModule("node:worker_threads")
  const worker = new Worker(file, {
    name: "effect-llmobs-outbox",
    // `node:sqlite` and types in sources are experimental in the releases of Node that we run on, and a user cannot act on that. Deno
    // warns of neither, and refuses the flag.
    execArgv: process.versions["deno"] === undefined ? ["--disable-warning=ExperimentalWarning"] : [],
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

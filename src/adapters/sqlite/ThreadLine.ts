/**
 * The line of one journal to the thread of the files, and its rests after failures.
 */
import type { MessagePort } from "node:worker_threads"
import type { Warning } from "./JournalWarnings.ts"
import * as SqliteThread from "./SqliteThread.ts"
import type { Answer, Answers, NewRow, News, Opening, Outcome, Requests, Rows, Trouble } from "./WorkerProtocol.ts"

// Not imported, so that a bundle loads in a runtime that has no such module.
const { MessageChannel, receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads")

/** The longest wait for an answer at the end of a process, and for one that was asked for. The first may take longer. */
export const endMillis = 2_000

// A wait is made of so many short ones. If the machine stands still, so does the thread, and only one of them is over.
const parts = 10

// At the end of a process, for a thread that has never answered: it loads its modules, which a busy machine makes long.
const partsOfStart = 50

/** The rest after a failure. */
export const retryMillis = 1_000

// After threads that could not be started, the rest doubles so often.
const longestThreadRest = 6

/** Times are monotonic, in milliseconds. */
export interface ThreadLine {
  /** Whether requests can be sent now; a new thread is started if need be. Not while it rests. */
  readonly isOpen: () => boolean
  /** Sends rows for the next `write`. Throws, and sends none, where one of them cannot be sent to another thread. */
  readonly add: (rows: ReadonlyArray<NewRow>) => void
  /** Sends a request, and calls `then` with its outcome later, never at once. It does not keep the program alive. */
  readonly ask: <K extends keyof Requests>(
    name: K,
    request: Requests[K],
    then: (outcome: Outcome<Answers[K]>) => void
  ) => void
  /** Holds the program up until `done`, or nothing is under way, as long as answers come: at most `millis` for each. */
  readonly wait: (millis: number, done: () => boolean) => void
  /** How many answers have come. */
  readonly heard: () => number
  /** Begins the rest that a failure asks for, and says it once. */
  readonly fail: (trouble: Trouble, detail?: string) => void
  /** Until when nothing is written at all. */
  readonly restsUntil: () => number
  /** Until when no event is written, since there was no room. */
  readonly fullUntil: () => number
  /** Ends the rests after failures of files: there is no later. */
  readonly forgive: () => void
  readonly close: () => void
}

interface Connection {
  readonly port: MessagePort
  readonly asked: Array<(outcome: Outcome<never>) => void>
  readonly answers: Int32Array
  readonly end: () => void
  heard: boolean
  open: boolean
}

const partsOf = (millis: number, { heard }: Connection): number => millis === endMillis && !heard ? partsOfStart : parts

export const make = (options: {
  readonly opening: () => Omit<Opening, "port" | "answers">
  /** Reports changes of files, before the outcome of the request that found them. */
  readonly onNews: (news: ReadonlyArray<News>) => void
  readonly onWarning: (warning: Warning, detail?: string) => void
  /** Called after a failure, when its rest has begun. */
  readonly onRest: () => void
}): ThreadLine => {
  const missing = !process.getBuiltinModule("node:module").isBuiltin("node:sqlite")
    ? "unavailable"
    : SqliteThread.script() === undefined
    ? "bundled"
    : undefined
  let connection: Connection | undefined
  let fileRestsUntil = 0
  let threadRestsUntil = missing === undefined ? 0 : Infinity
  let fullUntil = 0
  // Threads in a row that ended before they had answered anything.
  let stillborn = 0
  let heard = 0
  let closed = false
  if (missing !== undefined) options.onWarning(missing)

  const restsUntil = () => Math.max(fileRestsUntil, threadRestsUntil)

  // A thread that cannot even begin, as where its file was not packed, is not worth a start every second.
  const onEnded = (began: boolean): void => {
    if (closed) return
    stillborn = began ? 0 : stillborn + 1
    threadRestsUntil = performance.now() + retryMillis * 2 ** Math.min(stillborn, longestThreadRest)
    options.onWarning("ended")
    options.onRest()
  }

  const hear = (from: Connection, { news, outcome }: Answer): void => {
    heard++
    from.heard = true
    if (news.length > 0) options.onNews(news)
    from.asked.shift()?.(outcome as Outcome<never>)
  }

  const connect = (): Connection => {
    const { port1: port, port2 } = new MessageChannel()
    const answers = new Int32Array(new SharedArrayBuffer(4))
    // Nothing may be received from a port whose other end is gone: Node crashes. Requests that were answered unheard are
    // made again.
    const end = (): void => {
      if (!made.open) return
      made.open = false
      leave()
      port.close()
      onEnded(made.heard)
      for (const settle of made.asked.splice(0)) settle({ trouble: "ended" })
    }
    const made: Connection = { port, asked: [], answers, end, heard: false, open: true }
    const leave = SqliteThread.join({ ...options.opening(), port: port2, answers }, end)
    port.on("message", (answer) => hear(made, answer))
    port.on("close", end)
    port.unref()
    return made
  }

  const isOpen = (): boolean => {
    if (closed || performance.now() < restsUntil()) return false
    if (connection?.open === true) return true
    try {
      connection = connect()
      return true
    } catch {
      connection = undefined
      onEnded(false)
      return false
    }
  }

  return {
    isOpen,
    add: (rows) => connection?.port.postMessage({ name: "rows", rows } satisfies Rows),
    ask: (name, request, then) => {
      if (connection?.open !== true) return queueMicrotask(() => then({ trouble: "ended" }))
      connection.port.postMessage({ name, request })
      connection.asked.push(then as (outcome: Outcome<never>) => void)
    },
    wait: (millis, done) => {
      const line = connection
      let vain = 0
      while (line?.open === true) {
        const before = Atomics.load(line.answers, 0)
        for (let got = receiveMessageOnPort(line.port); got !== undefined; got = receiveMessageOnPort(line.port)) {
          hear(line, got.message)
          if (!line.open) return
        }
        if (done() || line.asked.length === 0) return
        if (Atomics.wait(line.answers, 0, before, millis / parts) !== "timed-out") vain = 0
        else if (millis === 0 || ++vain >= partsOf(millis, line)) return
      }
    },
    heard: () => heard,
    fail: (trouble, detail) => {
      // The poster tries again by itself, in another file.
      if (closed || trouble === "ended" || trouble === "busy" || trouble === "damaged") return
      const until = performance.now() + retryMillis
      // On a full disk deletions can still be written, and events be read.
      if (trouble === "full") fullUntil = until
      else fileRestsUntil = until
      options.onWarning(trouble, detail)
      options.onRest()
    },
    restsUntil,
    fullUntil: () => fullUntil,
    forgive: () => {
      fileRestsUntil = 0
      fullUntil = 0
    },
    close: () => {
      closed = true
      connection?.end()
    }
  }
}

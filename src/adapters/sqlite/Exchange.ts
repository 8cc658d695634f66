/**
 * The line of one journal to the thread of the files.
 *
 * @since 0.1.0
 */
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads"
import * as SqliteThread from "./SqliteThread.ts"
import type { Answer, Answers, NewRow, Opening, Outcome, Requests, Rows } from "./WorkerProtocol.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Exchange {
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
  readonly isOpen: () => boolean
  readonly close: () => void
}

/**
 * Opens a line. Throws where no thread can be made.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = (options: {
  readonly opening: Omit<Opening, "port" | "answers">
  /** The file that requests mean now. */
  readonly epoch: () => number
  /** Another file is the current one: called before the outcome of the request that found it out. */
  readonly onAnew: (epoch: number) => void
  /** The thread has ended: called before the requests under way are told. */
  readonly onEnded: () => void
}): Exchange => {
  const { port1: port, port2 } = new MessageChannel()
  const answers = new Int32Array(new SharedArrayBuffer(4))
  const asked: Array<(outcome: Outcome<never>) => void> = []
  let isOpen = true
  let heard = 0

  const hear = ({ epoch, outcome }: Answer): void => {
    heard++
    if (epoch > options.epoch()) options.onAnew(epoch)
    asked.shift()?.(outcome as Outcome<never>)
  }

  // Nothing may be received from a port whose other end is gone: Node crashes. What was answered unheard is asked again.
  const end = (tell: () => void): void => {
    if (!isOpen) return
    isOpen = false
    leave()
    port.close()
    tell()
    for (const settle of asked.splice(0)) settle({ trouble: "ended" })
  }

  const onEnded = (): void => end(options.onEnded)

  const hearAll = (): void => {
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) hear(got.message)
  }

  const leave = SqliteThread.join({ ...options.opening, port: port2, answers }, onEnded)
  port.on("message", hear)
  port.on("close", onEnded)
  port.unref()

  return {
    add: (rows) => port.postMessage({ name: "rows", rows } satisfies Rows),
    ask: (name, request, then) => {
      if (!isOpen) return queueMicrotask(() => then({ trouble: "ended" }))
      port.postMessage({ name, epoch: options.epoch(), request })
      asked.push(then as (outcome: Outcome<never>) => void)
    },
    wait: (millis, done) => {
      while (isOpen) {
        const before = Atomics.load(answers, 0)
        hearAll()
        if (done() || asked.length === 0 || Atomics.wait(answers, 0, before, millis) === "timed-out") return
      }
    },
    heard: () => heard,
    isOpen: () => isOpen,
    close: () => end(() => {})
  }
}

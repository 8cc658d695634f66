/**
 * The way to the file of a journal: a line to the thread that has it, and the rests after failures.
 *
 * @since 0.1.0
 */
import { isBuiltin } from "node:module"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import * as Exchange from "./Exchange.ts"
import { limits, sentences } from "./JournalLimits.ts"
import type { Opening, Trouble } from "./WorkerProtocol.ts"

/**
 * Times are monotonic, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileLine {
  /** The line, a new one if need be; `undefined` while it rests, and where there can be none. */
  readonly get: () => Exchange.Exchange | undefined
  /** The line as it is. */
  readonly current: () => Exchange.Exchange | undefined
  /** Begins the rest that a failure of the file asks for, and says it once. */
  readonly fail: (trouble: Trouble) => void
  /** Until when nothing is written at all. */
  readonly restsUntil: () => number
  /** Until when no event is written, since the file was full. */
  readonly fullUntil: () => number
  /** Until when another process is given time. */
  readonly busyUntil: () => number
  /** Ends the rests after failures of the file: there is no later. */
  readonly forgive: () => void
  readonly close: () => void
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly opening: () => Omit<Opening, "port" | "answers">
  readonly diagnostics: DiagnosticsService
  readonly epoch: () => number
  readonly onAnew: (epoch: number) => void
  /** Called after a failure, when its rest has begun. */
  readonly onRest: () => void
}): FileLine => {
  const available = isBuiltin("node:sqlite")
  let exchange: Exchange.Exchange | undefined
  let fileRestsUntil = 0
  let threadRestsUntil = available ? 0 : Infinity
  // Threads in a row that ended before they had answered anything.
  let stillborn = 0
  let busyUntil = 0
  let fullUntil = 0
  let closed = false
  if (!available) options.diagnostics.warnOnce("outbox.unavailable", sentences.unavailable)

  const restsUntil = () => Math.max(fileRestsUntil, threadRestsUntil)

  // A thread that cannot even begin, as where its file was not packed, is not worth a start every second.
  const onEnded = (): void => {
    if (closed) return
    stillborn = exchange === undefined || exchange.heard() === 0 ? stillborn + 1 : 0
    threadRestsUntil = performance.now() + limits.retryMillis * 2 ** Math.min(stillborn, limits.longestThreadRest)
    options.diagnostics.warnOnce("outbox.ended", sentences.ended)
    options.onRest()
  }

  const fail = (trouble: Trouble): void => {
    if (closed || trouble === "stale" || trouble === "ended") return
    const now = performance.now()
    if (trouble === "busy") busyUntil = now + limits.busyMillis
    // What makes room can still be written, and what is there be read.
    else if (trouble === "full") fullUntil = now + limits.retryMillis
    else if (trouble === "unusable") fileRestsUntil = now + limits.retryMillis
    if (trouble !== "busy") options.diagnostics.warnOnce(`outbox.${trouble}`, sentences[trouble])
    options.onRest()
  }

  return {
    get: () => {
      if (closed || performance.now() < restsUntil()) return undefined
      if (exchange?.isOpen() === true) return exchange
      try {
        exchange = Exchange.open({
          opening: options.opening(),
          epoch: options.epoch,
          onAnew: options.onAnew,
          onEnded
        })
        return exchange
      } catch {
        exchange = undefined
        onEnded()
        return undefined
      }
    },
    current: () => exchange,
    fail,
    restsUntil,
    fullUntil: () => fullUntil,
    busyUntil: () => busyUntil,
    forgive: () => {
      fileRestsUntil = 0
      fullUntil = 0
    },
    close: () => {
      closed = true
      exchange?.close()
    }
  }
}

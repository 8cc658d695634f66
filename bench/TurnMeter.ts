/**
 * Finds the turns of the event loop that take the thread the longest.
 *
 * It looks once a turn at the times that the thread ran and had to wait for a processor, so that a machine that is busy
 * with other things changes little, and subtracts the garbage collections that fell into the turn.
 */
import * as Fs from "node:fs"
import { PerformanceObserver } from "node:perf_hooks"

interface Turn {
  readonly start: number
  readonly end: number
  readonly ranMillis: number
  readonly waitedMillis: number
}

/** Milliseconds of the turns in which something happened. */
export interface Turns {
  readonly p99: number
  readonly longest: number
}

export interface TurnMeter {
  readonly stop: () => Promise<Turns>
}

// In shorter turns nothing happened.
const leastMillis = 0.5

// The time that a thread ran is counted in ticks, and that of its waiting exactly.
const tickMillis = 4

/** Tells how long the thread has run, and how long it has waited for a processor. */
const watch = (): () => readonly [ranMillis: number, waitedMillis: number] => {
  try {
    const file = Fs.openSync("/proc/thread-self/schedstat", "r")
    const buffer = Buffer.alloc(128)
    return () => {
      const [ran, waited] = buffer.toString("latin1", 0, Fs.readSync(file, buffer, 0, 128, 0)).split(" ")
      return [Number(ran) / 1e6, Number(waited) / 1e6]
    }
  } catch {
    return () => {
      const { system, user } = process.threadCpuUsage()
      return [(system + user) / 1_000, 0]
    }
  }
}

export const start = (): TurnMeter => {
  const turns: Array<Turn> = []
  const collections: Array<{ readonly start: number; readonly end: number }> = []
  const observer = new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) {
      collections.push({ start: startTime, end: startTime + duration })
    }
  })
  observer.observe({ entryTypes: ["gc"] })
  const times = watch()
  let running = true
  let start = performance.now()
  let [ran, waited] = times()
  const look = (): void => {
    const end = performance.now()
    const [nowRan, nowWaited] = times()
    if (end - start > leastMillis) {
      turns.push({ start, end, ranMillis: nowRan - ran, waitedMillis: nowWaited - waited })
    }
    start = end
    ran = nowRan
    waited = nowWaited
    if (running) setImmediate(look)
  }
  setImmediate(look)

  const collecting = (turn: Turn): number =>
    collections
      .filter(({ end, start }) => end > turn.start && start < turn.end)
      .reduce((sum, { end, start }) => sum + Math.min(end, turn.end) - Math.max(start, turn.start), 0)

  return {
    stop: async () => {
      running = false
      // The observer is told of collections in a later turn.
      await new Promise((resolve) => setTimeout(resolve, 50))
      observer.disconnect()
      const millis = turns
        .map((turn) =>
          Math.min(turn.end - turn.start - turn.waitedMillis, turn.ranMillis + tickMillis) - collecting(turn)
        )
        .filter((millis) => millis > leastMillis)
        .sort((a, b) => a - b)
      return { p99: millis[Math.floor(millis.length * 0.99)] ?? 0, longest: millis.at(-1) ?? 0 }
    }
  }
}

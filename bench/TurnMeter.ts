/**
 * Finds the turn of the event loop that takes the thread the longest.
 *
 * It looks at the processor time of the thread once a turn, so that a machine that is busy with other things changes
 * little, and subtracts the garbage collections that fell into the turn. Many systems count processor time in ticks of
 * some milliseconds, so a turn counts for no longer than it lasted by the clock.
 */
import { PerformanceObserver } from "node:perf_hooks"

interface Turn {
  readonly start: number
  readonly end: number
  readonly cpuMillis: number
}

export interface TurnMeter {
  /** Stops, and tells the longest turn in milliseconds. */
  readonly stop: () => Promise<number>
}

// Shorter turns are not kept.
const interestingMillis = 0.5

const threadMillis = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1_000
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
  let running = true
  let start = performance.now()
  let before = threadMillis()
  const look = (): void => {
    const end = performance.now()
    const after = threadMillis()
    if (after - before > interestingMillis) turns.push({ start, end, cpuMillis: after - before })
    start = end
    before = after
    if (running) setImmediate(look)
  }
  setImmediate(look)
  return {
    stop: async () => {
      running = false
      // The observer is told of collections in a later turn.
      await new Promise((resolve) => setTimeout(resolve, 50))
      observer.disconnect()
      let longest = 0
      for (const turn of turns) {
        let millis = Math.min(turn.cpuMillis, turn.end - turn.start)
        for (const { end, start } of collections) {
          if (end > turn.start && start < turn.end) millis -= Math.min(end, turn.end) - Math.max(start, turn.start)
        }
        longest = Math.max(longest, millis)
      }
      return longest
    }
  }
}

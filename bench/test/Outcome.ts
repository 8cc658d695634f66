/** Outcomes as a run would give them. */
import type { Outcome } from "../Run.ts"

export const outcome = (threadMicros: number, lost = 0): Outcome => ({
  spans: 120,
  measured: 100,
  threadMicros,
  processMicros: threadMicros,
  wallMillis: 1,
  peakRssMegabytes: threadMicros * 10,
  delayP99Millis: 1,
  delayMaxMillis: 1,
  turns: undefined,
  unique: 120 - lost,
  duplicates: 0,
  requests: 1,
  bytes: 100,
  lost
})

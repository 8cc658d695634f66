/** Profiles this process, and tells the share of each part of the program. */
import { Session } from "node:inspector/promises"
import * as Parts from "./Parts.ts"

export interface Profiler {
  readonly stop: () => Promise<{ readonly [part: string]: number }>
}

export const start = async (): Promise<Profiler> => {
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.setSamplingInterval", { interval: 200 })
  await session.post("Profiler.start")
  return {
    stop: async () => {
      const { profile } = await session.post("Profiler.stop")
      session.disconnect()
      return Parts.shares(profile)
    }
  }
}

/**
 * The newest undeliverable events, kept in memory within bounds for inspection.
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"

export interface SetAsideLog {
  readonly add: (entry: SetAside) => void
  /** The entries, oldest first. */
  readonly read: () => ReadonlyArray<SetAside>
}

/** The bounds: the number of events, and the UTF-16 units of their texts together. */
export const limits = { events: 1_000, characters: 4 * 1024 * 1024 } as const

export const make = (): SetAsideLog => {
  const entries: Array<SetAside> = []
  let characters = 0
  const size = (entry: SetAside): number => entry.event?.length ?? 0
  return {
    add: (entry) => {
      const kept = size(entry) > limits.characters ? { ...entry, event: undefined } : entry
      entries.push(kept)
      characters += size(kept)
      while (entries.length > limits.events || characters > limits.characters) characters -= size(entries.shift()!)
    },
    read: () => [...entries]
  }
}

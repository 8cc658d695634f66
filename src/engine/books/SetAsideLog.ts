/**
 * The events that nobody takes, held in memory so that they can be read: the newest, within bounds.
 *
 * @since 0.1.0
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface SetAsideLog {
  readonly add: (entry: SetAside) => void
  /** Oldest first. */
  readonly read: () => ReadonlyArray<SetAside>
}

/**
 * The bounds: how many, and how many UTF-16 units of their texts together.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = { events: 1_000, characters: 4 * 1024 * 1024 } as const

/**
 * @category constructors
 * @since 0.1.0
 */
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

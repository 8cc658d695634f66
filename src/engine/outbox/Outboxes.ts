/**
 * One outbox for each account, made at its first use.
 */
import type { OutboxesService, OutboxService } from "../../ports/Outbox.ts"

/**
 * `open` makes the outbox of an account. `size` counts the events of all accounts, including those without an outbox so
 * far.
 */
export const make = (
  options:
    & { readonly open: (account: string) => OutboxService }
    & Partial<
      Pick<OutboxesService, "size" | "kept" | "close">
    >
): OutboxesService => {
  const outboxes = new Map<string, OutboxService>()
  const { open, ...rest } = options
  return {
    of: (account) => {
      let found = outboxes.get(account)
      if (found === undefined) {
        found = open(account)
        outboxes.set(account, found)
      }
      return found
    },
    fullest: () => {
      let fullest: OutboxService | undefined
      for (const outbox of outboxes.values()) {
        if (fullest === undefined || outbox.waitingBytes() > fullest.waitingBytes()) fullest = outbox
      }
      return fullest
    },
    size: () => {
      let size = 0
      for (const outbox of outboxes.values()) size += outbox.size()
      return size
    },
    ...rest
  }
}

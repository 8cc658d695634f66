/**
 * Limits each account to a share of the byte budget, so that no account uses up the memory of all.
 */
import type { ByteBudget } from "./ByteBudget.ts"
import { Room } from "./ByteBudget.ts"

// The share of the budget for the events of one account. The layer's own account has no limit.
const share = 1 / 4

export const make = (budget: ByteBudget): ByteBudget => {
  const shares = new Map<string, Room>()
  const shareOf = (account: string): Room => shares.get(account) ?? new Room(budget.limit * share)

  const leave = (account: string, own: Room): void => {
    if (own.used === 0) shares.delete(account)
  }

  return {
    ...budget,
    bars: (record) => {
      const { account } = record.context
      return account !== undefined && !shareOf(account).has(budget.measure(record))
    },
    reserve: (record, spare = 0) => {
      const { account } = record.context
      if (account === undefined) return budget.reserve(record, spare)
      const own = shareOf(account)
      const bytes = budget.measure(record) + spare
      if (!own.has(bytes) || !budget.reserve(record, spare)) return false
      own.used += bytes
      shares.set(account, own)
      return true
    },
    adjust: (record) => {
      const difference = budget.adjust(record)
      const { account } = record.context
      const own = account === undefined ? undefined : shares.get(account)
      if (own !== undefined) own.used += difference
      return difference
    },
    release: (record) => {
      const bytes = budget.release(record)
      const { account } = record.context
      const own = account === undefined ? undefined : shares.get(account)
      if (own === undefined) return bytes
      own.used -= bytes
      leave(account!, own)
      return bytes
    },
    hold: (bytes, account) => {
      if (account === undefined) return budget.hold(bytes, account)
      const own = shareOf(account)
      if (!own.hold(bytes)) return false
      shares.set(account, own)
      if (budget.hold(bytes, account)) return true
      own.free(bytes)
      leave(account, own)
      return false
    },
    free: (bytes, account) => {
      budget.free(bytes, account)
      const own = account === undefined ? undefined : shares.get(account)
      if (own === undefined) return
      own.free(bytes)
      leave(account!, own)
    }
  }
}

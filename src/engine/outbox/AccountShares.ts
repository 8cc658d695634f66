/**
 * Limits each account to a share of the byte budget, so that no account uses up the memory of all.
 */
import * as ByteBudget from "./ByteBudget.ts"

// The share of the budget for the events of one account. The layer's own account has no limit.
const share = 1 / 4

export const make = (budget: ByteBudget.ByteBudget): ByteBudget.ByteBudget => {
  const shares = new Map<string, ByteBudget.ByteBudget>()
  const shareOf = (account: string): ByteBudget.ByteBudget =>
    shares.get(account) ?? ByteBudget.make({ limit: budget.limit * share, measure: budget.measure })
  return {
    ...budget,
    bars: (record) => {
      const { account } = record.context
      if (account === undefined) return false
      const own = shareOf(account)
      if (!own.reserve(record)) return true
      own.release(record)
      return false
    },
    reserve: (record) => {
      const { account } = record.context
      if (account === undefined) return budget.reserve(record)
      const own = shareOf(account)
      if (!own.reserve(record)) return false
      shares.set(account, own)
      if (budget.reserve(record)) return true
      own.release(record)
      return false
    },
    release: (record) => {
      budget.release(record)
      const { account } = record.context
      const own = account === undefined ? undefined : shares.get(account)
      own?.release(record)
      if (own?.used() === 0) shares.delete(account!)
    },
    hold: (bytes, account) => {
      if (account === undefined) return budget.hold(bytes, account)
      const own = shareOf(account)
      if (!own.hold(bytes, account)) return false
      shares.set(account, own)
      if (budget.hold(bytes, account)) return true
      own.free(bytes, account)
      return false
    },
    free: (bytes, account) => {
      budget.free(bytes, account)
      const own = account === undefined ? undefined : shares.get(account)
      own?.free(bytes, account)
      if (own?.used() === 0) shares.delete(account!)
    }
  }
}

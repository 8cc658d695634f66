/**
 * The findings of a row of the fault matrix, compared with its promise.
 */
import * as Ledgers from "../src/domain/delivery/Ledger.ts"

/**
 * The promise about a row's events. `once`: nothing arrives twice, and no outcome is counted as one that may have
 * duplicated something. `drops`: the reasons for which events may be dropped, and some must be; without it all arrive.
 */
export interface Promised {
  readonly once: boolean
  readonly drops?: ReadonlyArray<Ledgers.DropReason>
}

export const once: Promised = { once: true }
export const atLeastOnce: Promised = { once: false }
export const allBut = (...drops: ReadonlyArray<Ledgers.DropReason>): Promised => ({ once: true, drops })

export interface Result {
  readonly row: string
  readonly promised: string
  readonly offered: number
  /** Events that arrived, each counted once. */
  readonly delivered: number
  /** Arrivals of events that had arrived before. */
  readonly duplicates: number
  /** Outcomes that the books say can have duplicated an event. */
  readonly possible: number
  readonly dropped: string
  readonly pending: number
  readonly law: boolean
  readonly problem: string | undefined
}

/** The findings of a row: its ledgers in the order of its processes, after each had ended, and the ids that arrived. */
export interface Seen {
  readonly books: ReadonlyArray<Ledgers.Ledger>
  readonly ids: ReadonlyArray<string>
  /** The first books that did not balance, of all that somebody looked at. */
  readonly unbalanced?: Ledgers.Ledger | undefined
  /** The row's own complaint: its fault did not happen, or had a wrong effect. */
  readonly problem: string | undefined
}

const sum = (seen: Seen, of: (books: Ledgers.Ledger) => number): number =>
  seen.books.reduce((total, books) => total + of(books), 0)

export const describe = (promised: Promised): string =>
  `${promised.drops === undefined ? "all" : `all but ${promised.drops.join(", ")}`}, ${
    promised.once ? "once" : "at least once"
  }`

export const judge = (row: string, promised: Promised, seen: Seen): Result => {
  const unique = new Set(seen.ids).size
  const result: Result = {
    row,
    promised: describe(promised),
    // Events that a process took over from another were offered there.
    offered: sum(seen, (books) => books.enqueued - books.redelivered),
    delivered: unique,
    duplicates: seen.ids.length - unique,
    possible: sum(seen, (books) => books.possibleDuplicates + books.redelivered),
    dropped: Ledgers.dropReasons.map((reason) => [reason, sum(seen, (books) => books.dropped[reason])] as const)
      .filter(([, events]) => events > 0).map(([reason, events]) => `${reason} ${events}`).join(", "),
    pending: Ledgers.pending(seen.books.at(-1) ?? Ledgers.empty),
    law: seen.unbalanced === undefined && seen.books.every(Ledgers.balances),
    problem: undefined
  }
  return { ...result, problem: fault(promised, result, seen) }
}

const fault = (promised: Promised, result: Result, seen: Seen): string | undefined => {
  if (!result.law) return `the books did not balance: ${JSON.stringify(seen.unbalanced ?? seen.books)}`
  if (seen.problem !== undefined) return seen.problem
  if (result.offered === 0) return "the row offered nothing"
  const ambiguous = sum(seen, (books) => books.possibleDuplicates)
  if (promised.once && result.duplicates > 0) return `${result.duplicates} arrived again`
  if (promised.once && ambiguous > 0) return `${ambiguous} were counted as ambiguous and were not`
  if (result.duplicates > result.possible) {
    return `${result.duplicates} arrived again, and ${result.possible} were counted`
  }
  const claimed = sum(seen, Ledgers.delivered)
  if (claimed > result.delivered + result.duplicates) return `${claimed} are said to be delivered and are not`
  const dropped = sum(seen, Ledgers.dropped)
  const missing = result.offered - result.delivered
  const drops = promised.drops ?? []
  const other = Ledgers.dropReasons.find((reason) =>
    !drops.includes(reason) && seen.books.some((books) => books.dropped[reason] > 0)
  )
  if (other !== undefined) return `some were dropped (${other})`
  if (drops.length > 0 && dropped === 0) return "nothing was dropped: the row did not provoke it"
  if (result.pending > 0) return `${result.pending} are still pending`
  if (missing > dropped) return `${missing - dropped} are missing and not in the books`
  if (missing < dropped && promised.once) return `${dropped - missing} were counted as dropped and arrived`
  return undefined
}

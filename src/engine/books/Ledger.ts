/**
 * The running ledger: counters of events by where they are.
 */
import * as Ledger from "../../domain/delivery/Ledger.ts"

/** The counts of pending events, each read from its holder. */
export interface Places {
  readonly chunk: () => number
  readonly payload: () => number
  readonly outbox: () => number
}

/** The counters. A step that moves an event moves its count in the same synchronous step. */
export interface LedgerBook {
  enqueued: number
  deliveredAgent: number
  deliveredIntake: number
  transferred: number
  possibleDuplicates: number
  lastChance: number
  redelivered: number
  readonly dropped: { [K in Ledger.DropReason]: number }
  /** Names the holders of pending events. */
  readonly attach: (places: Partial<Places>) => void
  readonly drop: (reason: Ledger.DropReason, events?: number) => void
  readonly snapshot: () => Ledger.Ledger
}

const nowhere = () => 0

export const make = (onDrop?: (reason: Ledger.DropReason, events: number) => void): LedgerBook => {
  const places: { chunk: () => number; payload: () => number; outbox: () => number } = {
    chunk: nowhere,
    payload: nowhere,
    outbox: nowhere
  }
  const book: LedgerBook = {
    enqueued: 0,
    deliveredAgent: 0,
    deliveredIntake: 0,
    transferred: 0,
    possibleDuplicates: 0,
    lastChance: 0,
    redelivered: 0,
    dropped: { ...Ledger.empty.dropped },
    attach: (more) => {
      Object.assign(places, more)
    },
    drop: (reason, events = 1) => {
      if (events === 0) return
      book.dropped[reason] += events
      try {
        onDrop?.(reason, events)
      } catch {
        // The drop is counted; only the log line is missing.
      }
    },
    snapshot: () => ({
      enqueued: book.enqueued,
      pending: { chunk: places.chunk(), payload: places.payload(), outbox: places.outbox() },
      delivered: { agent: book.deliveredAgent, intake: book.deliveredIntake },
      transferred: book.transferred,
      dropped: { ...book.dropped },
      possibleDuplicates: book.possibleDuplicates,
      lastChance: book.lastChance,
      redelivered: book.redelivered
    })
  }
  return book
}

/**
 * The spans of one trace in this process, below one local root.
 *
 * **Details**
 *
 * A span is an LLM Observability span only by its attributes, and they can be set until it ends. Children end before
 * their parents. So finished spans are held until the local root ends, and the parents of all are known then.
 */
export class LocalTrace<Span extends { readonly length: number }> {
  /** The first span. */
  root: Span | undefined
  readonly open = new Set<Span>()
  /** The finished spans whose events are held, in the order of their ends. */
  held: Array<Span> = []
  heldLength = 0
  /** When the oldest span was held, and when the root ended, in milliseconds. */
  heldSince: number | undefined
  rootEndedAt: number | undefined

  hold(span: Span, now: number): void {
    this.heldSince ??= now
    this.heldLength += span.length
    this.held.push(span)
  }

  /** Takes the finished spans. */
  take(): Array<Span> {
    const { held } = this
    this.held = []
    this.heldLength = 0
    this.heldSince = undefined
    return held
  }
}

/**
 * The labels that the RUM browser SDK puts into baggage: its session, its user and their account.
 *
 * @since 0.1.0
 */

/**
 * The three keys of labels. No other key is read, so a name or an e-mail address in baggage never becomes a label.
 *
 * @category constants
 * @since 0.1.0
 */
export const keys = { sessionId: "session.id", userId: "user.id", accountId: "account.id" } as const

/**
 * The labels of a request from RUM. Each one is optional.
 *
 * @category models
 * @since 0.1.0
 */
export interface RumBaggage {
  readonly sessionId?: string | undefined
  readonly userId?: string | undefined
  readonly accountId?: string | undefined
}

/**
 * Reads the labels from the members that `Baggage.parseLenient` kept, each by itself. `undefined` if there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (baggage: ReadonlyMap<string, string>): RumBaggage | undefined => {
  const sessionId = baggage.get(keys.sessionId)
  const userId = baggage.get(keys.userId)
  const accountId = baggage.get(keys.accountId)
  return sessionId === undefined && userId === undefined && accountId === undefined
    ? undefined
    : { sessionId, userId, accountId }
}

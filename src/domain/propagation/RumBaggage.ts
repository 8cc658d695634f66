/**
 * The labels that the RUM browser SDK puts into baggage: its session, its user and their account.
 *
 * @since 0.1.0
 */

/**
 * The three keys, and no other: a name or an e-mail address in baggage is nobody's label.
 *
 * @category constants
 * @since 0.1.0
 */
export const keys = { sessionId: "session.id", userId: "user.id", accountId: "account.id" } as const

/**
 * @category models
 * @since 0.1.0
 */
export interface RumBaggage {
  readonly sessionId?: string | undefined
  readonly userId?: string | undefined
  readonly accountId?: string | undefined
}

/**
 * Reads the labels out of the members that `Baggage.parseLenient` kept; each key stands for itself. `undefined` when
 * there is none.
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

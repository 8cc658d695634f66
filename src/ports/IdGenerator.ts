/**
 * The port to randomness and to the process: fresh ids.
 *
 * @since 0.1.0
 */

/**
 * Makes ids. Synchronous, for the hot path.
 *
 * @category services
 * @since 0.1.0
 */
export interface IdGeneratorService {
  /** A span id: 16 hex characters, never all zero. */
  readonly spanId: () => string
  /** A trace id: 32 hex characters, the Unix seconds in the upper eight. */
  readonly traceId: (unixSeconds: number) => string
  /** A number in [0, 1), for back-off. */
  readonly random: () => number
}

/**
 * The Schema of a time in nanoseconds since 1970.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Getter from "effect/SchemaGetter"

/**
 * A present-day time in nanoseconds does not fit a JavaScript number, so it is a bigint. It is read from a bigint, or
 * from an integer that a JSON parser has already rounded, and written as a bigint. `Envelope` has the exact JSON text.
 * The maximum is 2^63 - 1, as in the trace payload.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Nanoseconds = Schema.Union([
  Schema.BigInt,
  Schema.Finite.check(Schema.makeFilter((n: number) => Number.isInteger(n)))
]).pipe(
  Schema.decodeTo(Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: 2n ** 63n - 1n })), {
    decode: Getter.transform(BigInt),
    encode: Getter.transform((n: bigint) => n)
  })
)

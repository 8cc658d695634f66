/**
 * The Schema of a time in nanoseconds since 1970.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Getter from "effect/SchemaGetter"

/**
 * A time of our century does not fit a JavaScript number, so it is a bigint. Read from a bigint, or from an integer that
 * somebody's JSON parser has already rounded; written as a bigint. `Envelope` has the exact JSON text. At most 2^63 - 1,
 * as in the trace payload.
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

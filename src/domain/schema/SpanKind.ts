/**
 * The Schema of the kinds of span.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SpanKinds from "../span/SpanKind.ts"

/**
 * The kind of a span.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanKind = Schema.Literals(SpanKinds.all)

/**
 * The Schema of JSON values.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type * as JsonSnapshot from "../json/JsonSnapshot.ts"

/**
 * Any JSON value; numbers are finite.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Json: Schema.Codec<JsonSnapshot.Json> = Schema.Json

/**
 * A JSON object.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JsonObject: Schema.Codec<JsonSnapshot.JsonObject> = Schema.Record(Schema.String, Json)

/**
 * An object of texts: tags, and the like.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Texts = Schema.Record(Schema.String, Schema.String)

/**
 * An object of finite numbers: metrics.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Numbers = Schema.Record(Schema.String, Schema.Finite)

/**
 * The Schema of the struct that rides an APM span.
 *
 * @since 0.1.0
 */
import * as Json from "./Json.ts"

/**
 * The struct as a JSON object.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MetaStruct = Json.JsonObject

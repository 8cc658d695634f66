/**
 * The body of an answer of the Agent.
 */

/** The body as a JSON value, unchecked. `undefined` if it is not JSON. */
export const fromText = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/**
 * The body of an answer of the Agent.
 */

/** The body as a JSON value; `undefined` when it is not JSON. What it holds is for its reader to check. */
export const fromText = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The body of a request to the LLM intake: a JSON array of envelopes. */

export function* decode(bytes: Buffer): Generator<string> {
  const envelopes = JSON.parse(bytes.toString()) as ReadonlyArray<
    { readonly spans: ReadonlyArray<{ readonly span_id: string }> }
  >
  for (const { spans } of envelopes) for (const span of spans) yield span.span_id
}

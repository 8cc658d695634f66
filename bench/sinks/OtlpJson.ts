/** A request of OTLP as JSON. */

interface Request {
  readonly resourceSpans: ReadonlyArray<
    { readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<{ readonly spanId: string }> }> }
  >
}

export function* decode(bytes: Buffer): Generator<string> {
  const { resourceSpans } = JSON.parse(bytes.toString()) as Request
  for (const { scopeSpans } of resourceSpans) {
    for (const { spans } of scopeSpans) for (const span of spans) yield span.spanId
  }
}

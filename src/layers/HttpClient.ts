/**
 * Effect's `HttpClient`: calls that continue the LLM trace in the called service.
 *
 * @since 0.1.0
 */
import type { HttpClient } from "effect/http/HttpClient"
import * as EffectHttpClient from "../adapters/effect-http/EffectHttpClient.ts"
import * as Hostname from "../adapters/node-process/Hostname.ts"
import * as OriginPolicy from "../domain/propagation/OriginPolicy.ts"

/**
 * A client whose calls continue the trace of the fiber that makes them.
 *
 * **Details**
 *
 * The trace and the LLM trace go to every service. Baggage, session, application and agent name go to `allowedOrigins`
 * only (`OriginPolicy.defaults`: this machine and its private network). Without a layer of LLM Observability no header
 * is written.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withPropagation = (
  options?: { readonly allowedOrigins?: ReadonlyArray<string> | undefined }
): <E, R>(client: HttpClient.With<E, R>) => HttpClient.With<E, R> => {
  const self = Hostname.read()
  return EffectHttpClient.withPropagation((url) => OriginPolicy.allows(url, options?.allowedOrigins, self))
}

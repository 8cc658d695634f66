/**
 * A sampler that records what its delegate drops, and the search for one that drops.
 *
 * **Details**
 *
 * A span that is recorded and not sampled reaches processors, and the exporters of every SDK leave it out. So LLM
 * Observability sees every span, and the volume of the exporters stays as the delegate decides.
 */
import * as OtelApi from "./OtelApi.ts"

/** The part of a sampler that is used. */
export interface Sampler {
  readonly shouldSample: (...args: ReadonlyArray<never>) => { readonly decision: number }
}

// The decisions of every SDK.
const drop = 0
const record = 1

/** Wraps a sampler. Its other members stay reachable. */
export const wrap = <S extends Sampler>(sampler: S): S =>
  Object.create(sampler, {
    shouldSample: {
      value: (...args: ReadonlyArray<never>) => {
        const result = sampler.shouldSample(...args)
        return result.decision === drop ? { ...result, decision: record } : result
      }
    },
    toString: { value: () => `AlwaysRecord{${sampler}}` }
  }) as S

/** The description of the registered provider's sampler, if it drops spans. `undefined` if it is not known. */
export const dropping = (): string | undefined => {
  const provider = OtelApi.tracerProvider() as {
    readonly _tracerOptions?: { readonly sampler?: unknown }
    readonly _config?: { readonly sampler?: unknown }
  } | undefined
  const sampler = provider?._tracerOptions?.sampler ?? provider?._config?.sampler
  if (sampler === undefined || sampler === null) return undefined
  const description = String(sampler)
  return /^AlwaysOnSampler$|AlwaysRecord/.test(description) ? undefined : description.slice(0, 120)
}

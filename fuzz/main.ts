/**
 * Reads hostile headers by the hundred thousand: no law may break, time may only grow with length, and nothing may stay
 * in memory. The first argument is the seed, the second the number of requests, of nine headers each. Exit code 1 when
 * something does not hold.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as HeaderLookup from "../src/domain/propagation/HeaderLookup.ts"
import * as RequestContext from "../src/engine/context/RequestContext.ts"
import { settings } from "./HeaderLaws.ts"
import * as HeaderLaws from "./HeaderLaws.ts"
import * as HostileHeaders from "./HostileHeaders.ts"
import * as Seeded from "./Seeded.ts"

const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 32))
const requests = Number(process.argv[3] ?? 20_000)

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
const heap = (): number => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const failures: Array<string> = []

const laws = (): void => {
  const random = Seeded.make(seed)
  let headers = 0
  let characters = 0
  for (let n = 0; n < requests; n++) {
    const request = HostileHeaders.make(random)
    headers += Object.keys(request).length
    for (const text of Object.values(request)) characters += text.length
    for (const using of settings) {
      try {
        HeaderLaws.hold(request, using)
      } catch (error) {
        failures.push(`request ${n}: ${String(error)}\n${JSON.stringify(request).slice(0, 2_000)}`)
        if (failures.length > 5) return
      }
    }
  }
  console.log(`${requests} requests, ${headers} headers, ${(characters / 1e6).toFixed(0)} million characters`)
}

const read = (text: string): void => {
  const lookup = HeaderLookup.fromRecord(Object.fromEntries(
    ["traceparent", "tracestate", "baggage", "x-datadog-tags", "x-datadog-trace-id", "b3", "x-datadog-origin"].map(
      (name) => [name, text]
    )
  ))
  for (const using of settings) RequestContext.fromHeaders(lookup, using, undefined)
}

// The best of several tries, so that what else the machine does counts as little as possible.
const cost = (text: string, tries: number): number => {
  let best = Infinity
  for (let n = 0; n < tries; n++) {
    const start = process.hrtime.bigint()
    read(text)
    best = Math.min(best, Number(process.hrtime.bigint() - start))
  }
  return best
}

const growth = (): void => {
  const short = HostileHeaders.longest / 4
  const factor = 32
  let worst = 0
  for (const [index, make] of HostileHeaders.pathological.entries()) {
    const before = cost(make(short), 20)
    const after = cost(make(short * factor), 5)
    // Quadratic work takes 1,024 times as long; times below a tenth of a millisecond show nothing.
    const ratio = after < 100_000 ? 0 : after / before
    worst = Math.max(worst, ratio)
    if (ratio > factor * 8) {
      failures.push(`shape ${index} takes ${ratio.toFixed(0)} times as long for ${factor} times the length`)
    }
  }
  console.log(`${factor} times the length takes at most ${worst.toFixed(1)} times as long`)
}

const memory = (): void => {
  const random = Seeded.make(seed)
  const read = () => {
    for (let n = 0; n < 2_000; n++) {
      RequestContext.fromHeaders(HeaderLookup.fromRecord(HostileHeaders.make(random)), settings[1]!, undefined)
    }
  }
  read()
  const before = heap()
  for (let n = 0; n < 5; n++) read()
  const kept = heap() - before
  if (kept > 2e6) failures.push(`${kept} bytes stayed in memory after 10,000 requests`)
  const results: Array<unknown> = []
  const held = heap()
  for (let n = 0; n < 200; n++) {
    const text = HostileHeaders.pathological[n % HostileHeaders.pathological.length]!(HostileHeaders.longest)
    results.push(RequestContext.fromHeaders(
      HeaderLookup.fromRecord({ baggage: text, tracestate: text, "x-datadog-tags": text }),
      settings[1]!,
      undefined
    ))
  }
  const each = (heap() - held) / results.length
  if (each > 128 * 1024) failures.push(`the context of one request takes ${each.toFixed(0)} bytes`)
  console.log(
    `after 10,000 requests ${(kept / 1024).toFixed(0)} KiB stayed; one context takes ${(each / 1024).toFixed(0)} KiB`
  )
}

console.log(`seed ${seed}`)
laws()
growth()
memory()
for (const failure of failures) console.error(failure)
process.exitCode = failures.length === 0 ? 0 : 1

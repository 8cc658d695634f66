/**
 * Headers that nobody sends in good faith: real ones that were mutilated, repeated and inflated, and noise.
 */
import type { Seeded } from "./Seeded.ts"

export type Headers = { readonly [name: string]: string | ReadonlyArray<string> }

/** The longest text of one header. */
export const longest = 16_384

const real: { readonly [name: string]: ReadonlyArray<string> } = {
  "traceparent": [
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-00000000000000001111111111111111-2222222222222222-00",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-future",
    "00-00000000000000000000000000000000-0000000000000000-00"
  ],
  "tracestate": [
    "dd=s:2;o:rum;p:b7ad6b7169203331;t.dm:-4;t.tid:0af7651916cd43dd",
    "dd=s:-1;t.llmobs_parent_id:7;t.llmobs_trace_id:8;t.llmobs_sid:a~b;t.llmobs_ml_app:shop,vendor=1;2",
    "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7,dd=s:1",
    Array.from({ length: 33 }, (_, n) => `v${n}=${n}`).join(",")
  ],
  "baggage": [
    "session.id=0b9a3bd0-6e5f-4c1b-9a7e-1f1f5d6a2c11,user.id=user%201%2C%C3%A9,account.id=acct-1",
    "a=1;p=2,b=%F0%9F%98%80,_ml_obs.experiment_id=e-1,llmobs.session_id=s",
    Array.from({ length: 70 }, (_, n) => `k${n}=${"v".repeat(n * 3)}`).join(",")
  ],
  "x-datadog-trace-id": ["1234567890123456789", "18446744073709551615", "0", "12"],
  "x-datadog-parent-id": ["987654321", "18446744073709551616", "-1"],
  "x-datadog-sampling-priority": ["2", "-1", "0", "9999999999999999999999", "1.5"],
  "x-datadog-origin": ["rum", "synthetics", "lambda"],
  "x-datadog-tags": [
    "_dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4,_dd.p.usr.id=YQ==",
    "_dd.p.llmobs_parent_id=7,_dd.p.llmobs_trace_id=8,_dd.p.llmobs_sid=s-1,_dd.p.llmobs_ml_app=shop,_dd.p.pagent_name=YQ",
    "_dd.propagation_error=x,notours=1"
  ],
  "b3": ["80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90", "0", "d"],
  "x-b3-traceid": ["80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1"],
  "x-b3-spanid": ["e457b5a2e4d86bd1"],
  "x-b3-sampled": ["1", "true", "d"],
  "sec-fetch-site": ["same-origin"],
  "sec-fetch-mode": ["cors"],
  "user-agent": ["node", "Mozilla/5.0"]
}

const names = Object.keys(real)

const noise = [
  ",",
  ";",
  "=",
  ":",
  "-",
  "~",
  "%",
  "%zz",
  "%e2%82",
  "%00",
  "%E2%80%AE",
  " ",
  "\t",
  "\r\n",
  "\u0000",
  "\u202e",
  "\ud800",
  "é",
  "😀",
  "dd=",
  "t.llmobs_parent_id:",
  "_dd.p.",
  "__proto__=1",
  "constructor=1",
  "session.id=",
  "_ml_obs.experiment_id=e",
  "00-",
  "0",
  "f",
  "\"",
  "\\"
]

/** Shapes on which a reader that goes back and forth takes a square of their length. */
export const pathological: ReadonlyArray<(length: number) => string> = [
  ...noise.map((piece) => (length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length)),
  (length) => "a=".repeat(length / 2),
  (length) => "a=b,".repeat(length / 4),
  (length) => ", \t".repeat(length / 3) + "a=b",
  (length) => "a=b;" + "p=1;".repeat(length / 4),
  (length) => "dd=" + "s:1;".repeat(length / 4),
  (length) => "dd=" + "t.a:~".repeat(length / 5),
  (length) => "_dd.p.a=b,".repeat(length / 10),
  (length) => `_dd.p.${"a".repeat(length)}=b`,
  (length) => `session.id=${"%20".repeat(length / 3)}`,
  (length) => `${" ".repeat(length)}a=b`,
  (length) => `a=${"b".repeat(length)} ;`,
  (length) => "00-" + "0".repeat(length),
  (length) => "\"".repeat(length) + "=",
  (length) => Array.from({ length: length / 8 }, (_, n) => `k${n % 1000}=v`).join(",")
]

const spoil = (random: Seeded, text: string): string => {
  let spoilt = text
  for (let n = random.below(4); n > 0; n--) {
    const at = random.below(spoilt.length + 1)
    switch (random.below(6)) {
      case 0:
        spoilt = spoilt.slice(0, at) + random.pick(noise) + spoilt.slice(at)
        break
      case 1:
        spoilt = spoilt.slice(0, at) + spoilt.slice(at + 1 + random.below(3))
        break
      case 2:
        spoilt = spoilt.slice(0, at) + String.fromCharCode(random.below(0x300)) + spoilt.slice(at + 1)
        break
      case 3:
        spoilt = (spoilt + random.pick([",", ";", "", "-"])).repeat(1 + random.below(20))
        break
      case 4:
        spoilt = spoilt.slice(0, at) + random.pick(real[random.pick(names)]!) + spoilt.slice(at)
        break
      default:
        spoilt = spoilt.toUpperCase()
    }
  }
  return spoilt.slice(0, longest)
}

const inflated = (random: Seeded): string => random.pick(pathological)(1 + random.below(longest)).slice(0, longest)

const value = (random: Seeded, name: string): string => {
  if (random.chance(0.02)) return inflated(random)
  if (random.chance(0.1)) {
    return Array.from({ length: random.below(200) }, () => random.pick(noise)).join("").slice(0, longest)
  }
  return spoil(random, random.pick(real[name]!))
}

/** The headers of one request. */
export const make = (random: Seeded): Headers => {
  const headers: Record<string, string | ReadonlyArray<string>> = {}
  for (const name of names) {
    if (!random.chance(0.6)) continue
    headers[name] = random.chance(0.05)
      ? Array.from({ length: random.below(5) }, () => value(random, name))
      : value(random, name)
  }
  return headers
}

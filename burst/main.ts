/**
 * `npm run -s burst`: 100,000 spans of 5 KB in 2 seconds, through the overflow to SQLite. With `-- --power` each commit is
 * brought to the disk; another number of spans can be given. `npm run -s burst -- --steady`: 5,000 of them a second for 10
 * seconds, on defaults.
 */
import * as Ledgers from "../src/domain/delivery/Ledger.ts"
import * as Burst from "./Burst.ts"

const durability = process.argv.includes("--power") ? "power" : "process"
const steady = process.argv.includes("--steady")
const spans = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? (steady ? 50_000 : 100_000))
const overMillis = steady ? spans / 5 : spans / 50
const report = await Burst.run({ spans, bytes: 5_000, overMillis, durability, steady })
const { ledger, loop, received } = report
const lost = spans - received.spans

const rows: ReadonlyArray<readonly [string, string]> = [
  ["spans offered", `${spans} of 5 KB in ${report.offeredMillis.toFixed(0)} ms (asked for: ${overMillis} ms)`],
  ["delivered", `${Ledgers.delivered(ledger)} after ${report.deliveredMillis.toFixed(0)} ms`],
  ["received", `${received.spans}, ${received.duplicates} of them twice`],
  ["dropped", String(Ledgers.dropped(ledger))],
  ["pending at most", String(report.mostPending)],
  ["processor time", `${report.offeringCpuMillis.toFixed(0)} ms while spans come`],
  ["longest span", `${report.longestSpan.toFixed(1)} ms of processor time`],
  [
    "event loop delay",
    `p99 ${report.loopWhileOffering.p99.toFixed(1)} ms while spans come, at most ${
      report.loopWhileOffering.max.toFixed(1)
    } ms`
  ],
  ["with delivery", `p99 ${loop.p99.toFixed(1)} ms, at most ${loop.max.toFixed(1)} ms`],
  ["heap at most", `${report.peakHeapMegabytes.toFixed(0)} MB`]
]
for (const [what, value] of rows) console.log(`${what.padEnd(18)} ${value}`)
console.log(`${lost} lost ${steady ? "on defaults" : `with durability "${durability}"`}`)
process.exitCode = lost === 0 && Ledgers.balances(ledger) ? 0 : 1

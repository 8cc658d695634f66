/**
 * Prints `matrix=JSON` for GitHub Actions: the versions of the peers to try. Skipped rows are printed on standard error.
 */
import { execFileSync } from "node:child_process"
import manifest from "../package.json" with { type: "json" }
import * as PeerMatrix from "./PeerMatrix.ts"

const newest = (name: string, range: string): string => {
  const versions = JSON.parse(
    execFileSync("npm", ["view", `${name}@${range}`, "version", "--json"], { encoding: "utf8", timeout: 60_000 })
  ) as string | ReadonlyArray<string>
  return typeof versions === "string" ? versions : versions.at(-1)!
}

const peer = (
  name: keyof typeof manifest.peerDependencies,
  together: ReadonlyArray<string> = []
): PeerMatrix.Peer => {
  const range = manifest.peerDependencies[name]
  return { name, range, newest: newest(name, range), together }
}

const { rows, skipped } = PeerMatrix.make([
  peer("effect", ["@effect/platform-node"]),
  peer("@opentelemetry/api")
])
for (const line of skipped) console.error(line)
console.log(`matrix=${JSON.stringify({ include: rows })}`)

/**
 * Which versions of the peers continuous integration tries: of each the lowest that the manifest allows, and the newest.
 */

/** The packages to install, and the peer under test. */
export interface Row {
  readonly name: string
  readonly install: string
}

export interface Matrix {
  readonly rows: ReadonlyArray<Row>
  /** Rows that would repeat another one, a sentence each. */
  readonly skipped: ReadonlyArray<string>
}

/** The lowest version of a range such as `^4.1.0` or `>=1.9.0 <2`. */
export const lowest = (range: string): string => {
  const version = /^(?:\^|~|>=)?\s*(\d+\.\d+\.\d+)(?:\s|$)/.exec(range)?.[1]
  if (version === undefined) throw new Error(`"${range}" does not begin with its lowest version.`)
  return version
}

/** A peer, with the packages that share its version. */
export interface Peer {
  readonly name: string
  readonly range: string
  readonly newest: string
  readonly together: ReadonlyArray<string>
}

/** The rows of some peers. A lowest version that is the newest too is tried once. */
export const make = (peers: ReadonlyArray<Peer>): Matrix => {
  const rows: Array<Row> = []
  const skipped: Array<string> = []
  for (const peer of peers) {
    const row = (which: string, version: string): Row => ({
      name: `${peer.name} ${version} (${which})`,
      install: [peer.name, ...peer.together].map((name) => `${name}@${version}`).join(" ")
    })
    const low = lowest(peer.range)
    if (low === peer.newest) skipped.push(`${peer.name} ${low} (lowest) is skipped: it is the newest too.`)
    else rows.push(row("lowest", low))
    rows.push(row("newest", peer.newest))
  }
  return { rows, skipped }
}

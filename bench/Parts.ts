/** The parts of a program that a profile tells apart, by the file of the function that runs. */

/** A node of a profile of V8, as far as it is read. */
export interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: ReadonlyArray<number> | undefined
}

export interface Profile {
  readonly nodes: ReadonlyArray<ProfileNode>
  readonly samples?: ReadonlyArray<number> | undefined
  readonly timeDeltas?: ReadonlyArray<number> | undefined
}

const idle = "idle"

// The first that matches.
const files: ReadonlyArray<readonly [part: string, file: RegExp]> = [
  ["identity, tags and record", /\/src\/domain\/(span|sampling|propagation)\//],
  ["reading content", /\/src\/domain\/(content|json|provider|observed)\//],
  ["redaction", /\/src\/domain\/redaction\//],
  ["rendering the event", /\/src\/domain\/(event|trace)\//],
  ["encoding", /\/src\/(adapters\/agent|domain\/msgpack)\/|\/src\/engine\/(outbox\/ContentPages|lane\/PayloadSlabs)/],
  ["recorder", /\/src\/engine\/(record|context)\//],
  ["chunks and rescue", /\/src\/(engine\/chunk|domain\/delivery)\//],
  ["budget, queues and books", /\/src\/engine\//],
  ["tracer", /\/src\/adapters\/effect-tracer\//],
  ["HTTP", /\/src\/adapters\/(node-transport|intake|apm-intake)\/|\/bench\/libraries\/Posts/],
  ["the rest of ours", /\/src\//],
  ["Effect", /\/node_modules\/effect\//],
  ["the program", /\/bench\//],
  ["HTTP", /^node:(_?http|net|stream|events|internal\/(http|net|stream|js_stream))/]
]

const partOf = ({ functionName, url }: ProfileNode["callFrame"]): string | undefined => {
  if (functionName === "(garbage collector)") return "garbage collection"
  if (functionName === "(idle)") return idle
  if (functionName === "(program)") return "native code outside any function"
  return files.find(([, file]) => file.test(url))?.[0]
}

/**
 * The share of each part in the time that the thread was not idle. A function without a file, such as `JSON.stringify`,
 * belongs to the part that called it; so do functions of Node that are not about requests, such as those of its buffers.
 */
export const shares = ({ nodes, samples = [], timeDeltas = [] }: Profile): { readonly [part: string]: number } => {
  const parts = new Map<number, string>()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const visit = (node: ProfileNode, around: string): void => {
    const part = partOf(node.callFrame) ?? around
    parts.set(node.id, part)
    for (const id of node.children ?? []) visit(byId.get(id)!, part)
  }
  if (nodes.length > 0) visit(nodes[0]!, "native code outside any function")
  const micros: { [part: string]: number } = {}
  let all = 0
  samples.forEach((id, index) => {
    const part = parts.get(id) ?? idle
    // A sample's time is that until the next one.
    const time = timeDeltas[index + 1] ?? 0
    if (part === idle) return
    micros[part] = (micros[part] ?? 0) + time
    all += time
  })
  return Object.fromEntries(Object.entries(micros).map(([part, time]) => [part, time / all]))
}

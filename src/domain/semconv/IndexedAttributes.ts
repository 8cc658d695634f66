/**
 * Lists that are spread over attributes: `prefix.0.role`, `prefix.0.content`, `prefix.1.role`, …
 *
 * **Details**
 *
 * Traceloop writes messages and tools this way, and OpenInference writes messages, documents and texts. The attributes
 * become objects again, and the objects are read like those of a provider.
 *
 * @since 0.2.0
 */
import * as AttributeReader from "./AttributeReader.ts"
import type { Attributes } from "./OtelSpan.ts"

// OpenInference repeats the name of each thing in the path to it.
const repeated = new Set(["message", "message_content", "tool_call", "tool", "document", "embedding", "reranker"])

interface Node {
  [key: string]: unknown
}

/**
 * The list below a prefix, in the order of its numbers. `undefined` if there is none.
 *
 * @category accessors
 * @since 0.2.0
 */
export const list = (attributes: Attributes, prefix: string): ReadonlyArray<Attributes> | undefined => {
  const items = new Map<number, Node>()
  const start = `${prefix}.`
  for (const key of Object.keys(attributes)) {
    if (!key.startsWith(start)) continue
    const [index, ...path] = key.slice(start.length).split(".")
    const names = path.filter((name, i) => !repeated.has(name) || i === path.length - 1)
    if (!isIndex(index!) || names.length === 0 || names.length > deepest) continue
    const at = Number(index)
    let item = items.get(at)
    if (item === undefined) items.set(at, item = emptyNode())
    put(item, names, AttributeReader.value(attributes, key))
  }
  return items.size === 0 ? undefined : inOrder(items).map(plain)
}

const deepest = 8

const isIndex = (name: string): boolean => /^\d{1,4}$/.test(name)

const emptyNode = (): Node => Object.create(null) as Node

const put = (into: Node, [name, ...rest]: ReadonlyArray<string>, value: unknown): void => {
  if (rest.length === 0) {
    into[name!] ??= value
    return
  }
  const inner = into[name!]
  if (inner === undefined) put(into[name!] = emptyNode() as never, rest, value)
  else if (AttributeReader.isObject(inner)) put(inner as Node, rest, value)
}

const inOrder = (items: ReadonlyMap<number, Node>): ReadonlyArray<Node> =>
  [...items].sort(([a], [b]) => a - b).map(([, item]) => item)

// An object whose names are numbers is a list.
const plain = (node: Node): Attributes => {
  const out: Array<[string, unknown]> = []
  for (const name of Object.keys(node)) {
    const value = node[name]
    out.push([name, AttributeReader.isObject(value) ? plainValue(value as Node) : value])
  }
  return Object.fromEntries(out)
}

const plainValue = (node: Node): unknown =>
  Object.keys(node).every(isIndex)
    ? inOrder(new Map(Object.entries(node).map(([index, item]) => [Number(index), item as Node])))
      .map((item) => AttributeReader.isObject(item) ? plain(item as Node) : item)
    : plain(node)

/**
 * The chat messages below a prefix, in the shape of OpenAI's.
 *
 * @category accessors
 * @since 0.2.0
 */
export const messages = (attributes: Attributes, prefix: string): ReadonlyArray<Attributes> | undefined =>
  list(attributes, prefix)?.map(({ contents, tool_calls, ...message }) => ({
    ...message,
    // `content` can be the JSON text of parts.
    ...message["content"] === undefined ? undefined : { content: contentOf(message["content"]) },
    ...Array.isArray(contents) && message["content"] === undefined ? { content: contents.map(partOf) } : undefined,
    ...Array.isArray(tool_calls) ? { tool_calls: tool_calls.filter(AttributeReader.isObject).map(callOf) } : undefined
  }))

const contentOf = (content: unknown): unknown => {
  const parts = AttributeReader.parsed(content)
  return Array.isArray(parts) && parts.length > 0 &&
      parts.every((part) => AttributeReader.isObject(part) && "type" in part)
    ? parts
    : content
}

const partOf = (part: unknown): unknown => {
  if (!AttributeReader.isObject(part)) return part
  const image = part["image"]
  const url = AttributeReader.isObject(image) ? AttributeReader.object(image, "image") ?? image : undefined
  return url === undefined ? part : { type: "image_url", image_url: url }
}

const callOf = (call: Attributes): Attributes => {
  const named = AttributeReader.object(call, "function") ?? call
  return {
    type: "function",
    id: call["id"],
    function: { name: named["name"], arguments: named["arguments"] }
  }
}

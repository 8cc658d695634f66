/**
 * Documents: what an embedding span reads and a retrieval span finds.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Document {
  readonly text: string
  readonly name?: string
  readonly id?: string
  readonly score?: number
}

/**
 * A document as users write it: a text alone, or an object.
 *
 * @category models
 * @since 0.1.0
 */
export type DocumentInput = string | {
  readonly text: string
  readonly name?: string | undefined
  readonly id?: string | undefined
  readonly score?: number | undefined
}

/**
 * One side of an embedding or retrieval span as users write it.
 *
 * @category models
 * @since 0.1.0
 */
export type DocumentsInput = DocumentInput | ReadonlyArray<DocumentInput>

// `{"text":}` around a text alone.
const addedBytes = 16

/**
 * Reads one side of an embedding or retrieval span. `path` names the side in problems, `code` says whose it is.
 *
 * **Details**
 *
 * One document that cannot be read fails the side. The value is then `undefined`, as it is for an empty list and for
 * `undefined` itself, which set nothing. Unknown keys are left out, as are a name and an id that are empty. A score of 0
 * is kept: it says something.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  input: unknown,
  path: string,
  code: "invalid_embedding_io" | "invalid_retrieval_io"
): Measured<ReadonlyArray<Document> | undefined> => {
  const snapshot = JsonSnapshot.take(input, JsonSnapshot.defaultLimits, path)
  const { problems, value } = snapshot
  if (value === undefined) return { value, bytes: 0, problems }
  const items: ReadonlyArray<Json> = Array.isArray(value) ? value : [value]
  const documents: Array<Document> = []
  for (let i = 0; i < items.length; i++) {
    const document = documentOf(items[i]!)
    if (typeof document === "string") {
      const at = items === value ? `${path}[${i}]` : path
      return { value: undefined, bytes: 0, problems: [...problems, Problem.make(code, document, at)] }
    }
    documents.push(document)
  }
  return documents.length === 0
    ? { value: undefined, bytes: 0, problems }
    : { value: documents, bytes: snapshot.bytes + documents.length * addedBytes, problems }
}

const documentOf = (json: Json): Document | string => {
  if (typeof json === "string") return { text: json }
  if (!JsonSnapshot.isObject(json)) return "A document must be a text or an object."
  const { id, name, score, text } = json as { readonly [K in keyof Document]: Json | undefined }
  if (typeof text !== "string") return "A document must have a text."
  if (name && typeof name !== "string") return "The name of a document must be a text."
  if (id && typeof id !== "string") return "The id of a document must be a text."
  if (score && typeof score !== "number") return "The score of a document must be a finite number."
  return {
    text,
    ...(name ? { name: name as string } : undefined),
    ...(id ? { id: id as string } : undefined),
    ...(typeof score === "number" ? { score } : undefined)
  }
}

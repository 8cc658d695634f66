/**
 * Documents: the input of an embedding span and the output of a retrieval span.
 *
 * @since 0.1.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * A document with the names it has in the event.
 *
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
 * Reads one side of an embedding or retrieval span. `path` names the side in problems, `code` is the code of its
 * problems.
 *
 * **Details**
 *
 * The parser also reads the documents of LangChain (`pageContent`) and of `gen_ai` (`content`), pairs of a document and
 * its score, and the request of an embedding model. An unreadable field is left out, with a problem. A document without
 * a text becomes JSON text. The value is `undefined` for an empty list and for `undefined` itself, which set nothing.
 * Unknown keys and an empty name or id are left out. A score of 0 is kept.
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
  if (snapshot.value === undefined) return { value: undefined, bytes: 0, problems: snapshot.problems }
  const problems = [...snapshot.problems]
  const report = (code: Problem.ProblemCode, message: string, at: string): void => {
    if (problems.length < mostProblems) problems.push(Problem.make(code, message, at))
  }
  const value = requested(snapshot.value)
  const items: ReadonlyArray<Json> = JsonSnapshot.isArray(value) ? value : [value]
  const documents: Array<Document> = []
  for (let i = 0; i < items.length; i++) {
    const at = items === value ? `${path}[${i}]` : path
    const document = documentOf(items[i]!, (wrong) => report(code, `${wrong} It is left out.`, at))
    if (document !== undefined) documents.push(document)
    else if (items[i] === null) {
      report(
        code,
        "A document must be a text or an object such as { text, name, id, score }, but is null. It is left out.",
        at
      )
    } else {
      report(
        "unknown_shape",
        "The value has no known shape and is recorded as JSON text. Give a text, or documents such as { text, name, id, score }.",
        at
      )
      documents.push({ text: JSON.stringify(items[i]) })
    }
  }
  return documents.length === 0
    ? { value: undefined, bytes: 0, problems }
    : { value: documents, bytes: snapshot.bytes * 2 + documents.length * addedBytes, problems }
}

// Ten problems are enough to find the mistake.
const mostProblems = 10

// The texts of a request to an embedding model.
const requested = (json: Json): Json => {
  const texts = JsonFields.text(json, "text", "content", "pageContent") === undefined
    ? JsonFields.first(json, "input", "values")
    : undefined
  return JsonSnapshot.isArray(texts) || typeof texts === "string" ? texts : json
}

const documentOf = (json: Json, wrong: (message: string) => void): Document | undefined => {
  if (typeof json === "string") return { text: json }
  if (JsonSnapshot.isArray(json)) {
    const [document, score] = json
    return json.length === 2 && JsonSnapshot.isObject(document)
      ? documentOf({ ...document, score: score! }, wrong)
      : undefined
  }
  const text = JsonFields.text(json, "text", "pageContent", "page_content", "content")
  if (text === undefined) return undefined
  const out: { -readonly [K in keyof Document]: Document[K] } = { text }
  for (const key of ["name", "id"] as const) {
    const value = JsonFields.first(json, key)
    if (typeof value === "string") {
      if (value !== "") out[key] = value
    } else if (value) wrong(`The ${key} of a document must be a text.`)
  }
  const score = JsonFields.first(json, "score")
  if (typeof score === "number") out.score = score
  else if (score) wrong("The score of a document must be a finite number.")
  return out
}

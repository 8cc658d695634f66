/**
 * The ids of one run and the placeholders that stand for them: numbered in the order in which the program starts its
 * spans, whatever of them reaches the wire.
 */
import * as SpanId from "../src/domain/span/SpanId.ts"

export class Placeholders {
  readonly #names = new Map<string, string>()
  readonly #traces = new Map<string, number>()
  readonly #llmTraces = new Map<string, number>()
  readonly #foreign: ReadonlySet<string>
  spans = 0

  /** `foreign` are ids that the program itself names: they stay as they are. */
  constructor(foreign: ReadonlySet<string>) {
    this.#foreign = foreign
  }

  /** A span starts. Both ids are hex; a span that is not known outside has no id of its own. */
  start(spanId: string, traceId: string): string {
    const name = `span:${++this.spans}`
    this.#name(SpanId.toDecimal(spanId), name)
    this.#name(spanId, `${name}.hex`)
    this.#trace(traceId)
    return name
  }

  llmTrace(traceId: string): void {
    if (this.#llmTraces.has(traceId)) return
    const number = this.#llmTraces.size + 1
    this.#llmTraces.set(traceId, number)
    this.#name(traceId, `ltrace:${number}`)
    if (/^[0-9a-f]{32}$/.test(traceId)) this.#name(BigInt(`0x${traceId}`).toString(), `ltrace:${number}.dec`)
  }

  get traces(): number {
    return this.#traces.size
  }

  get llmTraces(): number {
    return this.#llmTraces.size
  }

  #trace(traceId: string): void {
    if (this.#traces.has(traceId)) return
    const number = this.#traces.size + 1
    this.#traces.set(traceId, number)
    const low = traceId.slice(16)
    if (this.#foreign.has(BigInt(`0x${low}`).toString()) || this.#foreign.has(traceId)) return
    this.#name(traceId, `trace:${number}`)
    this.#name(BigInt(`0x${traceId}`).toString(), `trace:${number}.dec`)
    this.#name(BigInt(`0x${low}`).toString(), `trace:${number}.low64`)
    this.#name(low, `trace:${number}.low64hex`)
  }

  #name(text: string, placeholder: string): void {
    if (!this.#names.has(text) && !this.#foreign.has(text)) this.#names.set(text, placeholder)
  }

  /** Replaces every id in a text. */
  replace(text: string): string {
    return text.replace(/[0-9a-f]{6,39}/g, (token, at: number) => {
      const name = this.#names.get(token)
      return name === undefined || isWord(text[at - 1]) || isWord(text[at + token.length]) ? token : name
    })
  }
}

const isWord = (character: string | undefined): boolean => character !== undefined && /[0-9A-Za-z]/.test(character)

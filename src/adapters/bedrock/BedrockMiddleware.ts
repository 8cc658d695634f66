/**
 * Records the operations of Amazon Bedrock's runtime client by a middleware of its own stack: once a call, whatever is tried
 * again below.
 */
import type { JsonObject } from "../../domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import * as JsonText from "../../domain/json/JsonText.ts"
import * as BedrockInvoke from "../../domain/provider/BedrockInvoke.ts"
import * as ProviderCall from "../../domain/provider/ProviderCall.ts"
import * as StreamJoin from "../../domain/provider/StreamJoin.ts"
import { guard } from "../../engine/books/Guard.ts"
import { RecordedCall } from "../../engine/call/RecordedCall.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import type { Capture } from "../../engine/record/Capture.ts"

type Fields = { readonly [key: string]: unknown }
type Handler = (args: { readonly input: Fields }) => Promise<Result>

interface Result {
  readonly output: Fields
  readonly response?: { readonly headers?: Fields } | undefined
}

interface Client {
  readonly middlewareStack: {
    readonly add: (
      middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
      options: { readonly step: "initialize"; readonly name: string; readonly override: boolean }
    ) => void
  }
}

/** Adds the middleware to a client. `false` if it has no stack. */
export const add = (client: object, capture: Capture): boolean => {
  const { middlewareStack } = client as Partial<Client>
  if (typeof middlewareStack?.add !== "function") return false
  middlewareStack.add(
    (next, { commandName = "" }) => async (args) => {
      const layer = RunningLayers.ofCaller()
      const call = layer &&
        guard(layer.diagnostics, "bedrock", () => begin(layer, commandName, args.input, capture), undefined)
      if (call === undefined) return next(args)
      let result: Result
      try {
        result = await call.layer.run(call.span, () => next(args))
      } catch (error) {
        call.end({ error })
        throw error
      }
      return guard(call.layer.diagnostics, "bedrock.answer", () => answered(call, commandName, result), result)
    },
    { step: "initialize", name: "effectLlmobs", override: true }
  )
  return true
}

const commands = new Set([
  "ConverseCommand",
  "ConverseStreamCommand",
  "InvokeModelCommand",
  "InvokeModelWithResponseStreamCommand"
])

const begin = (
  layer: RunningLayers.RunningLayer,
  command: string,
  input: Fields,
  capture: Capture
): RecordedCall | undefined => {
  const reader = layer.current()
  const { modelId } = input
  // Embedding models have no answer in words, and no common shape.
  if (!commands.has(command) || typeof modelId !== "string" || modelId.includes("embed")) return undefined
  if (RunningLayers.isClaimed(reader)) return undefined
  const call = new RecordedCall({ layer, reader, call: ProviderCall.ofBedrock(modelId), capture })
  const isConverse = command.startsWith("Converse")
  const body = isConverse ? JsonSnapshot.take(input, JsonText.limits).value : bodyOf(input["body"])
  if (JsonSnapshot.isObject(body)) call.request(isConverse ? body : BedrockInvoke.request(body))
  return call
}

const answered = (call: RecordedCall, command: string, result: Result): Result => {
  const { output } = result
  const key = command === "ConverseStreamCommand" ? "stream" : "body"
  const streamed = output[key]
  if (command.includes("Stream")) {
    if (!isIterable(streamed)) {
      call.end()
      return result
    }
    const read = command === "ConverseStreamCommand" ? converseParts(call) : invokeParts(call)
    return { ...result, output: { ...output, [key]: observed(call, streamed, read) } }
  }
  if (command === "ConverseCommand") call.value(output)
  else {
    const body = bodyOf(streamed)
    if (body !== undefined) invoked(call, body, BedrockInvoke.text(body))
    const counts = BedrockInvoke.total(
      count(result, "x-amzn-bedrock-input-token-count"),
      count(result, "x-amzn-bedrock-output-token-count")
    )
    if (counts !== undefined && body !== undefined && body["usage"] === undefined) call.metrics(counts)
  }
  call.end()
  return result
}

const invoked = (call: RecordedCall, body: JsonObject, text: string | undefined): void => {
  const isKnown = body["content"] !== undefined || body["choices"] !== undefined || body["output"] !== undefined
  call.value(isKnown || text === undefined ? body : [{ role: "assistant", content: text }])
  const counts = isKnown ? undefined : BedrockInvoke.metrics(body)
  if (counts !== undefined) call.metrics(counts)
}

const count = ({ response }: Result, header: string): number | undefined => {
  const value = Number(response?.headers?.[header] ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

interface Parts {
  readonly add: (part: unknown) => void
  readonly end: () => void
}

const converseParts = (call: RecordedCall): Parts => {
  const join = StreamJoin.make()
  let isFirst = true
  return {
    add: (part) => {
      if (join.add(part) && isFirst && isDelta(part)) {
        isFirst = false
        call.first()
      }
    },
    end: () => call.value(join.end())
  }
}

const isDelta = (part: unknown): boolean => typeof part === "object" && part !== null && "contentBlockDelta" in part

const invokeParts = (call: RecordedCall): Parts => {
  const join = StreamJoin.make()
  let text = ""
  let last: JsonObject = {}
  let isFirst = true
  return {
    add: (part) => {
      const { chunk } = part as { readonly chunk?: { readonly bytes?: unknown } }
      const body = bodyOf(chunk?.bytes)
      if (body === undefined) return
      last = body
      const piece = BedrockInvoke.text(body) ?? ""
      const taken = join.add(body)
      if (!taken && text.length < JsonSnapshot.defaultLimits.characters) text += piece
      if (isFirst && (piece !== "" || body["delta"] !== undefined)) {
        isFirst = false
        call.first()
      }
    },
    end: () => {
      const joined = join.end()
      if (joined === undefined) invoked(call, last, text)
      else call.value(joined)
    }
  }
}

const bodyOf = (body: unknown): JsonObject | undefined => {
  const text = body instanceof Uint8Array ? utf8.decode(body) : body
  if (typeof text !== "string" || text.length > JsonSnapshot.defaultLimits.characters) return undefined
  try {
    const json: unknown = JSON.parse(text)
    return JsonSnapshot.isObject(json as JsonObject) ? json as JsonObject : undefined
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder()

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value

// A program can leave a stream without a word, before its first part or between two. The function ends its call.
const forgotten = new FinalizationRegistry<() => void>((end) => end())

/** The same stream: each part is handed on as it comes. */
const observed = (call: RecordedCall, stream: AsyncIterable<unknown>, parts: Parts): AsyncIterable<unknown> => {
  const settle = (end: Parameters<RecordedCall["end"]>[0]): void => {
    if (call.ended) return
    guard(call.layer.diagnostics, "bedrock.stream", parts.end, undefined)
    call.end(end)
  }
  const reading = { isBegun: false }
  const iterable: AsyncIterable<unknown> = {
    [Symbol.asyncIterator]: () => {
      reading.isBegun = true
      const iterator = observedIterator(call, stream[Symbol.asyncIterator](), parts, settle)
      forgotten.register(iterator, () => settle({ unfinished: true }))
      return iterator
    }
  }
  // An iterator outlives the iterable that it came from.
  forgotten.register(iterable, () => {
    if (!reading.isBegun) settle({ unfinished: true })
  })
  return iterable
}

const observedIterator = (
  call: RecordedCall,
  inner: AsyncIterator<unknown>,
  parts: Parts,
  settle: (end: Parameters<RecordedCall["end"]>[0]) => void
): AsyncIterator<unknown> => ({
  next: async () => {
    let part: IteratorResult<unknown>
    try {
      part = await inner.next()
    } catch (error) {
      settle({ error })
      throw error
    }
    if (part.done === true) settle({})
    else guard(call.layer.diagnostics, "bedrock.stream", () => parts.add(part.value), undefined)
    return part
  },
  return: async (value) => {
    settle({ interrupted: true })
    return await inner.return?.(value) ?? { done: true, value }
  }
})

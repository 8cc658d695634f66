/**
 * A transport of the Model Context Protocol that records the tools it carries calls of, on either side.
 *
 * **Details**
 *
 * A call begins where its request is sent or received, and ends with the answer of the same id. `notifications/cancelled`
 * ends it as interrupted, and the end of the connection as unfinished. Nothing here throws into the program.
 */
import * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"
import * as HeaderLookup from "../../domain/propagation/HeaderLookup.ts"
import { guard } from "../../engine/books/Guard.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import type { Capture } from "../../engine/record/Capture.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import { BaggageChanges, CurrentAmbient } from "../../ports/AmbientContext.ts"
import * as ContextReaders from "../../ports/ContextReader.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import { Propagator } from "../../ports/Propagator.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"

/** How a transport is recorded. */
export interface Options {
  readonly capture: Capture
  /** Whether requests carry the trace in `_meta`, and a server continues that of a request. */
  readonly propagates: boolean
}

type Fields = { readonly [key: string]: unknown }

/** A message as a peer sends it: any member can be anything. */
interface Message {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

const fieldsOf = (u: unknown): Fields | undefined => typeof u === "object" && u !== null ? u as Fields : undefined

interface Call {
  readonly layer: RunningLayers.RunningLayer
  readonly span: PairedSpan
  readonly isTool: boolean
}

/** Since the revision 2026-07-28, which has no `initialize`, each result says which server it is from. */
const serverInfo = "io.modelcontextprotocol/serverInfo"

/** A peer that answers nothing must not fill the memory. */
const mostCalls = 10_000

/** The side that a transport is on, as a call sees it. */
type Side = "client" | "server"

/** The same transport, of the same class. */
export const record = <T extends object>(transport: T, options: Options): T => {
  const connection = new Connection(options)
  return new Proxy(transport, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== "function") return value
      return key === "send" ? connection.send(value.bind(target) as Send) : value.bind(target)
    },
    set: (target, key, value) => {
      const given: unknown = value
      const own = typeof given !== "function"
        ? given
        : key === "onmessage"
        ? connection.receive(given as Receive)
        : key === "onclose"
        ? connection.close(given as () => void)
        : given
      return Reflect.set(target, key, own, target)
    }
  })
}

type Send = (message: Message, ...rest: ReadonlyArray<unknown>) => Promise<void>
type Receive = (message: Message, ...rest: ReadonlyArray<unknown>) => void

class Connection {
  private readonly options: Options
  private readonly asked = new Map<unknown, Call>()
  private readonly answering = new Map<unknown, Call>()
  private server: Fields = {}

  constructor(options: Options) {
    this.options = options
  }

  send(inner: Send): Send {
    return async (message, ...rest) => {
      const call = this.seen("client", message, this.asked)
      if (call === undefined) {
        this.settled(message, this.answering)
        return inner(message, ...rest)
      }
      const sent = this.options.propagates
        ? guard(call.layer.diagnostics, "mcp.meta", () => withTrace(call, message), message)
        : message
      try {
        return await call.layer.run(call.span, () => inner(sent, ...rest))
      } catch (error) {
        this.end(this.asked, message.id, { error })
        throw error
      }
    }
  }

  receive(inner: Receive): Receive {
    return (message, ...rest) => {
      this.settled(message, this.asked)
      const call = this.seen("server", message, this.answering)
      if (call === undefined) return inner(message, ...rest)
      return call.layer.run(call.span, () => inner(message, ...rest))
    }
  }

  close(inner: () => void): () => void {
    return () => {
      for (const calls of [this.asked, this.answering]) {
        for (const id of calls.keys()) this.end(calls, id, { unfinished: true })
      }
      inner()
    }
  }

  /** Starts the span of a request, if it is one to be recorded. */
  private seen(side: Side, message: Message, calls: Map<unknown, Call>): Call | undefined {
    const layer = RunningLayers.ofCaller()
    if (layer === undefined) return undefined
    return guard(layer.diagnostics, `mcp.${side}`, () => {
      const { id, method, params: given } = fieldsOf(message) ?? {}
      const params = fieldsOf(given)
      if (method === "notifications/cancelled") this.end(calls, params?.["requestId"], { interrupted: true })
      const isTool = method === "tools/call"
      // The list of tools is the client's step; a server only tells what it is.
      if (id === undefined || id === null || !(isTool || (side === "client" && method === "tools/list"))) {
        return undefined
      }
      if (calls.size >= mostCalls) return undefined
      const call = { layer, isTool, span: this.start(layer, side, isTool, params) }
      calls.set(id, call)
      return call
    }, undefined)
  }

  private start(
    layer: RunningLayers.RunningLayer,
    side: Side,
    isTool: boolean,
    params: Fields | undefined
  ): PairedSpan {
    const tool = typeof params?.["name"] === "string" ? params["name"] : "unknown_tool"
    const title = side === "client" ? "MCP Client" : "MCP Server"
    const reader = layer.current()
    const caller = side === "server" && this.options.propagates ? continued(reader, params?.["_meta"]) : reader
    return PairedSpans.open(caller, {
      kind: isTool ? "tool" : "task",
      name: isTool ? `${title} Tool Call: ${tool}` : `${title} List Tools`,
      options: {
        input: isTool && this.options.capture.input ? { name: tool, arguments: params?.["arguments"] } : undefined,
        tags: { integration: "mcp", ...(isTool ? { mcp_tool_kind: side } : {}), ...this.server }
      }
    })
  }

  /** Ends the span whose answer this is. No message of a peer makes it throw. */
  private settled(message: Message, calls: Map<unknown, Call>): void {
    let id: unknown
    try {
      const given: Message = fieldsOf(message) ?? {}
      if (given.method === "notifications/cancelled") {
        return this.end(calls, fieldsOf(given.params)?.["requestId"], { interrupted: true })
      }
      if (given.method !== undefined && given.method !== null) return
      id = given.id
      this.answered(given, calls)
    } catch (error) {
      RunningLayers.ofCaller()?.diagnostics.defect("mcp.answer", error)
      this.end(calls, id, {})
    }
  }

  // JSON of other languages often says `null` for a member that is absent.
  private answered({ error, id, result: given }: Message, calls: Map<unknown, Call>): void {
    const result = fieldsOf(given)
    const info = fieldsOf(result?.["serverInfo"] ?? fieldsOf(result?.["_meta"])?.[serverInfo])
    if (info !== undefined) this.server = serverOf(info)
    const call = calls.get(id)
    if (call === undefined) return
    const hasFailed = error !== undefined && error !== null
    guard(call.layer.diagnostics, "mcp.answer", () => {
      if (!hasFailed && this.options.capture.output) {
        call.span.annotate({ output: call.isTool ? outputOf(result) : result })
      }
    }, undefined)
    this.end(calls, id, hasFailed ? { error: failureOf(error) } : {})
  }

  private end(calls: Map<unknown, Call>, id: unknown, end: SpanEnd): void {
    const call = calls.get(id)
    if (!calls.delete(id) || call === undefined) return
    guard(call.layer.diagnostics, "mcp.end", () => call.span.end(end), undefined)
  }
}

// A tool that fails says so in its result.
const outputOf = (result: Fields | undefined): unknown => ({
  content: result?.["content"],
  isError: result?.["isError"] === true,
  ...(result?.["structuredContent"] === undefined ? {} : { structuredContent: result["structuredContent"] }),
  // A tool that asks the user first is called again, with the answers.
  ...(result?.["inputRequests"] === undefined ? {} : { inputRequests: result["inputRequests"] })
})

const failureOf = (error: unknown): { readonly name: string; readonly message: string } => {
  const { code, message } = fieldsOf(error) ?? {}
  const number = typeof code === "number" || typeof code === "string" ? code : "unknown"
  return { name: "McpError", message: `MCP error ${number}: ${typeof message === "string" ? message : ""}` }
}

const serverOf = ({ name, title, version }: Fields): { readonly [tag: string]: string } =>
  Object.fromEntries(
    Object.entries({ mcp_server_name: name, mcp_server_version: version, mcp_server_title: title }).filter(
      (tag): tag is [string, string] => typeof tag[1] === "string" && tag[1] !== ""
    )
  )

const withTrace = ({ layer, span }: Call, message: Message): Message => {
  const inside = ContextReaders.make(span.inside(layer.current().context))
  const headers = inside.getRef(Propagator)?.inject(inside, "trace")
  const params = fieldsOf(message.params)
  return { ...message, params: { ...params, _meta: { ...headers, ...fieldsOf(params?.["_meta"]) } } }
}

/** The context of a request that brings a trace. */
const continued = (reader: ContextReaders.ContextReader, meta: unknown): ContextReaders.ContextReader => {
  const propagator = reader.getRef(Propagator)
  if (propagator === undefined || typeof meta !== "object" || meta === null) return reader
  const map = new Map(reader.context.mapUnsafe)
  map.set(CurrentAmbient.key, propagator.extract(HeaderLookup.fromUnknown(meta)))
  for (const { key } of [BaggageChanges, CurrentSpan, Tracer.ParentSpan]) map.delete(key)
  return ContextReaders.make(Context.makeUnsafe(map))
}

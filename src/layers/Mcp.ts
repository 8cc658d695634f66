/**
 * Tools of the Model Context Protocol, recorded at the transport of a client or a server.
 *
 * **Details**
 *
 * A call of a tool is a tool span, `MCP Client Tool Call: <name>` or `MCP Server Tool Call: <name>`, with its arguments and its
 * result; the list of tools that a client asks for is a task. Spans of a handler are below that of its tool. A result with
 * `isError` is a result; an answer with an error is the failure of the span.
 *
 * **Example** (A client)
 *
 * ```ts
 * import { Client } from "@modelcontextprotocol/sdk/client/index.js"
 * import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
 * import * as Mcp from "effect-llmobs/Mcp"
 *
 * const client = new Client({ name: "shop", version: "1.0.0" })
 * await client.connect(Mcp.wrap(new StdioClientTransport({ command: "weather-server" })))
 * ```
 *
 * @since 0.2.0
 */
import * as RecordedTransport from "../adapters/mcp/RecordedTransport.ts"
import * as CallCapture from "../engine/call/CallCapture.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"
import type { Options as ClientOptions } from "./Clients.ts"

/**
 * The options of a recorded transport.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options extends ClientOptions {
  /**
   * Whether a client puts the trace into the `_meta` of its requests, and a server continues the trace that it finds there.
   * Default: false. Use it where both sides are yours.
   */
  readonly propagate?: boolean | undefined
}

/**
 * The same transport, whose calls of tools are recorded. It is for `connect`, of a client or a server, and has the type of the
 * one that is given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const wrap = <T extends object>(transport: T, options?: Options): T => {
  RunningLayers.lookForFibers()
  return RecordedTransport.record(transport, {
    capture: CallCapture.read(options),
    propagates: options?.propagate === true
  })
}

/**
 * The bytes on the wire: the MessagePack of a v0.4 trace payload, and the JSON of an intake request. They are for a
 * tracer of your own, beside `effect-llmobs/core`. This module loads no module of Effect.
 *
 * **Details**
 *
 * An event takes one of two roads. It rides an APM span (`V04`, for `POST /v0.4/traces` of the Agent, `content-type:
 * application/msgpack`), or it goes to the LLM intake in an envelope of its own (`IntakeBody`, for `POST
 * /api/v2/llmobs`, `content-type: application/json`). `Rescue` of the core decides which. This module makes the bytes
 * and sends nothing.
 *
 * **Example** (Pack a trace of one span)
 *
 * ```ts import.meta.vitest
 * import { WireFormat } from "effect-llmobs/core"
 * import { V04 } from "effect-llmobs/wire"
 *
 * const span = {
 *   traceId: "6a86f1c000000000aa11bb22cc33dd44",
 *   spanId: "00000000000000ff",
 *   parentId: undefined,
 *   name: "chat",
 *   resource: "chat",
 *   service: "shop",
 *   type: "",
 *   startNs: 1_787_299_200_123_456_789n,
 *   durationNs: 1_000,
 *   error: 0 as const,
 *   meta: {},
 *   metrics: { _sampling_priority_v1: 1 },
 *   links: []
 * }
 * const chunk = V04.packChunk({ spans: [{ span, rider: undefined }] }, WireFormat.table["trace-agent"])
 *
 * // An array of one chunk, which is an array of one span.
 * Array.from(V04.payload([chunk]).subarray(0, 2)) // => [0x91, 0x91]
 * ```
 *
 * @since 0.2.0
 */
export * as V04 from "../adapters/agent/V04.ts"
export * as IntakeBody from "../domain/event/IntakeBody.ts"

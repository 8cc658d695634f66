/**
 * The commands of the protocol: what each reads from its body, and which call of the SDK it becomes.
 */
import * as Effect from "effect/Effect"
import * as LLMObs from "../src/layers/LLMObs.ts"
import * as Body from "./Body.ts"
import * as LlmTree from "./LlmTree.ts"
import type { Problems } from "./Sdk.ts"
import * as Spans from "./Spans.ts"

/** A command: it reads its body, throwing `Malformed`, and gives the JSON of the answer. */
export type Endpoint = (body: Body.Body) => Effect.Effect<unknown, Body.Malformed | Body.Raised>

const spanId = (body: Body.Body): string => Body.required(Body.id(body, "span_id"), "span_id")

const key = (body: Body.Body): string => Body.required(Body.text(body, "key"), "key")

/** The attributes by which a span says what its tracer would otherwise find out by itself. */
const overrides = [["service", "service.name"], ["resource", "resource.name"], ["type", "span.type"]] as const

/** Endpoints by method and path. */
export const make = (problems: Problems): ReadonlyMap<string, Endpoint> => {
  const spans = Spans.make()
  const done = (effect: Effect.Effect<void, Body.Malformed | Body.Raised>) => Effect.as(effect, {})
  return new Map<string, Endpoint>([
    ["POST /llm_observability/trace", (body) => {
      const node = LlmTree.parse(Body.required(Body.object(body, "trace_structure_request"), "trace_structure_request"))
      return Effect.map(LlmTree.play(node, problems), (exported) => exported ?? {})
    }],
    ["POST /trace/span/start", (body) => {
      const said = overrides.flatMap(([field, attribute]) => {
        const value = Body.text(body, field)
        return value === undefined ? [] : [[attribute, value] as const]
      })
      return Effect.map(
        spans.start({
          name: Body.required(Body.text(body, "name"), "name"),
          parentId: Body.id(body, "parent_id"),
          attributes: [...said, ...Body.pairs(body, "span_tags")]
        }),
        (started) => ({ span_id: started.spanId, trace_id: started.traceId })
      )
    }],
    ["POST /trace/span/finish", (body) => done(spans.finish(spanId(body)))],
    ["POST /trace/span/set_meta", (body) => {
      const value = body["value"]
      const text = typeof value === "string" ? value : String(value ?? "")
      return done(spans.attribute(spanId(body), key(body), text))
    }],
    [
      "POST /trace/span/set_metric",
      (body) => done(spans.attribute(spanId(body), key(body), Body.number(body, "value")))
    ],
    ["POST /trace/span/add_link", (body) =>
      done(spans.link(
        spanId(body),
        Body.required(Body.id(body, "parent_id"), "parent_id"),
        Body.object(body, "attributes") ?? {}
      ))],
    [
      "POST /trace/span/inject_headers",
      (body) => Effect.map(spans.inject(spanId(body)), (headers) => ({ http_headers: headers }))
    ],
    [
      "POST /trace/span/extract_headers",
      (body) => Effect.map(spans.extract(Body.pairs(body, "http_headers")), (id) => ({ span_id: id ?? null }))
    ],
    ["POST /trace/span/set_baggage", (body) =>
      done(spans.changeBaggage(spanId(body), {
        [key(body)]: Body.required(Body.text(body, "value"), "value")
      }))],
    ["GET /trace/span/get_baggage", (body) => {
      const wanted = key(body)
      return Effect.map(spans.baggage(spanId(body)), (baggage) => ({
        baggage: Object.hasOwn(baggage, wanted) ? baggage[wanted] : null
      }))
    }],
    ["GET /trace/span/get_all_baggage", (body) => Effect.map(spans.baggage(spanId(body)), (baggage) => ({ baggage }))],
    ["POST /trace/span/remove_baggage", (body) => done(spans.changeBaggage(spanId(body), { [key(body)]: undefined }))],
    ["POST /trace/span/remove_all_baggage", (body) => {
      const id = spanId(body)
      return done(
        Effect.flatMap(
          spans.baggage(id),
          (baggage) =>
            spans.changeBaggage(id, Object.fromEntries(Object.keys(baggage).map((name) => [name, undefined])))
        )
      )
    }],
    ["POST /trace/span/flush", () =>
      Effect.map(LLMObs.flush, () => {
        spans.forget()
        return {}
      })],
    // The SDK computes no statistics: there is nothing to send.
    ["POST /trace/stats/flush", () => Effect.succeed({})],
    ["POST /trace/otel/flush", () => Effect.as(LLMObs.flush, { success: true })]
  ])
}

/**
 * Messages in the events of a span, or in log records inside it.
 *
 * **Details**
 *
 * Until version 1.36 of the conventions each message was an event (`gen_ai.user.message`, `gen_ai.choice`). Since then
 * one event can hold them all (`gen_ai.client.inference.operation.details`), under the names of the attributes.
 *
 * @since 0.2.0
 */
import * as AttributeReader from "./AttributeReader.ts"
import type { Attributes, OtelEvent } from "./OtelSpan.ts"

type Events = ReadonlyArray<OtelEvent>

const message = /^gen_ai\.(system|user|assistant|tool)\.message$/
const choice = "gen_ai.choice"
const inference = "gen_ai.client.inference.operation.details"

/**
 * Whether an event has messages in it.
 *
 * @category guards
 * @since 0.2.0
 */
export const isThere = (events: Events | undefined): boolean =>
  events !== undefined && events.some(({ name }) => name === choice || name === inference || message.test(name))

/**
 * The attributes of the events that hold the whole exchange: one for both sides, or one for each.
 *
 * @category accessors
 * @since 0.2.0
 */
export const details = (events: Events): Attributes | undefined => {
  const found = events.filter(({ name }) => name === inference)
  return found.length === 0 ? undefined : Object.assign({}, ...found.map(({ attributes }) => attributes)) as Attributes
}

/**
 * The messages that were sent.
 *
 * @category accessors
 * @since 0.2.0
 */
export const input = (events: Events): ReadonlyArray<unknown> | undefined =>
  some(events.flatMap(({ attributes = {}, name }) => {
    const role = message.exec(name)?.[1]
    return role === undefined ? [] : [messageOf(attributes, role)]
  }))

/**
 * The messages that came back.
 *
 * @category accessors
 * @since 0.2.0
 */
export const output = (events: Events): ReadonlyArray<unknown> | undefined =>
  some(events.flatMap(({ attributes = {}, name }) => name === choice ? [choiceOf(attributes)] : []))

const some = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> | undefined => items.length === 0 ? undefined : items

// Events on spans have texts alone, so their objects are JSON texts. The bodies of log records are objects.
const messageOf = (attributes: Attributes, role: string): Attributes => {
  const whole = AttributeReader.object(attributes, "gen_ai.event.content", "body") ?? attributes
  const calls = AttributeReader.list(whole, "tool_calls")
  return {
    role: AttributeReader.text(whole, "role") ?? role,
    content: AttributeReader.json(whole, "content", "gen_ai.event.content") ?? "",
    ...calls === undefined ? undefined : { tool_calls: calls },
    ...role === "tool" ? { tool_call_id: AttributeReader.text(whole, "id", "tool_call_id") ?? "" } : undefined
  }
}

const choiceOf = (attributes: Attributes): Attributes => {
  const whole = AttributeReader.object(attributes, "gen_ai.event.content", "body") ?? attributes
  const inner = AttributeReader.object(whole, "message")
  const reason = AttributeReader.text(whole, "finish_reason")
  const calls = AttributeReader.list(whole, "tool_calls")
  return {
    ...messageOf(inner ?? whole, "assistant"),
    ...inner === undefined && whole["message"] !== undefined ? { content: whole["message"] } : undefined,
    ...calls === undefined ? undefined : { tool_calls: calls },
    ...reason === undefined ? undefined : { finish_reason: reason }
  }
}

/**
 * The callers: sends the conversations to the chat server, over real HTTP, eight at a time.
 */
import * as Effect from "effect/Effect"
import type { Conversation } from "./Conversations.ts"

/** How a conversation went: the HTTP status, or why there was none. */
export interface Answered {
  readonly conversation: string
  readonly status: number | string
}

const send = (url: string, conversation: Conversation): Effect.Effect<Answered> =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(`${url}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", ...conversation.headers },
      body: JSON.stringify(conversation.body),
      signal
    })
    await response.arrayBuffer()
    return response.status
  }).pipe(
    Effect.catch((error) => Effect.succeed(String(error.cause))),
    Effect.map((status) => ({ conversation: conversation.id, status }))
  )

/** Sends all of them and waits for the answers, which are taken down one by one, so that they survive an interruption. */
export const run = (
  url: string,
  conversations: ReadonlyArray<Conversation>,
  answered: Array<Answered>
): Effect.Effect<void> =>
  Effect.forEach(
    conversations,
    (conversation) => Effect.map(send(url, conversation), (answer) => void answered.push(answer)),
    { concurrency: 8, discard: true }
  )

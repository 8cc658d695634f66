/**
 * Where the parcels are: what the model's tool looks up.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** There is no parcel of that number. */
export class UnknownParcel extends Schema.TaggedError<UnknownParcel>()("UnknownParcel", { parcel: Schema.String }) {}

/** Where a parcel is, and when it arrives. */
export const Whereabouts = Schema.Struct({
  parcel: Schema.String,
  status: Schema.String,
  place: Schema.String,
  expected: Schema.String
})

const states = [
  { status: "on its way", place: "the depot in Lyon", expected: "tomorrow" },
  { status: "at a neighbour's", place: "12 Mill Lane", expected: "delivered" },
  { status: "held at customs", place: "Rotterdam", expected: "in three days" },
  { status: "in the delivery van", place: "your street", expected: "today" }
]

/** Finds a parcel by its number, such as `PX-1007`. */
export const find = (parcel: string): Effect.Effect<typeof Whereabouts.Type, UnknownParcel> => {
  const state = /^PX-\d{4}$/.test(parcel) ? states[Number(parcel.slice(3)) % states.length] : undefined
  return state === undefined ? Effect.fail(new UnknownParcel({ parcel })) : Effect.succeed({ parcel, ...state })
}

/**
 * Where the parcels are: what the model's tool looks up.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** There is no parcel of that number. */
export class UnknownParcel extends Data.TaggedError("UnknownParcel")<{ readonly parcel: string }> {}

export interface Whereabouts {
  readonly parcel: string
  readonly status: string
  readonly place: string
  readonly expected: string
}

const states = [
  { status: "on its way", place: "the depot in Lyon", expected: "tomorrow" },
  { status: "at a neighbour's", place: "12 Mill Lane", expected: "delivered" },
  { status: "held at customs", place: "Rotterdam", expected: "in three days" },
  { status: "in the delivery van", place: "your street", expected: "today" }
]

/** Finds a parcel by its number, such as `PX-1007`. */
export const find = (parcel: string): Effect.Effect<Whereabouts, UnknownParcel> => {
  const state = /^PX-\d{4}$/.test(parcel) ? states[Number(parcel.slice(3)) % states.length] : undefined
  return state === undefined ? Effect.fail(new UnknownParcel({ parcel })) : Effect.succeed({ parcel, ...state })
}

/** Header texts that nobody sends in good faith, up to 16 KB. */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

const fragments = [
  ",",
  ";",
  "=",
  ":",
  "-",
  "~",
  "%",
  "%zz",
  "%e2%82",
  "%00",
  " ",
  "\t",
  "\r\n",
  "\u0000",
  "\u202e",
  "\ud800",
  "é",
  "dd=",
  "s:",
  "o:rum",
  "p:",
  "t.dm:-4",
  "t.llmobs_parent_id:",
  "_dd.p.",
  "_dd.p.tid=",
  "_dd.p.llmobs_trace_id=",
  "__proto__",
  "constructor=",
  "session.id=",
  "_ml_obs.experiment_id=",
  "00-",
  "12345678901234567890123456789012",
  "1234567890123456",
  "18446744073709551616",
  "-01",
  "a".repeat(300),
  "k=v,".repeat(100)
] as const

const Repeats = Schema.Literals([1, 2, 50])

export const HostileText: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Tuple([Schema.Literals(fragments), Repeats]))),
  (parts) => parts.map(([fragment, times]) => fragment.repeat(times)).join("").slice(0, 16_384)
)

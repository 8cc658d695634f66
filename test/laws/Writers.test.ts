import { describe } from "@effect/vitest"
import * as AgentWriter from "effect-llmobs/AgentWriter"
import * as IntakeWriter from "effect-llmobs/IntakeWriter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { Writable } from "node:stream"
import * as EventsToFile from "../../examples/plug-in/EventsToFile.ts"
import * as TracesToStream from "../../examples/plug-in/TracesToStream.ts"
import * as TwoIntakes from "../../examples/plug-in/TwoIntakes.ts"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as TracePayload from "../../src/adapters/devagent/TracePayload.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import type { Subject } from "./WriterLaws.ts"
import { options, writerLaws } from "./WriterLaws.ts"

const nameOf = (json: string): string => JSON.parse(json).spans[0].name

const namesIn = (payload: Uint8Array): ReadonlyArray<string> => {
  const decoded = TracePayload.decode(payload)
  return decoded.ok ? decoded.chunks.flat().filter((span) => "_llmobs" in span.metaStruct).map((span) => span.name) : []
}

/** An Agent, or an intake: down, it answers 503 to everything but `/info`. */
const server = (layerOf: (agent: DevAgent.DevAgent) => Layer.Layer<never>) =>
  Effect.map(Effect.orDie(DevAgent.make()), (agent): Subject => ({
    layer: layerOf(agent),
    arrived: Effect.sync(() => agent.events().map(({ event }) => String(event["name"]))),
    setDown: (down) =>
      Effect.sync(() =>
        agent.configure(down ? { tracesStatus: 503, evpStatus: 503 } : { tracesStatus: 200, evpStatus: 202 })
      )
  }))

/** A writer of events that keeps them in memory; down, it fails before it keeps any. */
const kept = Effect.sync(() => {
  const names: Array<string> = []
  let isDown = false
  return {
    names,
    setDown: (down: boolean) =>
      Effect.sync(() => {
        isDown = down
      }),
    isDown: () => isDown,
    layer: IntakeWriter.layer({
      write: (events) =>
        Effect.suspend(() => {
          if (isDown) return Effect.fail("down")
          names.push(...events.map(({ json }) => nameOf(json)))
          return Effect.void
        })
    })
  }
})

const nowhere = { ...options, agentUrl: "http://127.0.0.1:1" }

describe("writers of the library", () => {
  writerLaws("the Agent's traces", server((agent) => LLMObs.layer({ ...options, agentUrl: agent.url })))

  writerLaws("the Agent's EVP proxy", server((agent) => LLMObs.layer({ ...options, agentUrl: agent.url, apm: "off" })))

  writerLaws(
    "the intake",
    server((agent) =>
      LLMObs.layer({
        ...options,
        agentless: true,
        apiKey: Redacted.make("key"),
        site: "datadoghq.eu",
        overrideOrigin: agent.url
      })
    )
  )
})

describe("plugged writers", () => {
  writerLaws(
    "an intake writer",
    Effect.map(kept, ({ layer, names, setDown }) => ({
      layer: LLMObs.layer({ ...nowhere, apm: "off" }).pipe(Layer.provide(layer)),
      arrived: Effect.sync(() => names),
      setDown
    }))
  )

  writerLaws(
    "an agent writer beside an intake writer",
    Effect.map(kept, ({ isDown, layer, names, setDown }) => ({
      layer: LLMObs.layer(nowhere).pipe(
        Layer.provide(AgentWriter.layer({
          write: (payload) =>
            Effect.sync((): AgentWriter.Outcome => {
              if (isDown()) return { _tag: "Failure", bytesWritten: false, reason: "DOWN" }
              names.push(...namesIn(payload))
              return { _tag: "Answer", status: 200, headers: {}, body: "" }
            })
        })),
        Layer.provide(layer)
      ),
      arrived: Effect.sync(() => names),
      setDown
    }))
  )

  writerLaws(
    "events as NDJSON in a file",
    Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-llmobs-"))),
      (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
    ).pipe(Effect.map((folder): Subject => {
      const at = (name: string) => Path.join(folder, name)
      Fs.mkdirSync(at("up"))
      return {
        layer: LLMObs.layer({ ...nowhere, apm: "off" }).pipe(Layer.provide(EventsToFile.layer(at("up/events.ndjson")))),
        arrived: Effect.sync(() => {
          const path = at(`${Fs.existsSync(at("up")) ? "up" : "down"}/events.ndjson`)
          return Fs.existsSync(path) ? Fs.readFileSync(path, "utf8").trimEnd().split("\n").map(nameOf) : []
        }),
        // Without its folder the file cannot be written.
        setDown: (down) =>
          Effect.sync(() => {
            const [from, to] = down ? ["up", "down"] : ["down", "up"]
            if (Fs.existsSync(at(from))) Fs.renameSync(at(from), at(to))
          })
      }
    }))
  )

  // Only the second intake goes down, and only what arrives there is looked at: the first one has everything at once.
  writerLaws(
    "a tee to two intakes",
    Effect.flatMap(
      Effect.orDie(DevAgent.make()),
      (first) =>
        server((second) =>
          LLMObs.layer({ ...nowhere, apm: "off" }).pipe(Layer.provide(Layer.orDie(TwoIntakes.layer(
            { url: first.url, apiKey: Redacted.make("one") },
            { url: second.url, apiKey: Redacted.make("two") }
          ))))
        )
    )
  )

  writerLaws(
    "traces on a stream",
    Effect.map(kept, ({ isDown, layer, names, setDown }) => {
      const stream = new Writable({
        autoDestroy: false,
        write: (framed: Buffer, _encoding, done) => {
          if (isDown()) return done(new Error("down"))
          names.push(...namesIn(framed.subarray(4)))
          done()
        }
      })
      stream.on("error", () => {})
      return {
        layer: LLMObs.layer(nowhere).pipe(Layer.provide(TracesToStream.layer(stream)), Layer.provide(layer)),
        arrived: Effect.sync(() => names),
        setDown
      }
    })
  )
})

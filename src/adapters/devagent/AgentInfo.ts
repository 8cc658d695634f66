/**
 * The answer to `/info`, from which clients learn the capabilities of an Agent.
 */

/** The version of the Agent that the embedded Agent imitates and reports. */
export const version = "7.85.1"

/** The endpoints that are served. */
export const servedEndpoints: ReadonlyArray<string> = [
  "/v0.3/traces",
  "/v0.4/traces",
  "/evp_proxy/v1/",
  "/evp_proxy/v2/",
  "/evp_proxy/v3/",
  "/evp_proxy/v4/"
]

/**
 * The settings of the answer. `info` is merged over it last: a key that is `undefined` is left out, as an older
 * Agent would.
 */
export interface InfoSettings {
  readonly endpoints: ReadonlyArray<string>
  readonly clientDropP0s: boolean
  readonly spanMetaStructs: boolean
  readonly maxRequestBytes: number
  readonly ignoreResources: ReadonlyArray<string>
  readonly filterTags: { readonly require: ReadonlyArray<string>; readonly reject: ReadonlyArray<string> }
  readonly info: { readonly [key: string]: unknown }
}

/**
 * The JSON text of the answer, and its hash: the state that goes out with every response, so that a client notices a
 * change.
 */
export const render = (
  settings: InfoSettings,
  listening: { readonly port: number; readonly socketPath: string }
): { readonly text: string; readonly state: string } => {
  const text = JSON.stringify({
    version,
    git_commit: "",
    endpoints: settings.endpoints,
    feature_flags: [],
    client_drop_p0s: settings.clientDropP0s,
    span_meta_structs: settings.spanMetaStructs,
    long_running_spans: true,
    span_events: true,
    evp_proxy_allowed_headers: [
      "Content-Type",
      "Accept-Encoding",
      "Content-Encoding",
      "User-Agent",
      "DD-CI-PROVIDER-NAME"
    ],
    config: {
      default_env: "none",
      target_tps: 10,
      max_eps: 200,
      receiver_port: listening.port,
      receiver_socket: listening.socketPath,
      connection_limit: 0,
      receiver_timeout: 0,
      max_request_bytes: settings.maxRequestBytes,
      statsd_port: 8125,
      max_memory: 0,
      max_cpu: 0,
      analyzed_spans_by_service: {},
      obfuscation: {}
    },
    peer_tags: [],
    span_kinds_stats_computed: [],
    obfuscation_version: 1,
    filter_tags: settings.filterTags,
    filter_tags_regex: { require: [], reject: [] },
    ignore_resources: settings.ignoreResources,
    ...settings.info
  })
  return { text, state: process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex") }
}

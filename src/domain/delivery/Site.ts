/**
 * Datadog's sites and the hosts of their intakes.
 *
 * **Details**
 *
 * A site decides where prompts are sent, and a mistyped name may be a stranger's domain. A site that is not in the list
 * is refused unless the caller allows it.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * Host names, without scheme or port.
 *
 * @category models
 * @since 0.1.0
 */
export interface Site {
  /** For example `datadoghq.eu`. */
  readonly name: string
  /** Span events. */
  readonly llmobsHost: string
  /** Evaluations and feedback. */
  readonly apiHost: string
  /** Traces without an Agent. */
  readonly apmAgentlessHost: string
}

/**
 * The known sites. The value is the host that takes traces without an Agent, if it does not follow from the name.
 *
 * @category constants
 * @since 0.1.0
 */
export const known: ReadonlyMap<string, string | undefined> = new Map([
  ["datadoghq.com", "public-trace-http-intake.logs.datadoghq.com"],
  ["datadoghq.eu", "public-trace-http-intake.logs.datadoghq.eu"],
  ["us3.datadoghq.com", "trace.browser-intake-us3-datadoghq.com"],
  ["us5.datadoghq.com", "trace.browser-intake-us5-datadoghq.com"],
  ["ap1.datadoghq.com", undefined],
  ["ap2.datadoghq.com", undefined],
  ["uk1.datadoghq.com", undefined],
  ["ddog-gov.com", undefined],
  ["us2.ddog-gov.com", undefined],
  ["datad0g.com", "public-trace-http-intake.logs.datad0g.com"]
])

/**
 * The site if the setting is absent.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultName = "datadoghq.com"

const hostName = /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,7}$/

/**
 * Reads `DD_SITE`; absent means `datadoghq.com`. A bad name has no fallback, because an event meant for one region must
 * not go to another. `setting` is the name that problems use.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  text: string | undefined,
  options?: { readonly allowUnknown?: boolean | undefined; readonly setting?: string | undefined }
): Checked<Site | undefined> => {
  const name = (text ?? defaultName).trim().toLowerCase()
  const setting = options?.setting ?? "DD_SITE"
  if (name === "") {
    return {
      value: undefined,
      problems: [
        Problem.make("missing_site", `${setting} is empty. Set it to your Datadog site, such as datadoghq.com.`)
      ]
    }
  }
  if (known.has(name)) return Problem.ok(make(name))
  if (options?.allowUnknown === true && hostName.test(name)) return Problem.ok(make(name))
  return {
    value: undefined,
    problems: [
      Problem.make(
        "invalid_setting",
        `${setting} must be a Datadog site (${
          [...known.keys()].join(", ")
        }), or the option allowUnknownSite be true. ` +
          "Without a site no event goes to an intake directly."
      )
    ]
  }
}

const make = (name: string): Site => {
  const lastDot = name.lastIndexOf(".")
  return {
    name,
    llmobsHost: `llmobs-intake.${name}`,
    apiHost: `api.${name}`,
    apmAgentlessHost: known.get(name) ??
      `browser-intake-${name.slice(0, lastDot).replaceAll(".", "-")}${name.slice(lastDot)}`
  }
}

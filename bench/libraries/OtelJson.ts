/** The OpenTelemetry SDK with its exporter of OTLP as JSON. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import type { Start } from "../Library.ts"
import * as OtelProgram from "./OtelProgram.ts"

export const start: Start = async (sink) => OtelProgram.start(new OTLPTraceExporter({ url: `${sink}/v1/traces` }))

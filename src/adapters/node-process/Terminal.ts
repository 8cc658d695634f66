/**
 * The terminal that the program writes to.
 */
import type { styleText } from "node:util"
import * as Builtin from "./Builtin.ts"

/** Whether standard output is a terminal, and no file or pipe. */
export const isTerminal = (): boolean => Builtin.current?.stdout?.isTTY === true

/** Its width; 80 where it has none. */
export const columns = (): number => Builtin.current?.stdout?.columns ?? 80

/** Colours a text, where the terminal has colours and neither `NO_COLOR` nor a pipe forbids them. */
export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  Builtin.get("node:util")?.styleText(style, text, { stream: process.stdout }) ?? text

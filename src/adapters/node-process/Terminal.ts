/**
 * The terminal that the program writes to.
 */
import * as Process from "node:process"
import { styleText } from "node:util"

/** Whether standard output is a terminal, and no file or pipe. */
export const isTerminal = (): boolean => Process.stdout.isTTY === true

/** Its width; 80 where it has none. */
export const columns = (): number => Process.stdout.columns ?? 80

/** Colours a text, where the terminal has colours and neither `NO_COLOR` nor a pipe forbids them. */
export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  styleText(style, text, { stream: Process.stdout })

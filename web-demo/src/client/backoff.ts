import { CloseCode } from "./messages.js";

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Closes after which coming back would only be refused again. */
const FINAL: ReadonlySet<number> = new Set([CloseCode.BAD_TOKEN, CloseCode.REPLACED, CloseCode.PUT_OUT]);

/** How long to wait before the next try, or null for never; `attempt` counts failures in a row from zero. */
export function retryDelayMs(attempt: number, closeCode: number, random: () => number = Math.random): number | null {
  if (FINAL.has(closeCode)) return null;
  if (closeCode === CloseCode.TOO_MANY) return LONGEST_MS * (0.75 + random() / 4);
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return ceiling * (0.5 + random() / 2);
}

/**
 * Places in an order that others change at the same time: text keys compared by code unit, and always room for another
 * between two (fractional indexing). Written here because it is short, and because it must step aside, which the
 * packages do not: keys that other clients wrote may be equal, empty or of other letters.
 */
import { compare } from "./document.js";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST = DIGITS[0]!;
const LAST = DIGITS.at(-1)!;
const MIDDLE = DIGITS[DIGITS.length >> 1]!;
const OURS = /^[0-9A-Za-z]*[1-9A-Za-z]$/;
const LONGEST = 64;

/** A key after `low` and before `high` (null: no bound); null where there is none to be had. */
export function keyBetween(low: string | null, high: string | null): string | null {
  if ((low !== null && !OURS.test(low)) || (high !== null && !OURS.test(high))) return null;
  if (low !== null && high !== null && low >= high) return null;
  const key = high === null ? after(low ?? "") : low === null ? before(high) : between(low, high);
  return key.length > LONGEST ? null : key;
}

/** `count` keys in order, evenly apart. */
export function freshKeys(count: number): readonly string[] {
  const width = count < DIGITS.length ? 1 : 2;
  const step = DIGITS.length ** width / (count + 1);
  return Array.from({ length: count }, (_, i) => digits(Math.floor((i + 1) * step), width));
}

export interface Ordered {
  readonly id: string;
  readonly order: string;
}

/** As everybody sees them: by key, and where two have one key, by id. */
export function inOrder(a: Ordered, b: Ordered): number {
  return compare(a.order, b.order) || compare(a.id, b.id);
}

/** The keys to write so that `id` comes to lie at `index` among the others: its own alone, unless the others leave no room. */
export function placeAt(others: readonly Ordered[], id: string, index: number): readonly Ordered[] {
  const key = keyBetween(others[index - 1]?.order ?? null, others[index]?.order ?? null);
  if (key !== null) return [{ id, order: key }];
  const ids = others.map((other) => other.id).toSpliced(index, 0, id);
  return freshKeys(ids.length).map((order, i) => ({ id: ids[i]!, order }));
}

/** The next key: one up at the first digit that has one, so that a long row of additions stays short. */
function after(low: string): string {
  for (const [at, digit] of [...low].entries()) if (digit !== LAST) return low.slice(0, at) + DIGITS[DIGITS.indexOf(digit) + 1]!;
  return low + MIDDLE;
}

function before(high: string): string {
  const at = [...high].findIndex((digit) => digit !== FIRST);
  const down = DIGITS[DIGITS.indexOf(high[at]!) - 1]!;
  return high.slice(0, at) + (down === FIRST ? FIRST + MIDDLE : down);
}

function between(low: string, high: string): string {
  let at = 0;
  while ((low[at] ?? FIRST) === high[at]) at++;
  const from = DIGITS.indexOf(low[at] ?? FIRST);
  const to = DIGITS.indexOf(high[at]!);
  if (to - from > 1) return high.slice(0, at) + DIGITS[(from + to) >> 1]!;
  return high.slice(0, at) + DIGITS[from]! + after(low.slice(at + 1));
}

function digits(value: number, width: number): string {
  const text = width === 1 ? DIGITS[value]! : DIGITS[Math.floor(value / DIGITS.length)]! + DIGITS[value % DIGITS.length]!;
  return text.endsWith(FIRST) ? text + MIDDLE : text;
}

/** Checks of decoded values: each returns what is wrong, or null. A message from a hub is input like any other (C5). */
export type Check = (value: unknown, at: string) => string | null;
export type Fields = Readonly<Record<string, Check>>;

const MAX_TICK = 2 ** 40;

export const text: Check = (value, at) => (typeof value === "string" ? null : `${at} is no text`);
export const flag: Check = (value, at) => (typeof value === "boolean" ? null : `${at} is no boolean`);
export const bytes: Check = (value, at) => (value instanceof Uint8Array ? null : `${at} is no bytes`);
export const finite: Check = (value, at) =>
  typeof value === "number" && Number.isFinite(value) ? null : `${at} is no finite number`;

export const anyNumber: Check = (value, at) => (typeof value === "bigint" ? null : finite(value, at));

export function whole(max = Number.MAX_SAFE_INTEGER, min = 0): Check {
  return (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? null
      : `${at} is no integer from ${min} to ${max}`;
}

export function between(min: number, max: number): Check {
  return (value, at) => finite(value, at) ?? ((value as number) >= min && (value as number) <= max ? null : `${at} is not from ${min} to ${max}`);
}

export function oneOf(...values: readonly (string | number)[]): Check {
  return (value, at) => (values.includes(value as string | number) ? null : `${at} is none of ${values.join(", ")}`);
}

/** Null counts as absent, as in the hub's own messages. */
export function optional(check: Check): Check {
  return (value, at) => (value === undefined || value === null ? null : check(value, at));
}

export function listOf(check: Check): Check {
  return (value, at) => (Array.isArray(value) ? firstFault(value, (item, index) => check(item, `${at}[${index}]`)) : `${at} is no list`);
}

/** A map with at least these fields; others are ignored (C3). */
export function record(fields: Fields): Check {
  return (value, at) =>
    isMap(value) ? firstFault(Object.keys(fields), (name) => fields[name]!(value[name], at ? `${at}.${name}` : name)) : `${at} is no map`;
}

/** Anything that is a map, left to whoever reads it. */
export const anyMap: Check = (value, at) => (isMap(value) ? null : `${at} is no map`);

export const micros = whole();
export const sample = whole();
export const seq = whole();
export const tick = whole(MAX_TICK);
export const epoch = whole(2 ** 31 - 1);
export const bpm = between(20, 999);

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function firstFault<T>(items: readonly T[], check: (item: T, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const fault = check(item, index);
    if (fault !== null) return fault;
  }
  return null;
}

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../protocol/vectors/", import.meta.url));

/** Files of another shape than encoded messages. */
const TABLES: ReadonlySet<string> = new Set(["timeline.json", "documents.json"]);

export interface Vector {
  readonly name: string;
  readonly direction: "client" | "hub";
  readonly hex: string;
  readonly message?: unknown;
  readonly error?: string;
}

export function readVectors(): readonly Vector[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json") && !TABLES.has(file))
    .flatMap((file) => JSON.parse(readFileSync(FOLDER + file, "utf8")) as Vector[]);
}

export function readTimelineVectors<T>(): readonly T[] {
  return JSON.parse(readFileSync(FOLDER + "timeline.json", "utf8")) as T[];
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** The message with its bytes in place: `{"$bytes": hex}` in JSON. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  if ("$bytes" in value) return fromHex(String(value.$bytes));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

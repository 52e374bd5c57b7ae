import type { Job } from "../client/index.js";

const COLORS: Readonly<Record<string, string>> = {
  drums: "#5aa9e6",
  log_drum: "#f08a5d",
  bass: "#b9c84a",
  vocals: "#5fc9bd",
  other: "#d782ba",
};
const SPARE = ["#7e9cf0", "#cfa25a", "#6fbf8b", "#c98be0"];
const NAMES: Readonly<Record<string, string>> = { log_drum: "Log drum", other: "Keys & pads" };
const ORDER = ["drums", "log_drum", "bass", "other", "vocals"];

export function stemColor(stem: string): string {
  return COLORS[stem] ?? SPARE[[...stem].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % SPARE.length]!;
}

/** What a stem holds; what a separation leaves is not the keys alone. */
export function stemName(stem: string, kind: Job["kind"] = "generate"): string {
  if (kind === "separate" && stem === "other") return "Everything else";
  return NAMES[stem] ?? stem.charAt(0).toUpperCase() + stem.slice(1).replaceAll("_", " ");
}

/** Drums first, as on any desk. */
export function stemOrder(stem: string): number {
  const place = ORDER.indexOf(stem);
  return place < 0 ? ORDER.length : place;
}

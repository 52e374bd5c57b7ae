/** What a track may be played with, as `instruments.py` has it; a test compares the two. */

export interface Instrument {
  readonly name: string;
  readonly label: string;
  /** how many sounds it has */
  readonly patches: number;
}

export const INSTRUMENTS: readonly Instrument[] = [
  { name: "drums", label: "Drums", patches: 16 },
  { name: "log_drum", label: "Log drum", patches: 6 },
  { name: "bass", label: "Bass", patches: 1 },
  { name: "piano", label: "Electric piano", patches: 1 },
  { name: "pad", label: "Pad", patches: 3 },
  { name: "organ", label: "Organ", patches: 1 },
  { name: "kalimba", label: "Kalimba", patches: 1 },
  { name: "bell", label: "Bell", patches: 1 },
  { name: "flute", label: "Flute", patches: 1 },
];

/** What a track plays that names nothing known (D1). */
export const PLAIN_INSTRUMENT = "piano";

export const DRUM_KEYS: Readonly<Record<number, string>> = {
  36: "kick",
  37: "rim",
  38: "snare",
  39: "clap",
  41: "low tom",
  42: "closed hat",
  43: "tom",
  45: "high tom",
  46: "open hat",
  48: "top tom",
  49: "crash",
  62: "muted high conga",
  63: "high conga",
  64: "low conga",
  69: "cabasa",
  70: "shaker, back",
  75: "conga slap",
  82: "shaker",
};

/** Read `log_drum:3` as `log_drum` and its patch 3; what is not known is played as the plain one. */
export function instrumentOf(text: string): { readonly instrument: Instrument; readonly patch: number } {
  const [, name, patch] = /^\s*([a-z_]+)\s*(?::(\d{0,3}))?$/.exec(text) ?? [];
  const instrument = INSTRUMENTS.find((one) => one.name === name);
  if (instrument === undefined) return { instrument: INSTRUMENTS.find((one) => one.name === PLAIN_INSTRUMENT)!, patch: 0 };
  return { instrument, patch: Number(patch || 0) % instrument.patches };
}

/** How a track names an instrument and one of its sounds. */
export function instrumentText({ name }: Instrument, patch: number): string {
  return patch === 0 ? name : `${name}:${patch}`;
}

/** People count from one; the first sound is the instrument itself. */
export function instrumentLabel({ label }: Instrument, patch: number): string {
  return patch === 0 ? label : `${label} ${patch + 1}`;
}

export function isDrums(text: string): boolean {
  return instrumentOf(text).instrument.name === "drums";
}

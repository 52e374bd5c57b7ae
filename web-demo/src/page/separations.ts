/** What can be said of separations and of the sounds they are of; pure. */
import { type Asset, type Job, type JobParams, MIX, type RoomState, SAMPLE_RATE, type Span, type StreamState } from "../client/index.js";

/** What can be asked for; `other`, which is all that these leave, always comes. */
export const STEMS = ["vocals", "drums", "bass", "log_drum"] as const;
export type Stem = (typeof STEMS)[number];

/** What is said where there is nothing else to say which of the hub's separators is meant. */
export const MODELS: readonly (readonly [model: string, name: string])[] = [
  ["", "Built in"],
  ["htdemucs", "htdemucs"],
  ["htdemucs_ft", "htdemucs_ft"],
  ["htdemucs_6s", "htdemucs_6s"],
];

/** What is to be separated, and what it is called. */
export interface Offer {
  readonly title: string;
  readonly of: Pick<JobParams, "asset" | "job" | "clip">;
}

const FILE_ENDING = /\.(wav|flac|mp3|ogg|oga|opus|m4a|aiff?|mp4)$/i;

/** A sound as people call it. */
export function soundName(name: string): string {
  return name.replace(FILE_ENDING, "") || name;
}

export function isSeparation(job: Job): boolean {
  return job.kind === "separate";
}

/** The stems of a separation, without the sound itself. */
export function stemsOf({ streams }: RoomState, job: string): readonly StreamState[] {
  return streams.filter(({ open }) => open.job === job && open.stem !== MIX);
}

/** Whether a separation follows a generation that has no end yet. */
export function followsOn(room: RoomState, { job, params, state }: Job): boolean {
  const streams = stemsOf(room, job);
  if (streams.length > 0) return state === "running" && streams.some(({ open }) => open.samples === undefined || open.samples === null);
  const source = room.jobs.find((one) => one.job === params.job);
  return source !== undefined && typeof source.params.bars !== "number" && source.state === "running";
}

/** "3:07": minutes and seconds. */
export function duration(samples: number, sampleRate: number = SAMPLE_RATE): string {
  const seconds = Math.round(samples / sampleRate);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A sound's length and kind: "3:07, 44.1 kHz stereo". */
export function soundDetail({ samples, sample_rate, channels }: Asset): string {
  const width = channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`;
  return `${duration(samples, sample_rate)}, ${Number((sample_rate / 1000).toFixed(2))} kHz ${width}`;
}

/** What of [0, length) lies in none of the spans. */
export function uncovered(spans: readonly Span[], length: number): readonly Span[] {
  const gaps: Span[] = [];
  let at = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    if (from > at) gaps.push({ from: at, to: Math.min(from, length) });
    at = Math.max(at, to);
  }
  return at < length ? [...gaps, { from: at, to: length }] : gaps;
}

/** What lies in every one of several lists of spans. */
export function common(lists: readonly (readonly Span[])[]): readonly Span[] {
  const [first = [], ...rest] = lists;
  return rest.reduce<readonly Span[]>((all, list) => all.flatMap((a) => list.flatMap((b) => overlap(a, b))), first.filter(({ from, to }) => to > from));
}

function overlap(a: Span, b: Span): readonly Span[] {
  const both = { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
  return both.to > both.from ? [both] : [];
}

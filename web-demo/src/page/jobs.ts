/** What can be said of a room's jobs and their choices; pure. */
import { type Choice, type Job, type JobParams, type Op, type RoomState, type StreamState } from "../client/index.js";

export type Section = NonNullable<JobParams["section"]>;

/** In the order in which a piece goes through them; keys 1 to 5. */
export const SECTIONS: readonly Section[] = ["intro", "build", "drop", "break", "outro"];

/** The clip parameter that means all of them (J8). */
export const EVERY_CLIP = "*";

/** Two tempos that nobody tells apart. */
const SAME_BPM = 0.05;

export function isComposed(job: Job): boolean {
  return job.kind === "generate" && job.params.clip === undefined;
}

/** Whether it goes on until it is cancelled, and can be led meanwhile (J1). */
export function isLed(job: Job): boolean {
  return isComposed(job) && job.state === "running" && typeof job.params.bars !== "number";
}

/** The generation that steering means: the newest endless one. */
export function ledJob({ jobs }: RoomState): Job | undefined {
  return jobs.findLast(isLed);
}

/** What plays the notes of a clip, or of all (J8). */
export function notesJob({ jobs }: RoomState, clip: string): Job | undefined {
  return jobs.findLast((job) => job.kind === "generate" && job.params.clip === clip && (job.state === "queued" || job.state === "running"));
}

/** Whether an element came from the genre, not from the prompt (J6). */
export function isAdded({ what }: Choice): boolean {
  return what === "added";
}

/** The tempo that a prompt asked for, where the room plays another (J6). */
export function otherTempo(choices: readonly Choice[], bpm: number): number | null {
  const wish = parseFloat(choices.find(({ what }) => what === "tempo wish")?.value ?? "");
  return wish >= 20 && wish <= 999 && Math.abs(wish - bpm) > SAME_BPM ? wish : null;
}

/** The finished stems of a job, where the hub kept every one. */
export function keptStems(room: RoomState, job: string): readonly StreamState[] {
  const streams = room.streams.filter((stream) => stream.open.job === job);
  return streams.every((stream) => stream.samples !== null && stream.asset !== null) ? streams : [];
}

/** What was written down, as a sentence: "6 tracks, Drop, bars 9 to 24" (J9). */
export function writtenText(ops: readonly Op[], barTicks: number): string {
  const clips = ops.filter((op) => op.op === "put" && op.kind === "clip").map((op) => op.props!);
  const [first] = clips;
  if (first === undefined) return "This section is in the tracks already.";
  const start = Math.floor(first.start_tick! / barTicks) + 1;
  const end = Math.max(start, Math.ceil((first.start_tick! + first.length_ticks!) / barTicks));
  const tracks = new Set(clips.map((clip) => clip.track)).size;
  const bars = start === end ? `bar ${start}` : `bars ${start} to ${end}`;
  return `Written: ${[tracks === 1 ? "1 track" : `${tracks} tracks`, first.name, bars].filter(Boolean).join(", ")}.`;
}

/** Whether a clip's notes were written by an engine: a hub's ids are 20 hexadecimal digits, a page's 16 letters. */
export function isWritten(clip: string): boolean {
  return /^[0-9a-f]{20}$/.test(clip);
}

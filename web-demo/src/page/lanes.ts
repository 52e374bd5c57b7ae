import type { Job, RoomState, StreamState } from "../client/index.js";
import { EVERY_CLIP, isComposed } from "./jobs.js";
import { stemOrder } from "./stems.js";

export const HEADER_HEIGHT = 30;
export const ROW_HEIGHT = 58;

/** One job's streams, as they lie under each other in the arrangement. */
export interface LaneGroup {
  readonly job: Job;
  readonly top: number;
  readonly folded: boolean;
  readonly lanes: readonly Lane[];
}

export interface Lane {
  readonly stream: StreamState;
  readonly top: number;
}

/** Where generated stems lie, from `top` on; jobs without streams yet are not on the timeline. */
export function layOut(room: RoomState, folded: ReadonlySet<string>, top = 0): readonly LaneGroup[] {
  return room.jobs.flatMap((job) => {
    const streams = room.streams.filter((s) => s.open.job === job.job).sort((a, b) => stemOrder(a.open.stem) - stemOrder(b.open.stem));
    if (streams.length === 0) return [];
    const isFolded = folded.has(job.job);
    const lanes = streams.map((stream, i) => ({ stream, top: isFolded ? top : top + HEADER_HEIGHT + i * ROW_HEIGHT }));
    const group: LaneGroup = { job, top, folded: isFolded, lanes };
    top += groupHeight(group);
    return [group];
  });
}

export function groupHeight(group: LaneGroup): number {
  return HEADER_HEIGHT + (group.folded ? 0 : group.lanes.length * ROW_HEIGHT);
}

/** Height of everything. */
export function totalHeight(groups: readonly LaneGroup[]): number {
  const last = groups.at(-1);
  return last === undefined ? 0 : last.top + groupHeight(last);
}

/** What a generation is called: its prompt, or what it is. */
export function jobTitle(job: Job): string {
  const prompt = job.params.prompt?.trim();
  if (prompt) return prompt;
  if (job.kind === "score") return "Score";
  if (job.params.clip !== undefined) return job.params.clip === EVERY_CLIP ? "Written notes" : "A clip's notes";
  return job.kind === "generate" ? "Groove" : "Stems";
}

/** The small print of a generation: key and length. */
export function jobDetail(job: Job): string {
  const bars = job.params.bars;
  const length = !isComposed(job) ? "" : typeof bars === "number" ? `${bars} bars` : "endless";
  return [job.params.key, length].filter(Boolean).join(" · ");
}

import { type Job, MIX, propsOf, type RoomState, type StreamState, type Document } from "../client/index.js";
import { EVERY_CLIP, isComposed } from "./jobs.js";
import { isSeparation, soundName } from "./separations.js";
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

/** Where stems lie, from `top` on; jobs without streams yet are not on the timeline, and a separated sound lies behind its stems. */
export function layOut(room: RoomState, folded: ReadonlySet<string>, top = 0): readonly LaneGroup[] {
  return room.jobs.flatMap((job) => {
    const streams = room.streams.filter((s) => s.open.job === job.job && s.open.stem !== MIX).sort((a, b) => stemOrder(a.open.stem) - stemOrder(b.open.stem));
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
  if (isSeparation(job)) return "Stems";
  if (job.params.clip !== undefined) return job.params.clip === EVERY_CLIP ? "Written notes" : "A clip's notes";
  return "Groove";
}

/** The same, where it is about something else of the room, after that: "Stems of Gwijo", "Score of Gwijo". */
export function titleIn(room: RoomState, document: Document, job: Job): string {
  const of = isSeparation(job) || job.kind === "score" ? sourceName(room, document, job) : null;
  return of === null ? jobTitle(job) : `${jobTitle(job)} of ${of}`;
}

/** What a job is about: a sound, a clip, a generation; null where that is not known any more. */
export function sourceName(room: RoomState, document: Document, { params }: Job): string | null {
  const asset = room.assets.find(({ asset }) => asset === params.asset);
  if (asset !== undefined) return soundName(asset.name);
  const generation = room.jobs.find(({ job }) => job === params.job);
  if (generation !== undefined) return jobTitle(generation);
  const clip = document.get("clip", params.clip ?? "");
  if (clip === undefined) return null;
  const sound = room.assets.find(({ asset }) => asset === propsOf(clip).asset);
  return propsOf(clip).name || (sound === undefined ? "a clip" : soundName(sound.name));
}

/** The small print of a generation: key and length. */
export function jobDetail(job: Job): string {
  const bars = job.params.bars;
  const length = !isComposed(job) ? "" : typeof bars === "number" ? `${bars} bars` : "endless";
  return [job.params.key, length].filter(Boolean).join(" · ");
}

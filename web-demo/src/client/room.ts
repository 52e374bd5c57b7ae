import type { Asset, Chat, Failure, HubMessage, Job, Limits, Member, RoomSettings, StreamOpen, Transport, Version, Welcome } from "./messages.js";
import { withTransport } from "./timeline.js";

/** A stream as it stands: `samples` is null while it goes on. */
export interface StreamState {
  readonly open: StreamOpen;
  readonly samples: number | null;
  readonly asset: string | null;
}

export interface Refusal extends Failure {
  readonly op_id: string | null;
}

/** Everything a member knows of a room; a pure fold over the hub's messages. */
export interface RoomState {
  readonly room: string;
  readonly session: string;
  readonly role: Member["role"];
  readonly members: readonly Member[];
  /** oldest first; the newest may still lie ahead (T5) */
  readonly transports: readonly Transport[];
  readonly jobs: readonly Job[];
  readonly streams: readonly StreamState[];
  readonly chat: readonly Chat[];
  readonly presence: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly assets: readonly Asset[];
  /** oldest first */
  readonly versions: readonly Version[];
  /** what the owner has decided; null where nothing was */
  readonly settings: RoomSettings | null;
  readonly limits: Limits;
  readonly lastError: Refusal | null;
}

export const emptyRoom: RoomState = {
  room: "",
  session: "",
  role: "listener",
  members: [],
  transports: [],
  jobs: [],
  streams: [],
  chat: [],
  presence: new Map(),
  assets: [],
  versions: [],
  settings: null,
  limits: {},
  lastError: null,
};

const CHAT_KEPT = 500;
const THRESHOLD = 0.5;

/** The room after one more message; the same object where nothing changed. */
export function foldRoom(state: RoomState, message: HubMessage): RoomState {
  switch (message.type) {
    case "welcome":
      return welcomed(state, message);
    case "transport":
      return { ...state, transports: withTransport(state.transports, message) };
    case "member.joined":
      return { ...state, members: [...without(state.members, "session", message.member.session), message.member] };
    case "member.left":
      return left(state, message.session);
    case "presence":
      return { ...state, presence: new Map(state.presence).set(message.session, message.state) };
    case "chat":
      return said(state, message);
    case "job":
      return jobChanged(state, message);
    case "stream.open":
      return { ...state, streams: [...state.streams.filter((s) => s.open.stream !== message.stream), { open: message, samples: null, asset: null }] };
    case "stream.epoch":
      return changeStream(state, message.stream, (s) => ({ ...s, samples: null, open: { ...s.open, epoch: message.epoch, bpm: message.bpm } }));
    case "stream.close":
      return changeStream(state, message.stream, (s) => ({ ...s, samples: message.samples, asset: message.asset }));
    case "asset":
      return { ...state, assets: [...without(state.assets, "asset", message.asset), message] };
    case "version":
      return { ...state, versions: [...without(state.versions, "version", message.version), message].sort((a, b) => a.seq - b.seq) };
    case "version.list":
      return { ...state, versions: message.versions };
    case "version.deleted":
      return { ...state, versions: without(state.versions, "version", message.version) };
    case "settings":
      return state.settings !== null && message.seq <= state.settings.seq ? state : { ...state, settings: message };
    case "error":
      return { ...state, lastError: { code: message.code, message: message.message, op_id: message.op_id ?? null } };
    case "rejected":
      return { ...state, lastError: { code: message.code, message: message.message, op_id: message.op_id } };
    case "chunk":
    case "clock.pong":
    case "stream.gap":
    case "note.live":
    case "applied":
      return state;
    default:
      return unreachable(message, state);
  }
}

function welcomed(state: RoomState, message: Welcome): RoomState {
  const known = new Map(state.streams.map((s) => [s.open.stream, s]));
  const streams = message.streams.map((open) => ({ asset: null, samples: null, ...known.get(open.stream), open }));
  return {
    ...emptyRoom,
    room: message.room,
    session: message.session,
    role: message.role,
    members: message.members,
    transports: [message.transport],
    jobs: message.jobs.filter(isAlive),
    streams,
    chat: message.recovered ? state.chat : (message.snapshot?.chat ?? []),
    presence: message.recovered ? state.presence : new Map(),
    assets: message.recovered ? state.assets : (message.snapshot?.assets ?? []),
    versions: message.recovered ? state.versions : (message.snapshot?.versions ?? []),
    settings: message.recovered ? state.settings : (message.snapshot?.settings ?? null),
    limits: message.limits,
  };
}

function left(state: RoomState, session: string): RoomState {
  const presence = new Map(state.presence);
  presence.delete(session);
  return { ...state, presence, members: without(state.members, "session", session) };
}

function said(state: RoomState, message: Chat): RoomState {
  const newest = state.chat.at(-1);
  if (newest !== undefined && message.seq <= newest.seq) return state;
  return { ...state, chat: [...state.chat, message].slice(-CHAT_KEPT) };
}

function jobChanged(state: RoomState, message: Job): RoomState {
  const known = state.jobs.some((job) => job.job === message.job);
  const jobs = known ? state.jobs.map((job) => (job.job === message.job ? message : job)) : [...state.jobs, message];
  if (isAlive(message)) return { ...state, jobs };
  // What is cancelled or failed leaves the timeline (A8); a failure stays on the list, to be read.
  return {
    ...state,
    jobs: message.state === "failed" ? jobs : without(jobs, "job", message.job),
    streams: state.streams.filter((s) => s.open.job !== message.job),
  };
}

/** What a score has to reach here (J10). */
export function thresholdOf({ settings }: RoomState): number {
  return settings?.threshold ?? THRESHOLD;
}

/** Whether a job's streams belong on the timeline. */
export function isAlive(job: Job): boolean {
  return job.state !== "cancelled" && job.state !== "failed";
}

function changeStream(state: RoomState, stream: string, change: (s: StreamState) => StreamState): RoomState {
  return { ...state, streams: state.streams.map((s) => (s.open.stream === stream ? change(s) : s)) };
}

function without<T, K extends keyof T>(items: readonly T[], key: K, value: T[K]): readonly T[] {
  return items.filter((item) => item[key] !== value);
}

function unreachable(_message: never, state: RoomState): RoomState {
  return state;
}

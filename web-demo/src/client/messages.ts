// Generated from logdrum_protocol; do not edit. `make types` writes it anew, and a test fails when it is stale.

/** Stable codes of `error`, `rejected`, failed jobs and HTTP errors; new ones may be added. */
export const ErrorCode = {
  BAD_MESSAGE: "bad_message",
  UNKNOWN_TYPE: "unknown_type",
  MESSAGE_TOO_BIG: "message_too_big",
  HELLO_EXPECTED: "hello_expected",
  HELLO_TIMEOUT: "hello_timeout",
  BAD_SUBPROTOCOL: "bad_subprotocol",
  BAD_ROOM: "bad_room",
  NAME_TAKEN: "name_taken",
  BAD_TOKEN: "bad_token",
  BAD_ORIGIN: "bad_origin",
  ROOM_FULL: "room_full",
  RATE_LIMITED: "rate_limited",
  DRAINING: "draining",
  FORBIDDEN: "forbidden",
  UNSUPPORTED: "unsupported",
  BAD_PARAMS: "bad_params",
  BAD_REFERENCE: "bad_reference",
  NOTHING_TO_UNDO: "nothing_to_undo",
  TOO_MANY: "too_many",
  NOT_FOUND: "not_found",
  GONE: "gone",
  BAD_RANGE: "bad_range",
  UNSUPPORTED_MEDIA: "unsupported_media",
  TOO_LARGE: "too_large",
  NO_SPACE: "no_space",
  TOO_MANY_JOBS: "too_many_jobs",
  NO_ENGINE: "no_engine",
  ENGINE_LOST: "engine_lost",
  ENGINE_ERROR: "engine_error",
  INTERNAL: "internal",
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** WebSocket close codes; 4400 and up are ours. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  NOT_BINARY: 1003,
  MESSAGE_TOO_BIG: 1009,
  DRAINING: 1012,
  BAD_MESSAGES: 4400,
  HELLO_EXPECTED: 4401,
  BAD_TOKEN: 4403,
  TOO_SLOW: 4408,
  REPLACED: 4409,
  PUT_OUT: 4410,
  TOO_MANY: 4429,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** The first message of a connection (H1). */
export interface Hello {
  readonly type: "hello";
  readonly name: string;
  readonly codecs?: readonly string[];
  readonly color?: string;
  readonly token?: string;
  readonly resume?: ResumePoint;
  /** audio wanted ahead of its moment, ms */
  readonly buffer_ms?: number;
}

/** Ask for the hub's time (K1). */
export interface ClockPing {
  readonly type: "clock.ping";
  readonly t0: number;
}

/** Change the musical transport; absent fields stay as they are, `loop: nil` clears the loop (T3). */
export interface TransportSet {
  readonly type: "transport.set";
  readonly op_id: string;
  readonly playing?: boolean;
  /** musical position, 960 a quarter note */
  readonly tick?: number;
  /** quarter notes a minute */
  readonly bpm?: number;
  readonly numerator?: number;
  readonly denominator?: 1 | 2 | 4 | 8 | 16 | 32;
  readonly loop?: Loop | null;
  readonly quantum?: "bar" | "beat" | "none";
}

/** Change the document, whole or not at all (D2). */
export interface Edit {
  readonly type: "edit";
  readonly op_id: string;
  readonly ops: readonly Op[];
}

/** Take back the sender's own last edit (D6). */
export interface Undo {
  readonly type: "undo";
  readonly op_id?: string;
}

/** Make the sender's last undone edit again (D6). */
export interface Redo {
  readonly type: "redo";
  readonly op_id?: string;
}

/** Keep the document as it is now under a name (V1). */
export interface VersionSave {
  readonly type: "version.save";
  readonly op_id: string;
  readonly name: string;
}

/** Ask which versions there are (V2). */
export interface VersionList {
  readonly type: "version.list";
  readonly op_id: string;
}

/** Make the document what it was in a version (V3). */
export interface VersionRestore {
  readonly type: "version.restore";
  readonly op_id: string;
  readonly version: string;
}

/** Forget a version (V4). */
export interface VersionDelete {
  readonly type: "version.delete";
  readonly op_id: string;
  readonly version: string;
}

/** Where the sender is looking; newest wins, never stored (P1). */
export interface SetPresence {
  readonly type: "presence";
  /** a small map (P1) */
  readonly state: Readonly<Record<string, boolean | number | string | readonly string[] | null>>;
}

/** Say something to the room (P3). */
export interface SendChat {
  readonly type: "chat";
  readonly text: string;
  readonly op_id?: string;
}

/** Play a note for the others to hear at once; velocity 0 releases (P4). */
export interface PlayNote {
  readonly type: "note.live";
  readonly track: string;
  /** MIDI note number */
  readonly pitch: number;
  readonly velocity: number;
  /** microseconds of the hub clock */
  readonly at_us: number;
}

/** Ask the engine for work (J1). */
export interface JobSubmit {
  readonly type: "job.submit";
  readonly op_id: string;
  readonly kind: "generate" | "score" | "separate";
  readonly params: JobParams;
}

/** Stop a job; a finished one leaves the timeline (J5). */
export interface JobCancel {
  readonly type: "job.cancel";
  readonly job: string;
}

/** Change a running generation from its next bar on (J1). */
export interface JobSteer {
  readonly type: "job.steer";
  readonly job: string;
  readonly params: JobParams;
}

/** Write the section that a generation plays at `tick` into the document, as notes (J9). */
export interface JobNotes {
  readonly type: "job.notes";
  readonly op_id: string;
  readonly job: string;
  /** musical position, 960 a quarter note */
  readonly tick?: number;
}

/** Set what the room's owner decides (J10). */
export interface SettingsSet {
  readonly type: "settings.set";
  readonly op_id: string;
  readonly threshold: number;
}

/** The answer to `hello`: everything a member needs to begin, or to go on (H2). */
export interface Welcome {
  readonly type: "welcome";
  readonly session: string;
  readonly key: string;
  readonly room: string;
  readonly role: "editor" | "listener" | "owner";
  /** counter of what voids what came before */
  readonly epoch: number;
  /** position in the room's history */
  readonly seq: number;
  /** microseconds of the hub clock */
  readonly now_us: number;
  readonly recovered: boolean;
  readonly transport: Transport;
  readonly members: readonly Member[];
  readonly jobs: readonly Job[];
  readonly streams: readonly StreamOpen[];
  readonly limits: Limits;
  readonly snapshot?: Snapshot | null;
}

/** The hub's time when a ping came and when this left (K1). */
export interface ClockPong {
  readonly type: "clock.pong";
  readonly t0: number;
  /** microseconds of the hub clock */
  readonly received_us: number;
  /** microseconds of the hub clock */
  readonly sent_us: number;
}

/** The room's transport from `anchor_us` on (T1, T2). */
export interface Transport {
  readonly type: "transport";
  /** revision of the transport */
  readonly rev: number;
  readonly playing: boolean;
  /** musical position, 960 a quarter note */
  readonly anchor_tick: number;
  /** microseconds of the hub clock */
  readonly anchor_us: number;
  /** quarter notes a minute */
  readonly bpm: number;
  readonly numerator: number;
  readonly denominator: 1 | 2 | 4 | 8 | 16 | 32;
  readonly loop: Loop | null;
  readonly by: string | null;
}

/** Someone came in (P2). */
export interface MemberJoined {
  readonly type: "member.joined";
  readonly member: Member;
}

/** Someone is gone: they left, were lost, or were closed (P2). */
export interface MemberLeft {
  readonly type: "member.left";
  readonly session: string;
  readonly reason: string;
}

/** Where another member is looking (P1). */
export interface Presence {
  readonly type: "presence";
  readonly session: string;
  /** a small map (P1) */
  readonly state: Readonly<Record<string, boolean | number | string | readonly string[] | null>>;
}

/** What someone said, in the room's history (P3). */
export interface Chat {
  readonly type: "chat";
  /** position in the room's history */
  readonly seq: number;
  readonly session: string;
  readonly name: string;
  readonly text: string;
  /** microseconds of the hub clock */
  readonly at_us: number;
  readonly op_id?: string | null;
}

/** A note another member plays now (P4). */
export interface NoteLive {
  readonly type: "note.live";
  readonly session: string;
  readonly track: string;
  /** MIDI note number */
  readonly pitch: number;
  readonly velocity: number;
  /** microseconds of the hub clock */
  readonly at_us: number;
}

/** An edit as everybody applies it (D3). */
export interface Applied {
  readonly type: "applied";
  /** position in the room's history */
  readonly seq: number;
  readonly op_id: string;
  readonly by: string;
  readonly ops: readonly Op[];
  readonly via?: "edit" | "notes" | "redo" | "restore" | "undo";
  readonly version?: string | null;
}

/** An edit refused, to its author alone (D3). */
export interface Rejected {
  readonly type: "rejected";
  readonly op_id: string;
  readonly code: string;
  readonly message: string;
}

/** The document as it was at `seq`, kept under a name (V1). */
export interface Version {
  readonly type: "version";
  /** position in the room's history */
  readonly seq: number;
  readonly version: string;
  readonly name: string;
  readonly by: string;
  readonly author: string;
  /** microseconds of the hub clock */
  readonly at_us: number;
  readonly op_id?: string | null;
}

/** Every version of the room, the oldest first (V2). */
export interface Versions {
  readonly type: "version.list";
  readonly op_id: string;
  readonly versions: readonly Version[];
}

/** A version was forgotten (V4). */
export interface VersionDeleted {
  readonly type: "version.deleted";
  /** position in the room's history */
  readonly seq: number;
  readonly version: string;
  readonly by: string;
  readonly op_id: string;
}

/** A job as it stands now (J1). */
export interface Job {
  readonly type: "job";
  readonly job: string;
  readonly kind: "generate" | "score" | "separate";
  readonly by: string;
  readonly state: "cancelled" | "done" | "failed" | "queued" | "running";
  readonly progress: number;
  readonly params: JobParams;
  readonly error?: Failure | null;
  readonly op_id?: string | null;
  readonly choices?: readonly Choice[];
  readonly conformance?: Conformance | null;
  readonly verdict?: "accept" | "reject" | "review" | null;
}

/** A stem begins: sample `s` sounds at `anchor_tick + s * bpm * 960 / (60 * sample_rate)` (A1). */
export interface StreamOpen {
  readonly type: "stream.open";
  readonly stream: string;
  readonly job: string;
  readonly stem: string;
  readonly sample_rate: number;
  readonly channels: number;
  readonly codec: "flac" | "pcm_s16le";
  /** musical position, 960 a quarter note */
  readonly anchor_tick: number;
  /** quarter notes a minute */
  readonly bpm: number;
  /** counter of what voids what came before */
  readonly epoch: number;
  /** audio position, samples per channel */
  readonly start_sample?: number;
  /** audio length, samples per channel */
  readonly samples?: number | null;
}

/** Audio of one stream, in its codec, from `start_sample` on (A2). */
export interface Chunk {
  readonly type: "chunk";
  readonly stream: string;
  /** counter of what voids what came before */
  readonly epoch: number;
  /** audio position, samples per channel */
  readonly start_sample: number;
  /** audio length, samples per channel */
  readonly samples: number;
  readonly data: Uint8Array;
}

/** What is queued from `start_sample` on is void; where `bpm` changes, all of it is (A3). */
export interface StreamEpoch {
  readonly type: "stream.epoch";
  readonly stream: string;
  /** counter of what voids what came before */
  readonly epoch: number;
  /** audio position, samples per channel */
  readonly start_sample: number;
  /** quarter notes a minute */
  readonly bpm: number;
}

/** This connection fell behind and will not be sent these samples (A4). */
export interface StreamGap {
  readonly type: "stream.gap";
  readonly stream: string;
  /** audio position, samples per channel */
  readonly from_sample: number;
  /** audio position, samples per channel */
  readonly to_sample: number;
}

/** A stream ends before sample `samples` (A4, A8). */
export interface StreamClose {
  readonly type: "stream.close";
  readonly stream: string;
  /** audio length, samples per channel */
  readonly samples: number;
  /** sha256 of the bytes */
  readonly asset: string | null;
}

/** A sound was stored in the room (A5). */
export interface Asset {
  readonly type: "asset";
  /** position in the room's history */
  readonly seq: number;
  /** sha256 of the bytes */
  readonly asset: string;
  readonly name: string;
  /** audio length, samples per channel */
  readonly samples: number;
  readonly sample_rate: number;
  readonly channels: number;
  readonly by: string | null;
}

/** What the room's owner has decided (J10). */
export interface RoomSettings {
  readonly type: "settings";
  /** position in the room's history */
  readonly seq: number;
  readonly by: string;
  readonly threshold: number;
  readonly op_id?: string | null;
}

/** Something the receiver asked for was refused (E1). */
export interface Error {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
  readonly op_id?: string | null;
}

/** Proof of an earlier stay, and how far its history was heard (H2). */
export interface ResumePoint {
  readonly session: string;
  readonly key: string;
  /** counter of what voids what came before */
  readonly epoch: number;
  /** position in the room's history */
  readonly seq: number;
}

/** Parameters of a job; `generate` reads those of J2, `separate` those of J3, `score` those of J10. */
export interface JobParams {
  readonly prompt?: string;
  readonly bars?: number | null;
  readonly seed?: number;
  readonly model?: string;
  readonly key?: string;
  /** musical position, 960 a quarter note */
  readonly start?: "bar" | "now" | number;
  /** sha256 of the bytes */
  readonly asset?: string;
  readonly stems?: boolean | readonly string[];
  readonly genre?: string;
  readonly level?: "contemporary" | "fusion" | "traditional";
  readonly enrich?: boolean;
  readonly section?: "break" | "build" | "drop" | "intro" | "outro";
  /** a clip, or * for all */
  readonly clip?: string;
  readonly job?: string;
  /** times that a sound is separated at other offsets */
  readonly shifts?: number;
  /** of a separator's windows */
  readonly overlap?: number;
}

/** What this hub accepts. */
export interface Limits {
  readonly max_message_bytes?: number;
  readonly max_members?: number;
  readonly max_jobs?: number;
  readonly max_asset_bytes?: number;
  readonly max_assets?: number;
  readonly max_versions?: number;
  readonly max_tracks?: number;
  readonly max_clips?: number;
  readonly max_notes?: number;
  readonly max_markers?: number;
}

/** One person in the room. */
export interface Member {
  readonly session: string;
  readonly name: string;
  readonly color: string;
  readonly role: "editor" | "listener" | "owner";
}

/** A span of ticks that playback repeats; the end is past its last tick (T1). */
export interface Loop {
  /** musical position, 960 a quarter note */
  readonly start_tick: number;
  /** musical position, 960 a quarter note */
  readonly end_tick: number;
}

/** One step of an edit. */
export interface Op {
  readonly op: "delete" | "put" | "set";
  readonly kind: "clip" | "marker" | "note" | "track";
  readonly id: string;
  readonly props?: Props;
}

/** The whole document, what is stored beside it, and the recent chat, at the `seq` of its `welcome` (H2). */
export interface Snapshot {
  readonly entities?: readonly Entity[];
  readonly assets?: readonly Asset[];
  readonly versions?: readonly Version[];
  readonly chat?: readonly Chat[];
  readonly settings?: RoomSettings | null;
}

/** Why a job failed: a stable code and a sentence. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** One musical decision of a generation, and what it came from (J6). */
export interface Choice {
  readonly what: string;
  readonly value: string;
  readonly why: string;
}

/** How far a sound follows a genre's conventions: a measure of convention, never of quality (J10). */
export interface Conformance {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly version: string;
  readonly genre: string;
  readonly fitted_on: string;
  readonly components?: readonly Component[];
}

/** Properties of an entity; which ones a kind carries, and what they are unless said, is D1's table. */
export interface Props {
  readonly name?: string;
  readonly order?: string;
  readonly color?: string;
  /** dB */
  readonly gain_db?: number;
  readonly pan?: number;
  readonly mute?: boolean;
  readonly solo?: boolean;
  readonly instrument?: string;
  readonly track?: string;
  /** musical position, 960 a quarter note */
  readonly start_tick?: number;
  /** musical length, 960 a quarter note */
  readonly length_ticks?: number;
  /** sha256 of the bytes */
  readonly asset?: string | null;
  /** audio position, samples per channel */
  readonly offset_samples?: number;
  readonly clip?: string;
  /** musical position, 960 a quarter note */
  readonly tick?: number;
  /** MIDI note number */
  readonly pitch?: number;
  readonly velocity?: number;
  readonly text?: string;
}

/** One thing in the document; in a document it has every property of its kind. */
export interface Entity {
  readonly kind: "clip" | "marker" | "note" | "track";
  readonly id: string;
  readonly props?: Props;
}

/** One reason of a conformance score. */
export interface Component {
  readonly name: string;
  readonly value: number;
  readonly weight: number;
  readonly reason: string;
}

export type ClientMessage =
  | Hello
  | ClockPing
  | TransportSet
  | Edit
  | Undo
  | Redo
  | VersionSave
  | VersionList
  | VersionRestore
  | VersionDelete
  | SetPresence
  | SendChat
  | PlayNote
  | JobSubmit
  | JobCancel
  | JobSteer
  | JobNotes
  | SettingsSet;

export type HubMessage =
  | Welcome
  | ClockPong
  | Transport
  | MemberJoined
  | MemberLeft
  | Presence
  | Chat
  | NoteLive
  | Applied
  | Rejected
  | Version
  | Versions
  | VersionDeleted
  | Job
  | StreamOpen
  | Chunk
  | StreamEpoch
  | StreamGap
  | StreamClose
  | Asset
  | RoomSettings
  | Error;

import {
  type ClientMessage,
  Connection,
  type ConnectionState,
  effective,
  Emitter,
  emptyRoom,
  foldRoom,
  HubClock,
  type HubMessage,
  type Job,
  type JobParams,
  keepVisit,
  newOpId,
  Player,
  type PlayerStatus,
  positionAt,
  roomUrl,
  type RoomState,
  type StripSettings,
  takeVisit,
  tokenFor,
  type Transport,
  barTicks,
  nextBoundary,
} from "../client/index.js";
import workletUrl from "../client/worklet.ts?worker&url";
import { readPref, writePref } from "./prefs.js";
import { PresenceSender } from "./presence.js";
import type { Offer } from "./separations.js";
import { Uploads } from "./uploads.js";
import { Work } from "./work.js";

/** Where on the page something was asked, and a refusal is shown. */
export type Place = "transport" | "make" | "jobs" | "chat" | "tracks" | "arrangement" | "notes" | "versions" | "sounds";

export interface Frame {
  readonly nowUs: number;
  readonly tick: number;
  readonly transport: Transport;
}

export interface Traffic {
  audioBytes: number;
  audioMessages: number;
  otherMessages: number;
}

export interface AppEvents {
  room: RoomState;
  link: ConnectionState;
  frame: Frame;
  status: PlayerStatus;
  /** a track was chosen, by its id or its stream's */
  select: string | null;
  mix: null;
  /** whether sound comes out */
  audio: boolean;
  refused: { readonly place: Place; readonly message: string };
  chunk: { readonly job: string };
  /** someone here wants something separated, and has not said how */
  separate: Offer;
}

export type TransportChange = Partial<Pick<Transport, "playing" | "bpm" | "numerator" | "denominator" | "loop">> & {
  readonly tick?: number;
  readonly quantum?: "none" | "beat" | "bar";
};

const BUFFER_MS = 4000;
const PENDING_MS = 1500;
const PLAY_ANYWAY_MS = 900;
const HEARD_WITHIN_MS = 10_000;
const DEFAULT_PROMPT = "warm amapiano groove, deep log drum";

/** One member in one room: the client library, joined to what the page remembers. */
export class App extends Emitter<AppEvents> {
  readonly clock: HubClock;
  readonly player: Player;
  readonly connection: Connection;
  readonly work: Work;
  readonly presence: PresenceSender;
  readonly uploads: Uploads;
  /** whether this member came in with a token: a link without one may open nothing for others */
  readonly byToken: boolean;
  readonly traffic: Traffic = { audioBytes: 0, audioMessages: 0, otherMessages: 0 };
  room: RoomState = emptyRoom;
  selected: string | null = null;
  status: PlayerStatus | null = null;
  /** position of the last frame */
  tick = 0;
  metronome = false;
  masterDb = Number(readPref("masterDb") ?? 0);
  offsetMs = Number(readPref("offsetMs") ?? 0);

  readonly #token: string | undefined;
  readonly #asked = new Map<string, Place>();
  #pending: { readonly change: TransportChange; readonly untilMs: number } | null = null;
  #frames = 0;
  #frameRequest = 0;

  constructor(
    readonly roomName: string,
    readonly me: { name: string; color: string },
  ) {
    super();
    const visit = takeVisit(sessionStorage, roomName);
    const token = tokenFor(sessionStorage, roomName, location.hash);
    this.#token = token;
    this.byToken = token !== undefined;
    this.connection = new Connection({
      url: roomUrl(location.origin, roomName),
      name: me.name,
      color: me.color,
      bufferMs: BUFFER_MS,
      ...(token !== undefined && { token }),
      ...(visit !== null && { resume: visit.resume }),
    });
    this.work = new Work(this);
    this.work.editor.reclaim(visit?.waiting ?? []);
    this.presence = new PresenceSender(this);
    this.uploads = new Uploads(this);
    this.clock = new HubClock((t0) => this.connection.send({ type: "clock.ping", t0 }));
    this.player = new Player({
      workletUrl,
      hubUsAt: (ms) => this.clock.hubUsAt(ms),
      streamUrl: (stream, from, to) => `/v1/rooms/${roomName}/streams/${encodeURIComponent(stream)}?from_sample=${from}&to_sample=${to}`,
      headers: this.#authorization(),
    });
    this.connection.on("state", (state) => this.#linkChanged(state));
    this.connection.on("message", ({ message }) => this.#receive(message));
    this.player.on("running", (running) => this.emit("audio", running));
  }

  /** What a request to the hub carries, so that it is this member's (H6, A5). */
  headers(): Readonly<Record<string, string>> {
    const { resume } = this.connection;
    return { ...this.#authorization(), ...(resume !== null && { "X-Logdrum-Session": resume.session, "X-Logdrum-Key": resume.key }) };
  }

  /** Where a sound that is called so goes. */
  assetsUrl(name: string): string {
    return `/v1/rooms/${this.roomName}/assets?name=${encodeURIComponent(name)}`;
  }

  /** Where a sound of the room is; a link carries no headers, so its token stands in it (H6). */
  assetUrl(asset: string): string {
    const token = this.#token === undefined ? "" : `?token=${encodeURIComponent(this.#token)}`;
    return `/v1/rooms/${this.roomName}/assets/${asset}${token}`;
  }

  start(): void {
    this.setMaster(this.masterDb);
    this.player.setManualOffset(this.offsetMs);
    void this.player.start();
    this.connection.open();
    this.#frameRequest = requestAnimationFrame(() => this.#tickFrame());
  }

  async stop(): Promise<void> {
    cancelAnimationFrame(this.#frameRequest);
    const { resume } = this.connection;
    if (resume !== null) keepVisit(sessionStorage, this.roomName, { resume, waiting: this.work.editor.waiting });
    this.clock.stop();
    this.work.editor.stop();
    this.connection.close();
    await this.player.stop();
    this.clear();
  }

  /** The transport in force now; undefined before the welcome. */
  transport(): Transport | undefined {
    return effective(this.room.transports, this.clock.nowUs());
  }

  /** The newest transport, with what was just asked for on top: controls answer at once. */
  intended(): Transport | undefined {
    const newest = this.room.transports.at(-1);
    if (newest === undefined || this.#pending === null || performance.now() > this.#pending.untilMs) return newest;
    return { ...newest, ...this.#pending.change };
  }

  /** Length of a bar; of four quarters while the metre is not known. */
  barTicks(): number {
    const { numerator, denominator } = this.intended() ?? { numerator: 4, denominator: 4 };
    return barTicks(numerator, denominator);
  }

  setTransport(change: TransportChange): void {
    if (!this.#ask("transport", (op_id) => ({ type: "transport.set", op_id, ...change }))) return;
    this.#pending = { change: { ...this.#pending?.change, ...change }, untilMs: performance.now() + PENDING_MS };
    this.emit("room", this.room);
  }

  togglePlay(): void {
    const playing = this.intended()?.playing ?? false;
    if (!playing) void this.player.resume();
    this.setTransport({ playing: !playing });
  }

  /** Ask for a generation that begins on a bar; where the transport stands still, it plays as soon as there is sound. */
  generate(params: JobParams): void {
    const asked = { start: "bar", ...params, prompt: params.prompt?.trim() || DEFAULT_PROMPT } as const;
    const op = this.#submit("make", "generate", asked);
    if (op !== null) this.#playWhenHeard(op);
  }

  /** Have the notes of a clip played, or of every clip that is not muted; `heard` is called when their first sound is here (J8). */
  playNotes(place: Place, clip: string, heard?: () => void): void {
    const op = this.#submit(place, "generate", { model: "groove", clip });
    if (op === null) return;
    this.#playWhenHeard(op);
    if (heard !== undefined) this.#whenHeard(op, HEARD_WITHIN_MS, (isHeard) => isHeard && heard());
  }

  /** Have a sound pulled into stems; where the transport stands still, it plays once there is sound (J3). */
  separate(place: Place, params: JobParams): void {
    if (!this.work.may(place)) return;
    const op = this.#submit(place, "separate", params);
    if (op === null || params.job !== undefined || this.intended()?.playing === true) return;
    this.#whenHeard(op, HEARD_WITHIN_MS, (isHeard) => isHeard && this.#playInside(op));
  }

  /** Ask how far a sound of the room follows its genre's conventions (J10). */
  score(asset: string): void {
    this.#ask("jobs", (op_id) => ({ type: "job.submit", op_id, kind: "score", params: { asset } }));
  }

  steer(job: string, params: JobParams, place: Place = "make"): void {
    this.#send(place, { type: "job.steer", job, params });
  }

  cancel(job: string): void {
    this.#send("jobs", { type: "job.cancel", job });
  }

  /** A failed job has left the room; this takes it off the list, here alone. */
  dismiss(job: string): void {
    this.room = { ...this.room, jobs: this.room.jobs.filter((j) => j.job !== job) };
    this.emit("room", this.room);
  }

  rename(name: string): void {
    if (name === this.me.name || name === "") return;
    this.me.name = name;
    writePref("name", name);
    this.connection.name = name;
    this.connection.rejoin();
  }

  /** Choose a track, by its id or its stream's. */
  select(id: string | null): void {
    this.selected = id;
    this.emit("select", id);
  }

  mix(stream: string, change: Partial<StripSettings>): void {
    this.player.setStrip(stream, { ...this.player.strip(stream), ...change });
    this.emit("mix", null);
  }

  setMaster(db: number): void {
    this.masterDb = db;
    writePref("masterDb", String(db));
    this.#applyMaster();
  }

  setMetronome(on: boolean): void {
    this.metronome = on;
    this.#applyMaster();
    this.emit("mix", null);
  }

  setOffset(ms: number): void {
    this.offsetMs = ms;
    writePref("offsetMs", String(ms));
    this.player.setManualOffset(ms);
  }

  #authorization(): Readonly<Record<string, string>> {
    return this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` };
  }

  #applyMaster(): void {
    this.player.setMaster(this.masterDb, this.metronome ? -12 : null);
  }

  #linkChanged(state: ConnectionState): void {
    if (state.at !== "live") this.clock.stop();
    this.emit("link", state);
  }

  #receive(message: HubMessage): void {
    this.#count(message);
    if (message.type === "clock.pong") return this.clock.handle(message);
    if (message.type === "welcome") this.clock.rough(message.now_us);
    this.player.handle(message);
    if (message.type === "welcome") this.clock.start();
    if (message.type === "chunk") return this.emit("chunk", { job: this.room.streams.find((s) => s.open.stream === message.stream)?.open.job ?? "" });
    const before = this.room;
    this.room = foldRoom(before, message);
    this.work.editor.handle(message);
    if (message.type === "transport") this.#pending = null;
    if (message.type === "error") this.#refused(message.op_id ?? null, message.code, message.message);
    if (this.room !== before) this.emit("room", this.room);
  }

  #count(message: HubMessage): void {
    if (message.type === "chunk") {
      this.traffic.audioBytes += message.data.byteLength;
      this.traffic.audioMessages += 1;
    } else this.traffic.otherMessages += 1;
  }

  /** What the editor asked for it answers itself; a refused token is said where the connection is. */
  #refused(opId: string | null, code: string, message: string): void {
    if (code === "bad_token" || (opId !== null && !this.#asked.has(opId))) return;
    const place = (opId !== null && this.#asked.get(opId)) || "jobs";
    this.#pending = null;
    this.emit("refused", { place, message });
  }

  #ask(place: Place, make: (opId: string) => ClientMessage): string | null {
    const opId = newOpId();
    this.#asked.set(opId, place);
    return this.#send(place, make(opId)) ? opId : null;
  }

  #send(place: Place, message: ClientMessage): boolean {
    const sent = this.connection.send(message);
    if (!sent) this.emit("refused", { place, message: "You are offline just now. Try again when the room is back." });
    return sent;
  }

  #submit(place: Place, kind: Job["kind"], params: JobParams): string | null {
    void this.player.resume();
    return this.#ask(place, (op_id) => ({ type: "job.submit", op_id, kind, params }));
  }

  #playWhenHeard(op: string): void {
    if (this.intended()?.playing !== true) this.#whenHeard(op, PLAY_ANYWAY_MS, () => this.#playFromBar());
  }

  /** Play a sound from where the playhead stands in it, or from its beginning. */
  #playInside(op: string): void {
    const job = this.room.jobs.find(({ op_id }) => op_id === op)?.job;
    const anchor = this.room.streams.find(({ open }) => open.job === job)?.open.anchor_tick ?? 0;
    if (this.intended()?.playing !== true) this.setTransport({ playing: true, ...(this.tick < anchor && { tick: anchor }) });
  }

  #playFromBar(): void {
    const transport = this.intended();
    if (transport === undefined || transport.playing) return;
    // The piece lies on a bar line: play from there, not from silence before it.
    const bar = barTicks(transport.numerator, transport.denominator);
    this.setTransport({ playing: true, tick: nextBoundary(transport.anchor_tick, bar) });
  }

  /** Act once when the first audio of what was asked for is here, or when it has not come in time. */
  #whenHeard(opId: string, withinMs: number, act: (isHeard: boolean) => void): void {
    const settle = (isHeard: boolean): void => {
      clearTimeout(timer);
      stopListening();
      act(isHeard);
    };
    const stopListening = this.on("chunk", ({ job }) => {
      if (this.room.jobs.find((j) => j.job === job)?.op_id === opId) settle(true);
    });
    const timer = setTimeout(() => settle(false), withinMs);
  }

  #tickFrame(): void {
    this.#frameRequest = requestAnimationFrame(() => this.#tickFrame());
    this.work.look();
    const nowUs = this.clock.nowUs();
    const transport = effective(this.room.transports, nowUs);
    if (transport !== undefined) {
      this.tick = Number.isNaN(nowUs) ? transport.anchor_tick : positionAt(transport, nowUs);
      this.emit("frame", { nowUs, transport, tick: this.tick });
    }
    this.#frames += 1;
    // Every other frame is enough for a meter.
    if (this.#frames % 2 === 0) void this.player.status()?.then((status) => this.#measured(status));
  }

  #measured(status: PlayerStatus): void {
    this.status = status;
    this.emit("status", status);
  }
}

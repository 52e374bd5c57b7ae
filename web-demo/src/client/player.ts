/** Plays a room's streams so that each sample is heard at its hub moment, on every listener's own output. */
import { Emitter } from "./emitter.js";
import type { HubMessage, Job, StreamOpen, Transport, Welcome } from "./messages.js";
import { MixerHost, type Tap } from "./mixer-host.js";
import { type Separation, Separations } from "./separations.js";
import { type Generation, latest, soundingUnder, StreamBook, type StreamEntry } from "./streams.js";
import { type Place, Supply, worthKeeping } from "./supply.js";
import { barTicks, effective, positionAt, SAMPLE_RATE, sampleOf, samplesPerTick, withTransport } from "./timeline.js";
import { Status, STRIP_VALUES, StripStatus } from "./worklet-messages.js";

export interface PlayerOptions {
  /** hub µs at a moment of `performance.now()`; NaN while unknown */
  readonly hubUsAt: (localMs: number) => number;
  /** the bundled `worklet.ts` */
  readonly workletUrl: string;
  /** where samples [from, to) of a stream are (A4) */
  readonly streamUrl: (stream: string, from: number, to: number) => string;
  /** what every request to the hub carries, such as a token (H6) */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StripSettings {
  readonly gainDb: number;
  readonly pan: number;
  readonly mute: boolean;
  readonly solo: boolean;
}

export interface StripMeter {
  readonly peak: number;
  readonly rms: number;
  readonly sounding: boolean;
  readonly underruns: number;
}

export interface PlayerStatus {
  readonly frame: number;
  /** hub time at which that frame is heard, as played */
  readonly hubUs: number;
  readonly errorMs: number;
  readonly rate: number;
  readonly repositions: number;
  readonly underruns: number;
  readonly missingFrames: number;
  readonly masterPeak: number;
  readonly strips: ReadonlyMap<string, StripMeter>;
}

export interface PlayerEvents {
  /** whether sound can come out, or the context waits for a gesture */
  running: boolean;
}

export const DEFAULT_STRIP: StripSettings = { gainDb: 0, pan: 0, mute: false, solo: false };

const HOUSEKEEPING_MS = 100;
const LEAVE_MS = 1000;
const SILENT_DB = -90;

export class Player extends Emitter<PlayerEvents> {
  readonly #hubUsAt: (localMs: number) => number;
  readonly #host: MixerHost;
  readonly #book: StreamBook;
  readonly #supply: Supply;
  readonly #separations: Separations;
  readonly #settings = new Map<string, StripSettings>();
  readonly #bars = new Map<string, number>();
  #transports: readonly Transport[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #offsetMs = 0;

  constructor({ hubUsAt, workletUrl, streamUrl, headers = {} }: PlayerOptions) {
    super();
    this.#hubUsAt = hubUsAt;
    this.#host = new MixerHost(workletUrl, (running) => this.emit("running", running));
    this.#book = new StreamBook(
      (command, transfer) => this.#host.send(command, transfer),
      (entry, generation) => worthKeeping(entry, generation, this.#place()),
    );
    this.#separations = new Separations(this.#book, (command, transfer) => this.#host.send(command, transfer));
    this.#supply = new Supply(this.#book, streamUrl, headers);
  }

  get context(): AudioContext | null {
    return this.#host.context;
  }

  get running(): boolean {
    return this.#host.running;
  }

  get streams(): Iterable<StreamEntry> {
    return this.#book.entries;
  }

  /** Whether the browser's own timestamps say when frames are heard, or an estimate does. */
  get outputTrusted(): boolean {
    return this.#host.trusted;
  }

  stream(stream: string): StreamEntry | undefined {
    return this.#book.get(stream);
  }

  /** Make ready to play; it waits for `resume` where the browser wants a gesture first. */
  async start(): Promise<void> {
    this.#timer ??= setInterval(() => this.#housekeep(), HOUSEKEEPING_MS);
    await this.#host.start();
  }

  /** Begin to sound; call from a gesture. */
  async resume(): Promise<void> {
    this.#timer ??= setInterval(() => this.#housekeep(), HOUSEKEEPING_MS);
    await this.#host.resume();
  }

  /** Silence, and let everything go; the player can be started again, for another welcome. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#supply.stop();
    for (const entry of [...this.#book.entries]) this.#book.remove(entry.open.stream);
    this.#separations.refresh();
    await this.#host.stop();
  }

  /** Take in a message of the hub; those that are not about sound are ignored. */
  handle(message: HubMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "transport":
        return this.#setTransports(withTransport(this.#transports, message));
      case "stream.open":
        return this.#opened(message);
      case "stream.epoch":
        return this.#book.epoch(message);
      case "chunk":
        return this.#book.chunk(message);
      case "stream.gap":
        return this.#book.gap(message);
      case "stream.close":
        return this.#book.close(message);
      case "job":
        return this.#jobChanged(message);
      default:
        return;
    }
  }

  /** The streams of a separation: its stems, and what they are stems of. */
  separation(job: string): Separation | undefined {
    return this.#separations.of(job);
  }

  /** The separations whose stems are heard in a stream's place where they are there. */
  separationsOf(entry: StreamEntry): readonly Separation[] {
    return this.#separations.soundedBy(entry);
  }

  /** Gain, pan, mute and solo of a stream; kept for one that is still to come. */
  setStrip(stream: string, settings: StripSettings): void {
    this.#settings.set(stream, settings);
    this.#sendStrips();
  }

  strip(stream: string): StripSettings {
    return this.#settings.get(stream) ?? DEFAULT_STRIP;
  }

  /** Level of everything, and of the metronome (null: off). */
  setMaster(gainDb: number, clickDb: number | null): void {
    this.#host.send({ type: "master", gain: amplitude(gainDb), click: clickDb === null ? 0 : amplitude(clickDb) });
  }

  /** Play this much earlier, for speakers that are late (Bluetooth) without saying so. */
  setManualOffset(ms: number): void {
    this.#offsetMs = ms;
    this.#sendMap();
  }

  /** How playback is doing; null while it does not run, or the last question is still open. */
  status(): Promise<PlayerStatus> | null {
    return this.#host.ask()?.then((values) => this.#readStatus(values)) ?? null;
  }

  /** Record the next `frames` of the mix as rendered. */
  tap(frames: number): Promise<Tap> {
    return this.#host.tap(frames);
  }

  /** Local ms (`performance.now()`) at which a context frame is heard. */
  heardAtMs(frame: number): number {
    return this.#host.heardAtMs(frame);
  }

  /** Seconds of audio of a stream from the present position on, without a hole. */
  aheadS(stream: string): number {
    const entry = this.#book.get(stream);
    const place = this.#place();
    if (entry === undefined || place === null) return 0;
    const generation = soundingUnder(entry, place.transport.rev) ?? latest(entry);
    const now = Math.floor(sampleOf(place.tick, entry.open.anchor_tick, generation.bpm));
    const at = Math.max(generation.start, now);
    return (generation.received.runEnd(at) - at) / SAMPLE_RATE;
  }

  /** The generation of a stream that the present transport plays, for drawing. */
  drawn(entry: StreamEntry): Generation {
    return soundingUnder(entry, this.#place()?.transport.rev ?? Infinity) ?? latest(entry);
  }

  #welcomed(message: Welcome): void {
    const present = new Set(message.streams.map((s) => s.stream));
    for (const entry of [...this.#book.entries]) if (!present.has(entry.open.stream)) this.#book.remove(entry.open.stream);
    this.#setTransports([message.transport]);
    for (const job of message.jobs) this.#jobChanged(job);
    for (const open of message.streams) this.#opened(open);
    this.#separations.refresh();
  }

  #opened(open: StreamOpen): void {
    this.#book.open(open, this.#lengthOf(open));
    this.#separations.refresh();
    this.#sendStrips();
  }

  #jobChanged(message: Job): void {
    const { job, state, params } = message;
    this.#separations.learn(message);
    if (state === "cancelled" || state === "failed") this.#book.leave(job, performance.now() + LEAVE_MS);
    else if (typeof params.bars === "number") this.#bars.set(job, params.bars);
  }

  /** About how long a bounded stream will be, so that its memory can be made to measure; null for an endless one. */
  #lengthOf(open: StreamOpen): number | null {
    const bars = this.#bars.get(open.job);
    const transport = this.#transports.at(-1);
    if (bars === undefined || transport === undefined) return null;
    return bars * barTicks(transport.numerator, transport.denominator) * samplesPerTick(open.bpm);
  }

  #setTransports(list: readonly Transport[]): void {
    this.#transports = list;
    this.#book.setTransports(list);
    this.#host.send({ type: "transports", list });
    this.#fetchMissing();
  }

  #sendStrips(): void {
    for (const entry of this.#book.entries) {
      const { gainDb, pan } = this.strip(entry.open.stream);
      const on = this.#separations.isOn(entry, (stream) => this.strip(stream));
      this.#host.send({ type: "strip", strip: entry.strip, gain: amplitude(gainDb), pan, on });
    }
  }

  #sendMap(): void {
    if (!this.#host.ready || this.context === null) return;
    const frame = Math.round(this.context.currentTime * SAMPLE_RATE);
    const hubUs = this.#hubUsOfFrame(frame);
    if (Number.isNaN(hubUs)) return;
    const usPerFrame = (this.#hubUsOfFrame(frame + SAMPLE_RATE) - hubUs) / SAMPLE_RATE;
    this.#host.send({ type: "map", frame, hubUs, usPerFrame });
  }

  #hubUsOfFrame(frame: number): number {
    return this.#hubUsAt(this.heardAtMs(frame)) + this.#offsetMs * 1000;
  }

  #housekeep(): void {
    this.#host.observe();
    this.#sendMap();
    const place = this.#place();
    if (place !== null) this.#book.retire(place.transport.rev);
    if (this.#book.sweep(performance.now())) this.#separations.refresh();
    this.#fetchMissing();
  }

  #fetchMissing(): void {
    const place = this.#place();
    if (place !== null && this.context !== null) this.#supply.fetchMissing(place);
  }

  #place(): Place | null {
    const nowUs = this.#hubUsAt(performance.now());
    const transport = effective(this.#transports, nowUs);
    return transport === undefined || Number.isNaN(nowUs) ? null : { transport, tick: positionAt(transport, nowUs) };
  }

  #readStatus(values: Float64Array): PlayerStatus {
    const strips = new Map<string, StripMeter>();
    for (const { open, strip } of this.#book.entries) strips.set(open.stream, meterAt(values, Status.STRIPS + strip * STRIP_VALUES));
    return {
      frame: values[Status.FRAME]!,
      hubUs: values[Status.HUB_US]!,
      errorMs: (values[Status.ERROR_SAMPLES]! / SAMPLE_RATE) * 1000,
      rate: values[Status.RATE]!,
      repositions: values[Status.REPOSITIONS]!,
      underruns: values[Status.UNDERRUNS]!,
      missingFrames: values[Status.MISSING_FRAMES]!,
      masterPeak: values[Status.MASTER_PEAK]!,
      strips,
    };
  }
}

/** A gain in dB as a factor; the bottom of a fader is silence. */
export function amplitude(db: number): number {
  return db <= SILENT_DB ? 0 : 10 ** (db / 20);
}

function meterAt(values: Float64Array, at: number): StripMeter {
  return {
    peak: values[at + StripStatus.PEAK]!,
    rms: values[at + StripStatus.RMS]!,
    underruns: values[at + StripStatus.UNDERRUNS]!,
    sounding: values[at + StripStatus.SOUNDING] === 1,
  };
}

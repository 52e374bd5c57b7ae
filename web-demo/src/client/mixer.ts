/** The whole of playback, without an AudioContext: commands in, frames out. The worklet is a thin shell around it. */
import { Blend } from "./blend.js";
import { Click } from "./click.js";
import type { Transport } from "./messages.js";
import { Playhead } from "./playhead.js";
import { QUANTUM_MAX, Strip } from "./strip.js";
import { samplesPerTick } from "./timeline.js";
import { Voice } from "./voice.js";
import { MAX_BLENDS, MAX_STRIPS, MAX_VOICES, type MixerCommand, type MixerReply, Status, STRIP_VALUES, StripStatus } from "./worklet-messages.js";

const MASTER_STEP = 1 - Math.exp(-1 / 240);
/** One full mix stays below; only what several add up to goes beyond. */
const KNEE = 0.9;

interface Tap {
  readonly left: Float32Array;
  readonly right: Float32Array;
  startFrame: number;
  hubUs: number;
  filled: number;
}

export class Mixer {
  readonly playhead = new Playhead();
  readonly #voices: (Voice | null)[] = new Array<Voice | null>(MAX_VOICES).fill(null);
  readonly #strips = Array.from({ length: MAX_STRIPS }, () => new Strip());
  readonly #blends: (Blend | null)[] = new Array<Blend | null>(MAX_BLENDS).fill(null);
  readonly #click = new Click();
  #masterGoal = 1;
  #master = 1;
  #masterPeak = 0;
  #frame = 0;
  #tap: Tap | null = null;

  /** Carry out a command; a reply is for the main thread. Called between quanta, and may allocate. */
  apply(command: MixerCommand): MixerReply | null {
    switch (command.type) {
      case "map":
        this.playhead.setMap(command.frame, command.hubUs, command.usPerFrame);
        return null;
      case "transports":
        this.playhead.setTransports(command.list);
        return null;
      case "voice":
        this.#add(command.voice, new Voice(command));
        return null;
      case "drop":
        this.#remove(command.voice);
        return null;
      case "strip":
        Object.assign(this.#strips[command.strip]!, { gain: command.gain, pan: command.pan, on: command.on });
        return null;
      case "blend":
        this.#join(command.blend, command.stems, command.sources);
        return null;
      case "master":
        this.#masterGoal = command.gain;
        this.#click.gain = command.click;
        return null;
      case "tap":
        this.#tap = { left: command.left, right: command.right, startFrame: 0, hubUs: NaN, filled: 0 };
        return null;
      case "poll":
        return this.#status(command.values);
      default:
        this.#applyTo(this.#voices[command.voice] ?? null, command);
        return null;
    }
  }

  /** A tap that is full, once. */
  takeTap(): MixerReply | null {
    const tap = this.#tap;
    if (tap === null || tap.filled < tap.left.length) return null;
    this.#tap = null;
    return { type: "tap", startFrame: tap.startFrame, hubUs: tap.hubUs, left: tap.left, right: tap.right };
  }

  /** Fill both outputs with the frames from context frame `frame` on. Allocates nothing. */
  render(frame: number, left: Float32Array, right: Float32Array): void {
    left.fill(0);
    right.fill(0);
    this.#frame = frame + left.length;
    const known = this.playhead.begin(frame, left.length);
    const hubUs = this.playhead.hubUs();
    if (known) this.#renderSpans(left, right);
    this.#finish(left, right);
    this.#record(frame, hubUs, left, right);
  }

  #renderSpans(left: Float32Array, right: Float32Array): void {
    for (let done = 0; done < left.length; ) {
      this.playhead.span(left.length - done);
      const frames = this.playhead.frames;
      this.#renderSpan(this.playhead.transport!, frames, left, right, done);
      this.playhead.advance(frames);
      done += frames;
    }
  }

  #renderSpan(transport: Transport, frames: number, left: Float32Array, right: Float32Array, offset: number): void {
    const { tick, rate, u } = this.playhead;
    const playing = transport.playing && u >= 0;
    const perTick = samplesPerTick(transport.bpm);
    for (let i = 0; i < MAX_STRIPS; i++) {
      const strip = this.#strips[i]!;
      const voice = playing ? sounding(strip, transport.rev) : null;
      if (voice === null) strip.cue(null, 0, 1);
      else {
        const ratio = transport.bpm / voice.bpm;
        const at = (tick - voice.anchorTick) * samplesPerTick(voice.bpm);
        // At one tempo samples and frames differ by a constant: rounded, so that whole frames are whole samples.
        strip.cue(voice, ratio === 1 ? u + Math.round(at - u) : at, rate * ratio);
      }
      if (strip.share !== null) strip.share.fill(1, 0, frames);
    }
    for (let i = 0; i < MAX_BLENDS; i++) if (this.#blends[i] !== null) this.#blends[i]!.weigh(frames);
    for (let i = 0; i < MAX_STRIPS; i++) {
      const strip = this.#strips[i]!;
      if (strip.cued !== null || strip.voices.length > 0 || !strip.quiet || strip.sounding) strip.render(frames, left, right, offset);
    }
    this.#click.render(transport, tick, playing ? rate / perTick : 0, frames, left, right, offset);
  }

  #finish(left: Float32Array, right: Float32Array): void {
    for (let i = 0; i < left.length; i++) {
      if (this.#master !== this.#masterGoal) {
        this.#master += (this.#masterGoal - this.#master) * MASTER_STEP;
        if (Math.abs(this.#master - this.#masterGoal) < 1e-6) this.#master = this.#masterGoal;
      }
      left[i] = left[i]! * this.#master;
      right[i] = right[i]! * this.#master;
      this.#masterPeak = Math.max(this.#masterPeak, Math.abs(left[i]!), Math.abs(right[i]!));
      left[i] = bent(left[i]!);
      right[i] = bent(right[i]!);
    }
  }

  #record(frame: number, hubUs: number, left: Float32Array, right: Float32Array): void {
    const tap = this.#tap;
    if (tap === null || tap.filled >= tap.left.length) return;
    if (tap.filled === 0) {
      tap.startFrame = frame;
      tap.hubUs = hubUs;
    }
    for (let i = 0; i < left.length && tap.filled < tap.left.length; i++) {
      tap.left[tap.filled] = left[i]!;
      tap.right[tap.filled] = right[i]!;
      tap.filled += 1;
    }
  }

  #applyTo(voice: Voice | null, command: Extract<MixerCommand, { type: "voice.change" | "write" | "truncate" }>): void {
    if (voice === null) return;
    if (command.type === "write") voice.write(command.start, command.pcm, command.placements, command.evicted);
    else if (command.type === "truncate") voice.truncate(command.from);
    else {
      voice.fromRev = command.fromRev;
      voice.start = command.start;
      voice.end = command.end;
    }
  }

  #join(index: number, stems: readonly number[], sources: readonly number[]): void {
    const strips = (places: readonly number[]): Strip[] => places.map((place) => this.#strips[place]!);
    if (stems.length === 0) this.#blends[index] = null;
    else (this.#blends[index] ??= new Blend()).join(strips(stems), strips(sources));
    const blended = new Set(this.#blends.flatMap((blend) => (blend === null ? [] : [...blend.stems, ...blend.sources])));
    for (const strip of this.#strips) strip.share = blended.has(strip) ? (strip.share ?? new Float32Array(QUANTUM_MAX)) : null;
  }

  #add(index: number, voice: Voice): void {
    this.#remove(index);
    this.#voices[index] = voice;
    this.#strips[voice.strip]!.voices.push(voice);
  }

  #remove(index: number): void {
    const voice = this.#voices[index];
    if (voice === null || voice === undefined) return;
    const siblings = this.#strips[voice.strip]!.voices;
    siblings.splice(siblings.indexOf(voice), 1);
    this.#voices[index] = null;
  }

  #status(values: Float64Array): MixerReply {
    values[Status.FRAME] = this.#frame;
    values[Status.HUB_US] = this.playhead.hubUs();
    values[Status.ERROR_SAMPLES] = this.playhead.error;
    values[Status.RATE] = this.playhead.rate;
    values[Status.REPOSITIONS] = this.playhead.repositions;
    values[Status.MASTER_PEAK] = this.#masterPeak;
    values[Status.POSITION_TICK] = this.playhead.tick;
    values[Status.UNDERRUNS] = this.#strips.reduce((sum, s) => sum + s.underruns, 0);
    values[Status.MISSING_FRAMES] = this.#strips.reduce((sum, s) => sum + s.missingFrames, 0);
    this.#masterPeak = 0;
    this.#strips.forEach((strip, i) => report(strip, values, Status.STRIPS + i * STRIP_VALUES));
    return { type: "status", values };
  }
}

/** Bend what is too loud instead of having it cut; the meter still shows it, and below the knee nothing is changed. */
function bent(x: number): number {
  const over = Math.abs(x) - KNEE;
  return over <= 0 ? x : Math.sign(x) * (KNEE + (1 - KNEE) * Math.tanh(over / (1 - KNEE)));
}

/** The voice of a strip that sounds under a transport: the newest whose revision has come (A3). */
function sounding(strip: Strip, rev: number): Voice | null {
  let newest: Voice | null = null;
  for (let i = 0; i < strip.voices.length; i++) if (strip.voices[i]!.fromRev <= rev) newest = strip.voices[i]!;
  return newest;
}

function report(strip: Strip, values: Float64Array, at: number): void {
  values[at + StripStatus.PEAK] = strip.peak;
  values[at + StripStatus.RMS] = strip.measured === 0 ? 0 : Math.sqrt(strip.sumOfSquares / strip.measured);
  values[at + StripStatus.UNDERRUNS] = strip.underruns;
  values[at + StripStatus.SOUNDING] = strip.sounding ? 1 : 0;
  strip.peak = 0;
  strip.sumOfSquares = 0;
  strip.measured = 0;
}

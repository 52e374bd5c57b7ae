/** What the main thread tells the mixer, and what it answers. Buffers are transferred, never copied. */
import type { Transport } from "./messages.js";

export const MAX_STRIPS = 64;
export const MAX_VOICES = 128;
export const MAX_BLENDS = 32;

export type MixerCommand =
  /** frame `frame` of the context is heard at hub time `hubUs`, and time goes on by `usPerFrame` */
  | { readonly type: "map"; readonly frame: number; readonly hubUs: number; readonly usPerFrame: number }
  | { readonly type: "transports"; readonly list: readonly Transport[] }
  | VoiceOpen
  | { readonly type: "voice.change"; readonly voice: number; readonly fromRev: number; readonly start: number; readonly end: number }
  /** `placements` are pairs of block and slot for blocks that got a slot; `evicted` blocks lost theirs before */
  | {
      readonly type: "write";
      readonly voice: number;
      readonly start: number;
      readonly pcm: Int16Array;
      readonly placements: Int32Array;
      readonly evicted: Int32Array;
    }
  | { readonly type: "truncate"; readonly voice: number; readonly from: number }
  | { readonly type: "drop"; readonly voice: number }
  | { readonly type: "strip"; readonly strip: number; readonly gain: number; readonly pan: number; readonly on: boolean }
  /** strips of stems, and of what they are stems of: the one or the other is heard; a blend without stems is over */
  | { readonly type: "blend"; readonly blend: number; readonly stems: readonly number[]; readonly sources: readonly number[] }
  | { readonly type: "master"; readonly gain: number; readonly click: number }
  /** answered by a `status`; the buffer goes there and back */
  | { readonly type: "poll"; readonly values: Float64Array }
  | { readonly type: "tap"; readonly left: Float32Array; readonly right: Float32Array };

/** One generation of a stream: audio at one tempo, addressed from `anchorTick`. */
export interface VoiceOpen {
  readonly type: "voice";
  readonly voice: number;
  readonly strip: number;
  readonly anchorTick: number;
  readonly bpm: number;
  /** sounds under transports from this revision on, until a newer voice of its strip does */
  readonly fromRev: number;
  readonly start: number;
  /** first sample past the end; Infinity while it goes on */
  readonly end: number;
  /** interleaved stereo of whole blocks */
  readonly memory: ArrayBuffer;
}

export type MixerReply =
  | { readonly type: "status"; readonly values: Float64Array }
  /** `startFrame` is the context frame of the first one recorded */
  | { readonly type: "tap"; readonly startFrame: number; readonly hubUs: number; readonly left: Float32Array; readonly right: Float32Array };

/** Places in `status.values`; the strips follow from `STRIPS` on, `STRIP_VALUES` each. */
export const Status = {
  FRAME: 0,
  HUB_US: 1,
  ERROR_SAMPLES: 2,
  RATE: 3,
  REPOSITIONS: 4,
  UNDERRUNS: 5,
  MISSING_FRAMES: 6,
  MASTER_PEAK: 7,
  POSITION_TICK: 8,
  STRIPS: 16,
} as const;

export const STRIP_VALUES = 4;
export const StripStatus = { PEAK: 0, RMS: 1, UNDERRUNS: 2, SOUNDING: 3 } as const;
export const STATUS_LENGTH = Status.STRIPS + MAX_STRIPS * STRIP_VALUES;

import { Mixer } from "../../src/client/mixer.js";
import type { StreamOpen, Transport } from "../../src/client/messages.js";
import { Separations } from "../../src/client/separations.js";
import { StreamBook } from "../../src/client/streams.js";

const QUANTUM = 128;

/** A mixer fed by a stream book, with a hub clock that runs with the frames: frame 0 is heard at hub time 0. */
export class Studio {
  readonly mixer = new Mixer();
  readonly book = new StreamBook(
    (command) => void this.mixer.apply(command),
    () => [{ from: 0, to: 1e9 }],
  );
  readonly separations = new Separations(this.book, (command) => void this.mixer.apply(command));
  #frame = 0;
  #chunkEpoch = 0;

  constructor(...transports: Transport[]) {
    this.mixer.apply({ type: "map", frame: 0, hubUs: 0, usPerFrame: 1e6 / 48_000 });
    this.setTransports(...transports);
  }

  setTransports(...transports: Transport[]): void {
    this.book.setTransports(transports);
    this.mixer.apply({ type: "transports", list: transports });
  }

  open(bpm = 120, anchorTick = 0, stream = "s", startSample = 0): void {
    this.book.open({ ...this.announcement(stream), anchor_tick: anchorTick, bpm, start_sample: startSample }, null);
  }

  announcement(stream: string): StreamOpen {
    return {
      type: "stream.open",
      stream,
      job: `job of ${stream}`,
      stem: "drums",
      sample_rate: 48_000,
      channels: 2,
      codec: "pcm_s16le",
      anchor_tick: 0,
      bpm: 120,
      epoch: 0,
    };
  }

  /** A separation as it is announced: its stems, `mix` where it has one, and what it is of. */
  separate(job: string, stems: readonly string[], { samples = null, start = 0, of }: { samples?: number | null; start?: number; of?: string } = {}): void {
    const params = of === undefined ? { asset: "a" } : { job: of };
    this.separations.learn({ type: "job", job, kind: "separate", by: "", state: "running", progress: 0, params });
    for (const stem of stems) {
      const stream = `${job}.${stem}`;
      this.book.open({ ...this.announcement(stream), job, stem, samples, start_sample: start }, null);
    }
    this.separations.refresh();
  }

  epoch(epoch: number, startSample: number, bpm: number): void {
    this.#chunkEpoch = epoch;
    this.book.epoch({ type: "stream.epoch", stream: "s", epoch, start_sample: startSample, bpm });
  }

  /** Samples whose value says where they are: `value(sample)`. */
  chunk(start: number, samples: number, value: (sample: number) => number, stream = "s"): void {
    const pcm = new Int16Array(samples * 2);
    for (let i = 0; i < samples; i++) pcm[2 * i] = pcm[2 * i + 1] = value(start + i);
    this.book.chunk({ type: "chunk", stream, epoch: this.#chunkEpoch, start_sample: start, samples, data: new Uint8Array(pcm.buffer) });
  }

  /** The next frames of the left side, as 16-bit values. */
  play(frames: number): Float64Array {
    const heard = new Float64Array(frames);
    const left = new Float32Array(QUANTUM);
    const right = new Float32Array(QUANTUM);
    for (let at = 0; at < frames; at += QUANTUM) {
      this.mixer.render(this.#frame, left, right);
      this.#frame += QUANTUM;
      for (let i = 0; i < QUANTUM && at + i < frames; i++) heard[at + i] = left[i]! * 32_768;
    }
    return heard;
  }
}

/** The AudioContext and the mixer in its worklet: starts and stops them, talks to them, and knows when a frame is heard. */
import { OutputClock } from "./output-clock.js";
import { SAMPLE_RATE } from "./timeline.js";
import { type MixerCommand, type MixerReply, STATUS_LENGTH } from "./worklet-messages.js";

/** What the mixer rendered from one context frame on. */
export interface Tap {
  readonly startFrame: number;
  readonly hubUs: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

const TAP_ASK_MS = 50;

export class MixerHost {
  readonly #workletUrl: string;
  readonly #onRunning: (running: boolean) => void;
  readonly #output = new OutputClock();
  #context: AudioContext | null = null;
  #node: AudioWorkletNode | null = null;
  #queue: { readonly command: MixerCommand; readonly transfer: Transferable[] }[] = [];
  #values = new Float64Array(STATUS_LENGTH);
  #asked: ((values: Float64Array) => void) | null = null;
  #tapped: ((tap: Tap) => void) | null = null;

  constructor(workletUrl: string, onRunning: (running: boolean) => void) {
    this.#workletUrl = workletUrl;
    this.#onRunning = onRunning;
  }

  get context(): AudioContext | null {
    return this.#context;
  }

  get running(): boolean {
    return this.#context?.state === "running" && this.#node !== null;
  }

  /** Whether the browser's own timestamps say when frames are heard, or an estimate does. */
  get trusted(): boolean {
    return this.#output.trusted;
  }

  /** Whether it is known when frames are heard. */
  get ready(): boolean {
    return this.#context !== null && this.#output.ready;
  }

  /** Make the context and the worklet; it waits for `resume` where the browser wants a gesture first. */
  async start(): Promise<void> {
    if (this.#context !== null) return;
    const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: "interactive" });
    this.#context = context;
    context.onstatechange = () => this.#stateChanged();
    await context.audioWorklet.addModule(this.#workletUrl);
    if (this.#context !== context) return;
    this.#node = new AudioWorkletNode(context, "logdrum", { numberOfInputs: 0, numberOfOutputs: 1, outputChannelCount: [2] });
    this.#node.port.onmessage = (event: MessageEvent<MixerReply>) => this.#answered(event.data);
    this.#node.connect(context.destination);
    for (const { command, transfer } of this.#queue.splice(0)) this.#node.port.postMessage(command, transfer);
    this.#stateChanged();
  }

  /** Begin to sound; call from a gesture. */
  async resume(): Promise<void> {
    const started = this.start();
    await this.#context?.resume();
    await started;
  }

  async stop(): Promise<void> {
    this.#node?.port.postMessage({ type: "stop" });
    this.#node?.disconnect();
    const context = this.#context;
    this.#context = this.#node = null;
    this.#queue = [];
    this.#values = new Float64Array(STATUS_LENGTH);
    this.#asked = this.#tapped = null;
    this.#output.reset();
    if (context !== null && context.state !== "closed") await context.close();
  }

  /** Tell the mixer; what is said before it runs, it hears when it does. */
  send(command: MixerCommand, transfer: Transferable[] = []): void {
    if (this.#node !== null) this.#node.port.postMessage(command, transfer);
    else this.#queue.push({ command, transfer });
  }

  /** Ask how the mixer is doing; null while it does not run, or the last question is still open. */
  ask(): Promise<Float64Array> | null {
    if (this.#node === null || this.#asked !== null) return null;
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.send({ type: "poll", values: this.#values }, [this.#values.buffer]);
    });
  }

  /** Record the next `frames` of the mix as rendered. */
  tap(frames: number): Promise<Tap> {
    const left = new Float32Array(frames);
    const right = new Float32Array(frames);
    this.send({ type: "tap", left, right }, [left.buffer, right.buffer]);
    // The mixer answers when it is asked: nothing is posted from where sound is made.
    const asking = setInterval(() => void this.ask(), TAP_ASK_MS);
    return new Promise((resolve) => {
      this.#tapped = (tap) => {
        clearInterval(asking);
        resolve(tap);
      };
    });
  }

  /** Local ms (`performance.now()`) at which a context frame is heard. */
  heardAtMs(frame: number): number {
    return this.#output.heardAtMs(frame / SAMPLE_RATE);
  }

  /** Look at the output once more; call it ten times a second. */
  observe(): void {
    const context = this.#context;
    if (context === null || context.state !== "running") return;
    const stamp = context.getOutputTimestamp?.();
    this.#output.add({
      nowMs: performance.now(),
      currentTime: context.currentTime,
      contextTime: stamp?.contextTime,
      performanceTime: stamp?.performanceTime,
      outputLatency: context.outputLatency,
      baseLatency: context.baseLatency,
    });
  }

  #answered(reply: MixerReply): void {
    if (reply.type === "tap") {
      this.#tapped?.(reply);
      this.#tapped = null;
      return;
    }
    this.#values = reply.values as Float64Array<ArrayBuffer>;
    const asked = this.#asked;
    this.#asked = null;
    asked?.(reply.values);
  }

  #stateChanged(): void {
    if (this.#context?.state !== "running") this.#output.reset();
    this.#onRunning(this.running);
  }
}

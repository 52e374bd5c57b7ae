/** The AudioWorkletProcessor: a port, a clock and two output arrays around the mixer. */
import { Mixer } from "./mixer.js";
import type { MixerCommand, MixerReply } from "./worklet-messages.js";

// What lib.dom leaves out of the worklet's scope.
declare const currentFrame: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class LogdrumProcessor extends AudioWorkletProcessor {
  readonly #mixer = new Mixer();
  #stopped = false;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<MixerCommand | { type: "stop" }>) => this.#receive(event.data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0];
    if (out !== undefined && out.length > 0) this.#mixer.render(currentFrame, out[0]!, out[1] ?? out[0]!);
    return !this.#stopped;
  }

  #receive(command: MixerCommand | { type: "stop" }): void {
    if (command.type === "stop") {
      this.#stopped = true;
      return;
    }
    this.#reply(this.#mixer.apply(command));
    if (command.type === "poll") this.#reply(this.#mixer.takeTap());
  }

  #reply(reply: MixerReply | null): void {
    if (reply === null) return;
    const buffers = reply.type === "status" ? [reply.values.buffer] : [reply.left.buffer, reply.right.buffer];
    this.port.postMessage(reply, buffers);
  }
}

registerProcessor("logdrum", LogdrumProcessor);

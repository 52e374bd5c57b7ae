import type { App } from "./app.js";

const LENGTH_S = 0.22;
const LOUDEST = 0.16;

/** A short tone for the ear while notes are written, for this listener alone; it is no instrument. */
export class PreviewTone {
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  play(pitch: number, velocity = 100): void {
    const context = this.#app.player.context;
    if (context === null || context.state !== "running") return;
    const tone = new OscillatorNode(context, { type: "triangle", frequency: 440 * 2 ** ((pitch - 69) / 12) });
    const level = new GainNode(context, { gain: 0 });
    const now = context.currentTime;
    level.gain.linearRampToValueAtTime((velocity / 127) * LOUDEST, now + 0.006);
    level.gain.exponentialRampToValueAtTime(0.0005, now + LENGTH_S);
    tone.connect(level).connect(context.destination);
    tone.start(now);
    tone.stop(now + LENGTH_S);
  }
}

/** A finished generation is scored as it is heard: its stems as one sound, which a room's engine can be asked about (J10). */
import { Gauge } from "lucide";

import { type Job, propsOf, SAMPLE_RATE, type StreamState, summedWav } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon } from "./dom.js";
import { keptStems } from "./jobs.js";
import { jobTitle } from "./lanes.js";

/** A score hears no more than three minutes: longer stems would only be a longer upload. */
const LONGEST_S = 180;

/** Put a generation's stems together, keep the sum in the room, and have it scored; what fails is said at the jobs. */
export async function scoreGeneration(app: App, job: Job): Promise<void> {
  const stems = keptStems(app.room, job.job);
  try {
    app.score(stems.length === 1 ? stems[0]!.asset! : await keepMix(app, job, stems));
  } catch (fault) {
    app.emit("refused", { place: "jobs", message: fault instanceof Refused ? fault.message : "The stems could not be fetched. Try again." });
  }
}

/** The button that scores the sound of the clip in the piano roll. */
export function scoreClip(app: App): HTMLButtonElement {
  const asset = (): string | null => (app.work.open === undefined ? null : propsOf(app.work.open).asset);
  const ask = (): void => {
    const sound = asset();
    if (sound !== null && app.work.may("notes")) app.score(sound);
  };
  const button = h("button", { type: "button", class: "secondary small", title: "How far this sound follows the genre's conventions", hidden: true, onclick: ask }, icon(Gauge, 14), "Score");
  const paint = (): void => void (button.hidden = asset() === null);
  app.work.on("selection", paint);
  app.work.on("document", paint);
  return button;
}

class Refused extends Error {}

async function keepMix(app: App, job: Job, stems: readonly StreamState[]): Promise<string> {
  const bodies = await Promise.all(stems.map((stem) => stemPcm(app, stem)));
  const name = `${jobTitle(job).slice(0, 80)}, mix.wav`;
  const response = await fetch(app.assetsUrl(name), {
    method: "POST",
    headers: app.headers(),
    body: summedWav(bodies, SAMPLE_RATE),
  });
  const answer = (await response.json()) as { asset?: string; message?: string };
  if (!response.ok || answer.asset === undefined) throw new Refused(answer.message ?? "The room did not take the sound.");
  return answer.asset;
}

/** A stem's samples, of a long piece the first minutes: enough for a score. */
async function stemPcm(app: App, { open, samples }: StreamState): Promise<Int16Array> {
  const from = open.start_sample ?? 0;
  const to = Math.min(samples!, from + LONGEST_S * SAMPLE_RATE);
  const response = await fetch(`/v1/rooms/${app.roomName}/streams/${encodeURIComponent(open.stream)}?from_sample=${from}&to_sample=${to}`, { headers: app.headers() });
  if (!response.ok) throw new Refused("A stem of this piece is not there any more.");
  return new Int16Array(await response.arrayBuffer());
}

import type { App } from "./app.js";

/** What this member lets the others see of where they are; every message is the whole of it (P1). */
export interface Showing {
  /** musical position of the pointer */
  readonly tick: number | null;
  /** the track under the pointer */
  readonly track: string | null;
  /** ids of what is chosen */
  readonly chosen: readonly string[];
  /** the clip in the piano roll, and the pitch under the pointer there */
  readonly clip: string | null;
  readonly pitch: number | null;
}

/** Another member, as far as they show themselves. */
export interface Guest extends Showing {
  readonly name: string;
  readonly color: string;
}

const EVERY_MS = 80;
const MOST_CHOSEN = 64;
const NOWHERE: Showing = { tick: null, track: null, chosen: [], clip: null, pitch: null };

/** Sends where this member is, a few times a second at most, the newest always. */
export class PresenceSender {
  readonly #app: App;
  #showing: Showing = NOWHERE;
  #sentMs = -Infinity;
  #members = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App) {
    this.#app = app;
    app.work.on("selection", () => this.#showSelection());
    app.connection.on("state", ({ at }) => at === "live" && this.#soon());
    app.on("room", ({ members }) => members.length !== this.#members && this.#soon());
  }

  show(change: Partial<Showing>): void {
    const next = { ...this.#showing, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#showing)) return;
    this.#showing = next;
    this.#soon();
  }

  #showSelection(): void {
    const { clips, notes, open } = this.#app.work;
    this.show({ chosen: [...clips, ...notes].slice(0, MOST_CHOSEN).map((entity) => entity.id), clip: open?.id ?? null });
  }

  #soon(): void {
    clearTimeout(this.#timer);
    const waitMs = this.#sentMs + EVERY_MS - performance.now();
    this.#timer = setTimeout(() => this.#send(), Math.max(0, waitMs));
  }

  #send(): void {
    // Nothing is kept for who comes later (P1): a newcomer makes it be sent again.
    this.#members = this.#app.room.members.length;
    this.#sentMs = performance.now();
    if (this.#members > 1) this.#app.connection.send({ type: "presence", state: { ...this.#showing } });
  }
}

/** Everybody else who shows where they are. */
export function guests(app: App): readonly Guest[] {
  return app.room.members.flatMap(({ session, name, color }) => {
    const state = app.room.presence.get(session);
    return state === undefined || session === app.room.session ? [] : [{ name, color, ...shown(state) }];
  });
}

/** What of a presence can be read; the rest is as if it were not there. */
function shown(state: Readonly<Record<string, unknown>>): Showing {
  const { tick, track, chosen, clip, pitch } = state as Record<keyof Showing, unknown>;
  return {
    tick: typeof tick === "number" ? tick : null,
    track: typeof track === "string" ? track : null,
    chosen: Array.isArray(chosen) ? chosen.filter((id): id is string => typeof id === "string") : [],
    clip: typeof clip === "string" ? clip : null,
    pitch: typeof pitch === "number" ? pitch : null,
  };
}

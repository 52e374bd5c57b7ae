/** What this member asked for and has no answer to yet: in order, bounded, and asked again after a break (D4, D10). */
import type { Edit, JobNotes, Redo, SendChat, SettingsSet, Undo, VersionDelete, VersionList, VersionRestore, VersionSave } from "./messages.js";

/** A message that the hub answers by its `op_id`, and carries out once however often it comes. */
export type Request = (Edit | Undo | Redo | SendChat | VersionSave | VersionList | VersionRestore | VersionDelete | JobNotes | SettingsSet) & {
  readonly op_id: string;
};

export interface OutboxOptions {
  /** Send now; false where there is no live connection. */
  readonly send: (message: Request) => boolean;
  readonly localMs?: () => number;
}

interface Entry {
  message: Request;
  /** on the present connection */
  sent: boolean;
  /** on any connection: the hub may know of it */
  known: boolean;
  /** names a drag; those of one drag that have not left yet are one */
  readonly stroke: string | null;
}

export const MAX_UNANSWERED = 32;
export const STROKE_EVERY_MS = 66;
const PAUSE_MS = 300;
const PER_MS: Readonly<Record<Flow, number>> = { edit: 0.08, chat: 0.004, other: 0.004 };
const BURST: Readonly<Record<Flow, number>> = { edit: 300, chat: 12, other: 12 };

/** What C6 counts together; the hub lets more through than is sent here, so that nothing is refused for its speed. */
type Flow = "edit" | "chat" | "other";

export class Outbox {
  readonly #send: (message: Request) => boolean;
  readonly #localMs: () => number;
  readonly #allowance = { ...BURST };
  #entries: Entry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refilledMs: number;
  #strokeMs = -Infinity;
  #pausedUntilMs = -Infinity;

  constructor({ send, localMs = () => performance.now() }: OutboxOptions) {
    this.#send = send;
    this.#localMs = localMs;
    this.#refilledMs = localMs();
  }

  /** How many have no answer yet. */
  get waiting(): number {
    return this.#entries.length;
  }

  get requests(): readonly Request[] {
    return this.#entries.map((entry) => entry.message);
  }

  /** Ask for something, now or as soon as it may be. */
  add(message: Request, stroke: string | null = null): void {
    this.#entries.push({ message, stroke, sent: false, known: false });
    this.pump();
  }

  /** Take up a request that the hub may know of from before. */
  reclaim(message: Request): void {
    this.#entries.push({ message, stroke: null, sent: false, known: true });
  }

  /** The newest request where it belongs to this drag and has not left yet: it may still be changed. */
  open(stroke: string): Request | null {
    const newest = this.#entries.at(-1);
    return newest !== undefined && newest.stroke === stroke && !newest.known ? newest.message : null;
  }

  /** Put another message in the place of the newest, which has not left yet. */
  revise(message: Request): void {
    this.#entries.at(-1)!.message = message;
    this.pump();
  }

  /** Take back the newest request where it is such a one and has never left; null where the hub may know of it. */
  recall(isSuch: (message: Request) => boolean): Request | null {
    const newest = this.#entries.at(-1);
    return newest === undefined || newest.known || !isSuch(newest.message) ? null : this.#entries.pop()!.message;
  }

  has(opId: string): boolean {
    return this.#find(opId) >= 0;
  }

  /** Whether an earlier request waits that this one may have needed. */
  isBehind(opId: string): boolean {
    return this.#entries.slice(0, Math.max(0, this.#find(opId))).some((entry) => entry.known && !entry.sent);
  }

  /** An answer came: it is off the list. */
  answered(opId: string): void {
    const at = this.#find(opId);
    if (at >= 0) this.#entries.splice(at, 1);
    this.pump();
  }

  /** It came too fast: it and what was not sent yet wait a little (D10). Another id makes it another request. */
  postpone(opId: string, newId = opId): void {
    const entry = this.#entries[this.#find(opId)];
    if (entry === undefined) return;
    entry.sent = false;
    entry.message = { ...entry.message, op_id: newId };
    this.#pausedUntilMs = this.#localMs() + PAUSE_MS;
    this.#later(PAUSE_MS);
  }

  /** The connection is there again: everything without an answer is asked again, in order. */
  resend(): void {
    for (const entry of this.#entries) entry.sent = false;
    this.#pausedUntilMs = -Infinity;
    this.pump();
  }

  /** Forget those that match. */
  drop(matches: (message: Request) => boolean): void {
    this.#entries = this.#entries.filter((entry) => !matches(entry.message));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#entries = [];
  }

  /** Send what may be sent now, and come back for the rest. */
  pump(): void {
    let unanswered = this.#entries.filter((entry) => entry.sent).length;
    for (const entry of this.#entries) {
      if (entry.sent) continue;
      if (unanswered >= MAX_UNANSWERED) return;
      const waitMs = this.#waitMs(entry);
      if (waitMs > 0) return this.#later(waitMs);
      if (!this.#send(entry.message)) return;
      this.#left(entry);
      unanswered += 1;
    }
  }

  #left(entry: Entry): void {
    entry.sent = entry.known = true;
    this.#allowance[flowOf(entry.message)] -= 1;
    if (entry.stroke !== null) this.#strokeMs = this.#localMs();
  }

  #waitMs(entry: Entry): number {
    this.#refill();
    const flow = flowOf(entry.message);
    const short = Math.ceil((1 - this.#allowance[flow]) / PER_MS[flow]);
    // A drag's newest value may be followed by a newer one; anything after it ends the drag.
    const drags = entry.stroke !== null && entry === this.#entries.at(-1);
    const stroke = drags ? this.#strokeMs + STROKE_EVERY_MS - this.#localMs() : 0;
    return Math.max(0, this.#pausedUntilMs - this.#localMs(), short, stroke);
  }

  #refill(): void {
    const now = this.#localMs();
    for (const flow of ["edit", "chat", "other"] as const) {
      this.#allowance[flow] = Math.min(BURST[flow], this.#allowance[flow] + (now - this.#refilledMs) * PER_MS[flow]);
    }
    this.#refilledMs = now;
  }

  #later(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.pump(), delayMs);
  }

  #find(opId: string): number {
    return this.#entries.findIndex((entry) => entry.message.op_id === opId);
  }
}

function flowOf({ type }: Request): Flow {
  if (type === "edit" || type === "undo" || type === "redo") return "edit";
  return type === "chat" ? "chat" : "other";
}

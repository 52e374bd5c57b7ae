/** Which edits belong together: one drag, or one edit too large for a message, is one thing to undo. */
import type { Op } from "./messages.js";

export interface Gesture {
  readonly stroke: string | null;
  opIds: readonly string[];
  /** what it touched */
  readonly ids: Set<string>;
  atMs: number;
}

/** What an undo took back: how many edits at the hub, and which had not left yet. */
export interface Undone {
  readonly asked: number;
  readonly recalled: readonly (readonly Op[])[];
  readonly ids: ReadonlySet<string>;
}

const KEPT = 100;
const PAUSE_MS = 1000;
const ONE: Undone = { asked: 1, recalled: [], ids: new Set() };

export class Gestures {
  #done: Gesture[] = [];
  #undone: Undone[] = [];

  /** An edit was made; the same stroke as just before goes on with it. */
  add(opId: string, ops: readonly Op[], stroke: string | null, nowMs: number): void {
    const newest = this.#done.at(-1);
    const goesOn = stroke !== null && newest?.stroke === stroke && nowMs - newest.atMs < PAUSE_MS;
    const gesture = goesOn ? newest : this.#begin(stroke, []);
    gesture.opIds = [...gesture.opIds, opId];
    this.#note(gesture, ops, nowMs);
  }

  /** An edit that was made elsewhere in this member's name (J9): the hub has it after what it answered, before what still waits. */
  came(opId: string, ops: readonly Op[], waits: (opId: string) => boolean, nowMs: number): void {
    const kept = (isSuch: (opId: string) => boolean): Gesture[] =>
      this.#done.flatMap((gesture) => {
        const opIds = gesture.opIds.filter(isSuch);
        return opIds.length === 0 ? [] : [{ ...gesture, opIds }];
      });
    const [answered, waiting] = [kept((id) => !waits(id)), kept(waits)];
    this.#done = answered;
    this.add(opId, ops, null, nowMs);
    this.#done = [...this.#done, ...waiting].slice(-KEPT);
  }

  /** A drag's newest edit was changed before it left. */
  goOn(ops: readonly Op[], nowMs: number): void {
    const newest = this.#done.at(-1);
    if (newest !== undefined) this.#note(newest, ops, nowMs);
  }

  /** An edit was refused, so there is nothing of it to undo. */
  refused(opId: string): void {
    for (const gesture of this.#done) gesture.opIds = gesture.opIds.filter((id) => id !== opId);
    this.#done = this.#done.filter((gesture) => gesture.opIds.length > 0);
  }

  /** Someone else wrote: of what they touched, only the newest edit is undone at a time, since the hub passes over some. */
  othersWrote(ops: readonly Op[]): void {
    for (const gesture of this.#done) if (ops.some((op) => gesture.ids.has(op.id))) gesture.opIds = gesture.opIds.slice(-1);
  }

  /** What the next undo takes back; after a reload, one edit at a time. */
  takeBack(): { readonly count: number; readonly ids: ReadonlySet<string> } {
    const gesture = this.#done.pop();
    return { count: gesture?.opIds.length ?? 1, ids: gesture?.ids ?? ONE.ids };
  }

  undid(undone: Undone): void {
    this.#undone.push(undone);
  }

  /** What the next redo makes again. */
  takeAgain(): Undone {
    return this.#undone.pop() ?? ONE;
  }

  /** Redone at the hub: those edits are one gesture again. */
  redid(opIds: readonly string[], ids: ReadonlySet<string>): void {
    if (opIds.length > 0) this.#begin(null, ids).opIds = opIds;
  }

  /** A new edit ends what could be redone (D6). */
  endRedo(): void {
    this.#undone = [];
  }

  clear(): void {
    this.#done = [];
    this.#undone = [];
  }

  #begin(stroke: string | null, ids: Iterable<string>): Gesture {
    const gesture: Gesture = { stroke, opIds: [], ids: new Set(ids), atMs: 0 };
    this.#done = [...this.#done, gesture].slice(-KEPT);
    return gesture;
  }

  #note(gesture: Gesture, ops: readonly Op[], nowMs: number): void {
    gesture.atMs = nowMs;
    for (const op of ops) gesture.ids.add(op.id);
  }
}

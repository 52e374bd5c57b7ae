/** The document as this member sees it: what the hub has confirmed, and their own edits on top until it answers (D). */
import { type Change, Document } from "./document.js";
import { Emitter } from "./emitter.js";
import { Gestures } from "./gestures.js";
import { newOpId } from "./ids.js";
import type { Applied, HubMessage, JobNotes, Op, Welcome } from "./messages.js";
import { Outbox, type OutboxOptions, type Request } from "./outbox.js";

/** Something this member asked for was refused; an edit has been taken back from the document already. */
export interface Refused {
  readonly request: Request;
  readonly code: string;
  readonly message: string;
}

/** A section's notes, as this member asked for them, are in the document (J9). */
export interface Written {
  readonly request: JobNotes;
  readonly ops: readonly Op[];
}

export interface EditorEvents {
  refused: Refused;
  written: Written;
}

interface Pending {
  opId: string;
  ops: readonly Op[];
  log: Change[];
}

const MOST_OPS = 1024;

export class Editor extends Emitter<EditorEvents> {
  readonly #document = new Document();
  readonly #outbox: Outbox;
  readonly #gestures = new Gestures();
  readonly #localMs: () => number;
  #pending: Pending[] = [];
  /** whether the pending edits are in the document now, or stepped aside for what the hub said */
  #onTop = true;
  #session = "";
  #seq = 0;

  constructor(options: OutboxOptions) {
    super();
    this.#outbox = new Outbox(options);
    this.#localMs = options.localMs ?? (() => performance.now());
  }

  /** The document to show. Pending edits are put back on top here, once for all the messages since the last look. */
  get document(): Document {
    if (!this.#onTop) this.#putOnTop();
    return this.#document;
  }

  /** Everything asked for that has no answer yet, oldest first. */
  get waiting(): readonly Request[] {
    return this.#outbox.requests;
  }

  /** Change the document now, and ask the hub. Edits of one `stroke` that follow each other, as in a drag, are sent at most 15 times a second. */
  edit(ops: readonly Op[], stroke: string | null = null): readonly string[] {
    this.#gestures.endRedo();
    return this.#edit(ops, stroke);
  }

  /** Ask for something that is no edit; it is asked again after a break. */
  ask(request: Request): void {
    if (request.type === "version.restore") {
      this.#gestures.endRedo();
      this.#gestures.add(request.op_id, [], null, this.#localMs());
    }
    this.#outbox.add(request);
  }

  /** Take back this member's last edit, or drag (D6): at the hub, or here where it has not left yet. */
  undo(): readonly string[] {
    const recalled: (readonly Op[])[] = [];
    const asked: string[] = [];
    const { count, ids } = this.#gestures.takeBack();
    for (let left = count; left > 0; left--) {
      const ops = this.#recallEdit();
      if (ops !== null) recalled.push(ops);
      else asked.push(this.#askFor("undo"));
    }
    this.#gestures.undid({ asked: asked.length, recalled, ids });
    return asked;
  }

  /** Make the last undone edit, or drag, again. */
  redo(): readonly string[] {
    const { asked, recalled, ids } = this.#gestures.takeAgain();
    const opIds = Array.from({ length: asked }, () => this.#askFor("redo"));
    this.#gestures.redid(opIds, ids);
    return [...opIds, ...recalled.toReversed().flatMap((ops) => this.#edit(ops, null))];
  }

  /** Take up requests of before a reload: those that arrived are answered as they were (D4). */
  reclaim(requests: readonly Request[]): void {
    for (const request of requests) {
      if (request.type === "edit") this.#push({ opId: request.op_id, ops: request.ops, log: [] });
      this.#outbox.reclaim(request);
    }
  }

  stop(): void {
    this.#outbox.stop();
    this.clear();
  }

  /** Take in a message of the hub; those that are not about the document or an answer are ignored. */
  handle(message: HubMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "applied":
        return this.#applied(message);
      case "rejected":
        return this.#refused(message.op_id, message.code, message.message);
      case "error":
        return message.op_id ? this.#refused(message.op_id, message.code, message.message) : undefined;
      case "version.list":
        return this.#outbox.answered(message.op_id);
      case "version":
      case "settings":
      case "version.deleted":
        return message.by === this.#session && message.op_id ? this.#outbox.answered(message.op_id) : undefined;
      case "chat":
        return message.session === this.#session && message.op_id ? this.#outbox.answered(message.op_id) : undefined;
      default:
        return;
    }
  }

  #edit(ops: readonly Op[], stroke: string | null): readonly string[] {
    const opIds: string[] = [];
    const last = stroke === null ? null : this.#outbox.open(stroke);
    if (last?.type === "edit") return [this.#revise(last.op_id, merged(last.ops, ops))];
    // One larger than a message may be is several, and one gesture.
    const whole = ops.length > MOST_OPS ? newOpId() : stroke;
    for (let from = 0; from < ops.length; from += MOST_OPS) opIds.push(this.#editOnce(ops.slice(from, from + MOST_OPS), stroke, whole));
    return opIds;
  }

  #editOnce(ops: readonly Op[], stroke: string | null, gesture: string | null): string {
    const opId = newOpId();
    this.#gestures.add(opId, ops, gesture, this.#localMs());
    this.#push({ opId, ops, log: [] });
    this.#outbox.add({ type: "edit", op_id: opId, ops }, stroke);
    return opId;
  }

  #revise(opId: string, ops: readonly Op[]): string {
    this.#gestures.goOn(ops, this.#localMs());
    this.#pop();
    this.#push({ opId, ops, log: [] });
    this.#outbox.revise({ type: "edit", op_id: opId, ops });
    return opId;
  }

  #recallEdit(): readonly Op[] | null {
    const newest = this.#outbox.recall((request) => request.type === "edit");
    if (newest?.type !== "edit") return null;
    this.#pop();
    return newest.ops;
  }

  /** Where the opposite waits and has not left, the two cancel out. */
  #askFor(type: "undo" | "redo"): string {
    const opId = newOpId();
    const opposite = this.#outbox.recall((request) => request.type === (type === "undo" ? "redo" : "undo"));
    if (opposite === null) this.#outbox.add({ type, op_id: opId });
    return opId;
  }

  #push(pending: Pending): void {
    this.#pending.push(pending);
    if (this.#onTop) this.#document.apply(pending.ops, pending.log);
  }

  #pop(): void {
    const newest = this.#pending.pop();
    if (newest !== undefined && this.#onTop) this.#document.revert(newest.log);
  }

  #welcomed(message: Welcome): void {
    if (message.session !== this.#session) this.#newSession(message.session);
    if (!message.recovered) {
      this.#stepAside();
      this.#document.reset(message.snapshot?.entities ?? []);
      this.#seq = message.seq;
    }
    this.#outbox.resend();
  }

  /** Another session has another past: nothing of the one before can be undone (D6). */
  #newSession(session: string): void {
    if (this.#session !== "") this.#gestures.clear();
    if (this.#session !== "") this.#outbox.drop(({ type }) => type === "undo" || type === "redo");
    this.#session = session;
  }

  #applied({ seq, op_id, by, ops, via }: Applied): void {
    const mine = by === this.#session;
    // A restore that changed nothing is nothing to undo (V3).
    if (mine && via === "restore" && ops.length === 0) this.#gestures.refused(op_id);
    if (mine && via === "notes") this.#came(op_id, ops, seq > this.#seq);
    if (!mine) this.#gestures.othersWrote(ops);
    // An answer given again is about what is in the document already (D4).
    if (seq > this.#seq) {
      this.#stepAside();
      this.#document.apply(ops);
      this.#seq = seq;
    }
    const request = mine ? this.#settle(op_id) : undefined;
    if (request?.type === "job.notes") this.emit("written", { request, ops });
  }

  /** Notes were not predicted here, so they are to be undone from now on; the same answer again is no second edit (D4). */
  #came(opId: string, ops: readonly Op[], isNew: boolean): void {
    if (ops.length === 0 || !(isNew || this.#outbox.has(opId))) return;
    this.#gestures.endRedo();
    this.#gestures.came(opId, ops, (id) => this.#outbox.has(id), this.#localMs());
  }

  #settle(opId: string): Request | undefined {
    const request = this.#outbox.requests.find((one) => one.op_id === opId);
    const at = this.#pending.findIndex((pending) => pending.opId === opId);
    if (at >= 0) {
      this.#stepAside();
      this.#pending.splice(at, 1);
    }
    this.#outbox.answered(opId);
    return request;
  }

  #refused(opId: string, code: string, message: string): void {
    if (!this.#outbox.has(opId)) return;
    if (code === "rate_limited") return this.#outbox.postpone(opId);
    if (this.#outbox.isBehind(opId)) return this.#askAgain(opId);
    this.#gestures.refused(opId);
    const request = this.#settle(opId)!;
    this.emit("refused", { request, code, message });
  }

  /** What it builds on has yet to get through: a refusal now says nothing, and stays with the id it was given under (D4). */
  #askAgain(opId: string): void {
    const newId = newOpId();
    const pending = this.#pending.find((one) => one.opId === opId);
    if (pending !== undefined) pending.opId = newId;
    this.#outbox.postpone(opId, newId);
  }

  #stepAside(): void {
    if (this.#onTop) for (const { log } of this.#pending.toReversed()) this.#document.revert(log);
    this.#onTop = false;
  }

  #putOnTop(): void {
    this.#onTop = true;
    for (const pending of this.#pending) this.#document.apply(pending.ops, (pending.log = []));
  }
}

/** Two steps of a drag as one: the newer values, and what only the older one named. */
function merged(earlier: readonly Op[], later: readonly Op[]): readonly Op[] {
  if (![...earlier, ...later].every((op) => op.op === "set")) return [...earlier, ...later];
  const byId = new Map(earlier.map((op) => [op.id, op]));
  for (const op of later) byId.set(op.id, { ...op, props: { ...byId.get(op.id)?.props, ...op.props } });
  return [...byId.values()];
}

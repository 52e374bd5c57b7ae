import { Document, parentOf } from "../../src/client/document.js";
import { Editor } from "../../src/client/editor.js";
import type { Applied, HubMessage, JobNotes, Op, Welcome } from "../../src/client/messages.js";
import type { Request } from "../../src/client/outbox.js";
import { transport } from "./transports.js";

const PARENT_KIND = { track: null, clip: "track", note: "clip", marker: null } as const;

/** As much of a hub as edits need: one order for everybody, answers by `op_id`, a backlog, refusals. */
export class FakeHub {
  readonly document = new Document();
  readonly events: Applied[] = [];
  readonly members: FakeMember[] = [];
  readonly #graves = new Set<string>();
  readonly #answers = new Map<string, HubMessage>();

  get seq(): number {
    return this.events.length;
  }

  /** Carry out a request, or refuse it; `tooFast` refuses it for its speed (D10). */
  handle(from: FakeMember, request: Request, tooFast = false): void {
    const key = `${from.session} ${request.op_id}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return from.tell(known);
    if (tooFast) return from.tell({ type: "rejected", op_id: request.op_id, code: "rate_limited", message: "Too fast." });
    if (request.type === "job.notes") return this.#notes(key, from, request);
    if (request.type !== "edit") return;
    const answer = this.#edit(from.session, request.op_id, request.ops);
    this.#answers.set(key, answer);
    if (answer.type === "rejected") from.tell(answer);
    else for (const member of this.members) member.tell(answer);
  }

  welcome(session: string, heard: number | null): readonly HubMessage[] {
    const room = { key: "k", room: "r", role: "editor", epoch: 1, seq: this.seq, now_us: 0, transport: transport(), members: [], jobs: [], streams: [], limits: {} } as const;
    const welcome: Welcome = { type: "welcome", session, ...room, recovered: heard !== null };
    if (heard === null) return [{ ...welcome, snapshot: { entities: this.document.listed() } }];
    return [welcome, ...this.events.slice(heard)];
  }

  /** Notes of a section, in the name of who asked, whatever this hub's job is (J9). */
  #notes(key: string, from: FakeMember, { op_id, tick = 0 }: JobNotes): void {
    const id = `written${String(this.seq).padStart(5, "0")}`;
    const ops: Op[] = [
      { op: "put", kind: "track", id, props: { name: "Bass" } },
      { op: "put", kind: "clip", id: `${id}-c`, props: { track: id, start_tick: tick, length_ticks: 3840, name: "Drop" } },
    ];
    this.document.apply(ops);
    const applied = this.#keep({ type: "applied", seq: this.seq + 1, op_id, by: from.session, ops, via: "notes" });
    this.#answers.set(key, applied);
    for (const member of this.members) member.tell(applied);
  }

  #edit(by: string, opId: string, ops: readonly Op[]): HubMessage {
    const log: Parameters<Document["apply"]>[1] = [];
    for (const op of ops) {
      const fault = this.#fault(op);
      if (fault !== null) {
        this.document.revert(log);
        return { type: "rejected", op_id: opId, code: "bad_reference", message: fault };
      }
      this.document.apply([op], log);
    }
    for (const { id, before } of log) if (before !== undefined && this.document.get(before.kind, id) === undefined) this.#graves.add(id);
    return this.#keep({ type: "applied", seq: this.seq + 1, op_id: opId, by, ops });
  }

  #keep(applied: Applied): Applied {
    this.events.push(applied);
    return applied;
  }

  #fault({ op, kind, id, props }: Op): string | null {
    const live = this.document.get(kind, id);
    if (op === "delete") return live !== undefined || this.#graves.has(id) ? null : "There is nothing to delete.";
    if (op === "set" && live === undefined) return "There is nothing to change.";
    if (op === "put" && live === undefined && this.#graves.has(id)) return "It is deleted.";
    const parent = parentOf({ kind, id, props: props ?? {} });
    const inKind = PARENT_KIND[kind];
    return parent === null || inKind === null || this.document.get(inKind, parent) !== undefined ? null : "There is no such parent.";
  }
}

/** One member: an editor, and what is under way on their connection in both directions. */
export class FakeMember {
  readonly editor: Editor;
  readonly refusals: string[] = [];
  up: Request[] = [];
  down: HubMessage[] = [];
  heard = 0;
  #live = false;
  #linked = false;

  constructor(
    readonly hub: FakeHub,
    readonly session: string,
  ) {
    hub.members.push(this);
    this.editor = new Editor({ send: (message) => this.#live && this.up.push(message) > 0, localMs: () => Date.now() });
    this.editor.on("refused", ({ code }) => this.refusals.push(code));
  }

  get linked(): boolean {
    return this.#linked;
  }

  tell(message: HubMessage): void {
    if (this.#linked) this.down.push(message);
  }

  /** Come back; with `recovered` the backlog follows, else the snapshot comes. */
  connect(recovered: boolean): void {
    this.#linked = true;
    this.down.push(...this.hub.welcome(this.session, recovered ? this.heard : null));
  }

  /** Lose the connection and all that is under way. */
  break(): void {
    this.#linked = this.#live = false;
    this.up = [];
    this.down = [];
  }

  /** The next message of the hub arrives. */
  receive(): void {
    const message = this.down.shift();
    if (message === undefined) return;
    if (message.type === "welcome") {
      this.#live = true;
      if (!message.recovered) this.heard = message.seq;
    }
    if (message.type === "applied") this.heard = Math.max(this.heard, message.seq);
    this.editor.handle(message);
  }

  /** The next request arrives at the hub. */
  deliver(tooFast = false): void {
    const request = this.up.shift();
    if (request !== undefined) this.hub.handle(this, request, tooFast);
  }
}

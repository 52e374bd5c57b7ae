import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Document } from "../../src/client/document.js";
import { newOpId } from "../../src/client/ids.js";
import type { Op } from "../../src/client/messages.js";
import type { Request } from "../../src/client/outbox.js";
import { FakeHub, FakeMember } from "./fake-hub.js";
import { seeded } from "./random.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const track: Op = { op: "put", kind: "track", id: "track-01", props: { name: "Keys" } };
const clip: Op = { op: "put", kind: "clip", id: "clip-001", props: { track: "track-01", start_tick: 0, length_ticks: 3840 } };
const named = (name: string): Op => ({ op: "set", kind: "track", id: "track-01", props: { name } });

function together() {
  const hub = new FakeHub();
  const [a, b] = [new FakeMember(hub, "a"), new FakeMember(hub, "b")];
  for (const member of [a, b]) member.connect(true);
  flow(hub);
  return { hub, a, b };
}

/** Let everything arrive that is under way. */
function flow(hub: FakeHub): void {
  const busy = (): boolean => hub.members.some((m) => m.up.length + m.down.length > 0);
  while (busy()) {
    for (const member of hub.members) {
      member.deliver();
      member.receive();
    }
  }
}

function notes(op_id: string): Request {
  return { type: "job.notes", op_id, job: "j1", tick: 960 };
}

function nameOf(member: FakeMember): string | undefined {
  return member.editor.document.get("track", "track-01")?.props?.name;
}

describe("editor", () => {
  it("shows an edit at once, and D3: the same to everybody once the hub has applied it", () => {
    const { hub, a, b } = together();
    a.editor.edit([track]);
    expect(nameOf(a)).toBe("Keys");
    expect(nameOf(b)).toBeUndefined();
    flow(hub);
    expect(nameOf(b)).toBe("Keys");
    expect(a.editor.waiting).toEqual([]);
  });

  it("D: one's own edit stays on top of what others did before it, and gives way to what they do after it", () => {
    const { hub, a, b } = together();
    a.editor.edit([track]);
    flow(hub);
    b.editor.edit([named("Pads")]);
    a.editor.edit([named("Bass")]);
    b.deliver();
    a.receive();
    expect(nameOf(a)).toBe("Bass");
    flow(hub);
    expect([nameOf(a), nameOf(b)]).toEqual(["Bass", "Bass"]);
  });

  it("D3: a refused edit is taken away again, and says why", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    flow(hub);
    a.editor.edit([{ ...clip, props: { ...clip.props, track: "nowhere-1" } }]);
    expect(a.editor.document.count("clip")).toBe(1);
    flow(hub);
    expect(a.editor.document.count("clip")).toBe(0);
    expect(a.refusals).toEqual(["bad_reference"]);
  });

  it("D5: a late edit of what another has deleted never brings it back", () => {
    const { hub, a, b } = together();
    a.editor.edit([track, clip]);
    flow(hub);
    b.editor.edit([{ op: "delete", kind: "track", id: "track-01" }]);
    a.editor.edit([named("Late")]);
    b.deliver();
    flow(hub);
    expect(a.editor.document.listed()).toEqual([]);
    expect(a.refusals).toEqual(["bad_reference"]);
  });

  it("D10: an edit that came too fast is sent again, and so is what was built on it", () => {
    const { hub, a, b } = together();
    a.editor.edit([track]);
    a.editor.edit([clip]);
    a.deliver(true);
    flow(hub);
    expect(a.refusals).toEqual([]);
    expect(a.editor.document.count("clip")).toBe(1);
    vi.advanceTimersByTime(500);
    flow(hub);
    expect(b.editor.document.listed().map((e) => e.id)).toEqual(["track-01", "clip-001"]);
  });

  it.each([true, false])("D4: an edit whose answer was lost is asked again and folded once (recovered: %s)", (recovered) => {
    const { hub, a, b } = together();
    a.editor.edit([track]);
    flow(hub);
    a.editor.edit([named("Bass")]);
    a.deliver();
    a.break();
    b.editor.edit([named("Pads")]);
    flow(hub);
    a.connect(recovered);
    flow(hub);
    expect([nameOf(a), nameOf(b)]).toEqual(["Pads", "Pads"]);
    expect(a.editor.waiting).toEqual([]);
  });

  it("edits made while disconnected wait, are counted, and arrive", () => {
    const { hub, a, b } = together();
    a.break();
    a.editor.edit([track]);
    a.editor.edit([clip]);
    expect(a.editor.waiting).toHaveLength(2);
    a.connect(true);
    flow(hub);
    expect(b.editor.document.count("clip")).toBe(1);
    expect(a.editor.waiting).toEqual([]);
  });

  it("never has more than 32 edits unanswered", () => {
    const { a, hub } = together();
    for (let n = 0; n < 100; n++) a.editor.edit([{ ...track, id: `track-${100 + n}` }]);
    expect(a.up).toHaveLength(32);
    flow(hub);
    expect(hub.document.count("track")).toBe(100);
  });

  it("a drag is sent at most every 66 ms, and its last value always", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    flow(hub);
    let sent = 0;
    for (let n = 0; n < 60; n++) {
      a.editor.edit([{ op: "set", kind: "track", id: "track-01", props: { gain_db: -n / 10 } }], "gain track-01");
      vi.advanceTimersByTime(1000 / 60);
      sent += a.up.length;
      flow(hub);
    }
    vi.advanceTimersByTime(100);
    flow(hub);
    expect(sent).toBeLessThanOrEqual(16);
    expect(hub.document.get("track", "track-01")?.props?.gain_db).toBe(-5.9);
  });

  it("D6: undo asks for every edit of a drag, and for one where another wrote meanwhile", () => {
    const { hub, a, b } = together();
    a.editor.edit([track]);
    const drag = (): void => {
      for (let n = 0; n < 4; n++) {
        a.editor.edit([named(`${n}`)], "drag");
        vi.advanceTimersByTime(100);
      }
      flow(hub);
    };
    drag();
    expect(a.editor.undo()).toHaveLength(4);
    a.up = [];
    drag();
    b.editor.edit([named("Pads")]);
    flow(hub);
    expect(a.editor.undo()).toHaveLength(1);
  });

  it("D6: two drags of the same fader, one after the other, are two things to undo", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    for (const count of [2, 3]) {
      for (let n = 0; n < count; n++) {
        a.editor.edit([named(`${count} ${n}`)], "drag");
        vi.advanceTimersByTime(100);
      }
      flow(hub);
      vi.advanceTimersByTime(2000);
    }
    expect([a.editor.undo(), a.editor.undo()].map((asked) => asked.length)).toEqual([3, 2]);
    expect([a.editor.redo(), a.editor.redo()].map((asked) => asked.length)).toEqual([2, 3]);
  });

  it("V3: a restore is one thing to undo, whatever was dragged before, and none where it changed nothing", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    for (let n = 0; n < 3; n++) {
      a.editor.edit([named(`${n}`)], "drag");
      vi.advanceTimersByTime(100);
    }
    flow(hub);
    a.editor.ask({ type: "version.restore", op_id: "r1", version: "v1" });
    expect(a.editor.undo()).toHaveLength(1);
    a.editor.ask({ type: "version.restore", op_id: "r2", version: "v1" });
    a.editor.handle({ type: "applied", seq: 99, op_id: "r2", by: "a", ops: [], via: "restore", version: "v1" });
    expect(a.editor.undo()).toHaveLength(3);
  });

  it("D6: what has not left yet is undone and redone here", () => {
    const { hub, a, b } = together();
    a.break();
    a.editor.edit([track]);
    a.editor.edit([clip]);
    a.editor.undo();
    expect(a.editor.document.count("clip")).toBe(0);
    a.editor.redo();
    a.editor.undo();
    a.connect(true);
    flow(hub);
    expect(b.editor.document.listed().map((e) => e.id)).toEqual(["track-01"]);
    expect(a.editor.waiting).toEqual([]);
  });

  it("an edit larger than a message goes as several, and is one thing to undo", () => {
    const { hub, a, b } = together();
    a.editor.edit([track, clip]);
    const notes = Array.from({ length: 1500 }, (_, n): Op => ({ op: "put", kind: "note", id: `note-${1000 + n}`, props: { clip: "clip-001", tick: n, length_ticks: 1, pitch: 60 } }));
    a.editor.edit(notes);
    flow(hub);
    expect(b.editor.document.count("note")).toBe(1500);
    expect(a.editor.undo()).toHaveLength(2);
  });

  it("J9: notes that were asked for come with the answer, once, and are one thing to undo", () => {
    const { hub, a, b } = together();
    const written: number[] = [];
    a.editor.on("written", ({ request, ops }) => written.push(request.tick!, ops.length));
    a.editor.edit([track]);
    a.editor.ask(notes("n1"));
    flow(hub);
    expect([a, b].map((member) => member.editor.document.count("clip"))).toEqual([1, 1]);
    expect(a.editor.waiting).toEqual([]);
    expect(written).toEqual([960, 2]);
    expect([a.editor.undo(), a.editor.undo()].map((asked) => asked.length)).toEqual([1, 1]);
  });

  it("J9: a drag that went on while the notes were written is undone as what came after them and what came before", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    const drag = (value: string): void => {
      a.editor.edit([named(value)], "drag");
      vi.advanceTimersByTime(100);
    };
    drag("1");
    drag("2");
    a.editor.ask(notes("n1"));
    drag("3");
    flow(hub);
    expect([a.editor.undo(), a.editor.undo(), a.editor.undo()].map((asked) => asked.length)).toEqual([1, 1, 2]);
  });

  it.each([true, false])("J9: notes whose answer was lost are asked for again and written once (recovered: %s)", (recovered) => {
    const { hub, a } = together();
    a.editor.ask(notes("n1"));
    a.deliver();
    a.break();
    a.connect(recovered);
    flow(hub);
    expect(a.editor.document.listed()).toEqual(hub.document.listed());
    expect(a.editor.document.count("clip")).toBe(1);
    expect(a.editor.waiting).toEqual([]);
    a.editor.edit([{ ...track, id: "track-02" }]);
    flow(hub);
    expect([a.editor.undo(), a.editor.undo()].map((asked) => asked.length)).toEqual([1, 1]);
  });

  it("J9: notes that were there already, or that were refused, are nothing to undo", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    for (const name of ["1", "2", "3"]) {
      a.editor.edit([named(name)], "drag");
      vi.advanceTimersByTime(100);
    }
    flow(hub);
    a.editor.ask(notes("n1"));
    a.editor.handle({ type: "applied", seq: 99, op_id: "n1", by: "a", ops: [], via: "notes" });
    a.editor.ask(notes("n2"));
    a.editor.handle({ type: "error", code: "not_found", message: "No such job.", op_id: "n2" });
    expect(a.refusals).toEqual(["not_found"]);
    expect(a.editor.undo()).toHaveLength(3);
  });

  it("J10: a threshold is asked for again after a break, and answered off the list", () => {
    const { a } = together();
    a.break();
    a.editor.ask({ type: "settings.set", op_id: "t1", threshold: 0.7 });
    a.connect(true);
    a.receive();
    expect(a.up).toEqual([{ type: "settings.set", op_id: "t1", threshold: 0.7 }]);
    a.editor.handle({ type: "settings", seq: 1, by: "a", threshold: 0.7, op_id: "t1" });
    expect(a.editor.waiting).toEqual([]);
  });

  it("P3: a line that was written while disconnected is sent once it can be, and answered off the list", () => {
    const { a } = together();
    a.break();
    a.editor.ask({ type: "chat", op_id: "o1", text: "hi" });
    a.connect(true);
    a.receive();
    expect(a.up).toEqual([{ type: "chat", op_id: "o1", text: "hi" }]);
    a.editor.handle({ type: "chat", seq: 9, session: "a", name: "Thandi", text: "hi", at_us: 1, op_id: "o1" });
    expect(a.editor.waiting).toEqual([]);
  });

  it("H4: after a reload, what had no answer is asked again under the same op_id", () => {
    const { hub, a } = together();
    a.editor.edit([track]);
    const waiting = a.editor.waiting;
    a.deliver();
    a.break();
    const again = new FakeMember(hub, "a");
    again.editor.reclaim(waiting);
    again.connect(false);
    flow(hub);
    expect(hub.seq).toBe(1);
    expect(again.editor.waiting).toEqual([]);
    expect(nameOf(again)).toBe("Keys");
  });
});

describe("any interleaving of edits, refusals and breaks", () => {
  const IDS = { track: ["track-01", "track-02", "track-03"], clip: ["clip-001", "clip-002", "clip-003", "clip-004"], note: ["note-001", "note-002", "note-003"], marker: ["marker-1"] };

  function randomOp(random: () => number): Op {
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const kind = pick(["track", "clip", "clip", "note", "note", "marker"] as const);
    const id = pick(IDS[kind]);
    const op = pick(["put", "put", "set", "set", "delete"] as const);
    if (op === "delete") return { op, kind, id };
    const value = Math.floor(random() * 100);
    const props = {
      track: { name: `${value}` },
      clip: { track: pick(IDS.track), start_tick: value, length_ticks: 1 + value },
      note: { clip: pick(IDS.clip), tick: value, length_ticks: 1, pitch: value },
      marker: { tick: value },
    }[kind];
    return { op, kind, id, props };
  }

  function randomStep(member: FakeMember, random: () => number): void {
    const dice = random();
    if (dice < 0.25) member.editor.edit(Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomOp(random)));
    else if (dice < 0.3) member.editor.edit([{ op: "set", kind: "track", id: "track-01", props: { gain_db: -random() } }], "drag");
    else if (dice < 0.32) member.editor.ask(notes(newOpId()));
    else if (dice < 0.58) member.deliver(random() < 0.05);
    else if (dice < 0.9) member.receive();
    else if (dice < 0.93) member.break();
    else if (dice < 0.97 && !member.linked) member.connect(random() < 0.6);
    else vi.advanceTimersByTime(40);
  }

  /** What the member must see: the hub's events as far as they heard, and their own waiting edits on top. */
  function expected(member: FakeMember): readonly unknown[] {
    const model = new Document();
    for (const event of member.hub.events.slice(0, member.heard)) model.apply(event.ops);
    for (const request of member.editor.waiting) if (request.type === "edit") model.apply(request.ops);
    return model.listed();
  }

  function settle(hub: FakeHub): void {
    for (let round = 0; round < 2000 && (round < 2 || hub.members.some((m) => m.editor.waiting.length > 0)); round++) {
      for (const member of hub.members) if (!member.linked) member.connect(true);
      flow(hub);
      vi.advanceTimersByTime(100);
    }
  }

  it.each(Array.from({ length: 150 }, (_, seed) => seed))("D: ends with the hub's document (seed %i)", (seed) => {
    const random = seeded(seed);
    const hub = new FakeHub();
    const members = ["a", "b", "c"].map((session) => new FakeMember(hub, session));
    for (let step = 0; step < 400; step++) {
      const member = members[Math.floor(random() * members.length)]!;
      randomStep(member, random);
      if (step % 7 === 0) expect(member.editor.document.listed()).toEqual(expected(member));
    }
    settle(hub);
    for (const member of members) {
      expect(member.editor.waiting).toEqual([]);
      expect(member.editor.document.listed()).toEqual(hub.document.listed());
    }
  });
});

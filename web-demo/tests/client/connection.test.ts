import { decode, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { retryDelayMs } from "../../src/client/backoff.js";
import { Connection, type ConnectionOptions, type ConnectionState, roomUrl } from "../../src/client/connection.js";
import { transport } from "./transports.js";

/** A WebSocket in memory. */
class Socket {
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(bytes: Uint8Array): void {
    this.sent.push(decode(bytes) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  says(message: object): void {
    this.onmessage?.({ data: encode(message).slice().buffer });
  }
}

function welcome(changes: object = {}): object {
  const room = { session: "s1", key: "k1", room: "r", role: "owner", epoch: 7, seq: 40, now_us: 1, recovered: false };
  return { type: "welcome", ...room, transport: transport(), members: [], jobs: [], streams: [], limits: {}, ...changes };
}

function harness(options: Partial<ConnectionOptions> = {}) {
  const sockets: Socket[] = [];
  const states: ConnectionState["at"][] = [];
  const connection = new Connection({
    url: "ws://hub",
    name: "Thandi",
    ...options,
    random: () => 1,
    localMs: () => Date.now(),
    openSocket: () => {
      sockets.push(new Socket());
      return sockets.at(-1) as unknown as WebSocket;
    },
  });
  connection.on("state", (state) => states.push(state.at));
  connection.open();
  return { connection, sockets, states };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("connection", () => {
  it("H1: says hello first, and sends nothing before the welcome", () => {
    const { connection, sockets } = harness();
    sockets[0]!.onopen!();
    expect(connection.send({ type: "chat", text: "hi" })).toBe(false);
    expect(sockets[0]!.sent).toEqual([{ type: "hello", name: "Thandi", codecs: ["pcm_s16le"] }]);
    sockets[0]!.says(welcome());
    expect(connection.send({ type: "chat", text: "hi" })).toBe(true);
  });

  it("H2, H4: resumes after the last event it heard", () => {
    const { sockets } = harness();
    sockets[0]!.onopen!();
    sockets[0]!.says(welcome());
    sockets[0]!.says({ type: "chat", seq: 41, session: "s1", name: "Thandi", text: "hi", at_us: 1 });
    sockets[0]!.onclose!({ code: 1006, reason: "" });
    vi.advanceTimersByTime(300);
    sockets[1]!.onopen!();
    expect(sockets[1]!.sent[0]).toMatchObject({ type: "hello", resume: { session: "s1", key: "k1", epoch: 7, seq: 41 } });
  });

  it("H2: a recovered session stands where it stood until it has heard the rest", () => {
    const { sockets } = harness();
    sockets[0]!.says(welcome());
    sockets[0]!.onclose!({ code: 1006, reason: "" });
    vi.advanceTimersByTime(300);
    sockets[1]!.says(welcome({ recovered: true, seq: 45 }));
    sockets[1]!.onclose!({ code: 1006, reason: "" });
    vi.advanceTimersByTime(300);
    sockets[2]!.onopen!();
    expect(sockets[2]!.sent[0]).toMatchObject({ resume: { seq: 40 } });
  });

  it("H3: a refused token is final, whatever the close says", () => {
    const { connection, sockets } = harness();
    sockets[0]!.says({ type: "error", code: "bad_token", message: "It has expired." });
    sockets[0]!.onclose?.({ code: 1006, reason: "" });
    vi.advanceTimersByTime(60_000);
    expect(connection.state).toEqual({ at: "closed", code: 4403, reason: "It has expired." });
    expect(sockets).toHaveLength(1);
  });

  it("H4: a stay of before a reload is taken up by the first hello", () => {
    const resume = { session: "s1", key: "k1", epoch: 7, seq: 0 };
    const { sockets } = harness({ resume });
    sockets[0]!.onopen!();
    expect(sockets[0]!.sent[0]).toMatchObject({ resume });
  });

  it("waits longer after each failure, and says until when", () => {
    const { connection, sockets } = harness();
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      sockets.at(-1)!.onclose!({ code: 1006, reason: "" });
      if (connection.state.at === "waiting") waits.push(connection.state.retryAtMs - Date.now());
      vi.advanceTimersByTime(waits.at(-1)!);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it("a socket that falls silent is given up", () => {
    const { sockets, states } = harness();
    sockets[0]!.says(welcome());
    vi.advanceTimersByTime(20_000);
    expect(states).toContain("waiting");
    expect(sockets[0]!.closed).toBe(true);
  });

  it("C2: a frame that is no message is a fault, and the connection goes on; C3: an unknown type is ignored", () => {
    const { connection, sockets, states } = harness();
    const faults: string[] = [];
    connection.on("fault", (fault) => faults.push(fault.code));
    sockets[0]!.says(welcome());
    sockets[0]!.says({ type: "new.thing" });
    sockets[0]!.says({ type: "chat", seq: "x" });
    expect(faults).toEqual(["bad_message"]);
    expect(states.at(-1)).toBe("live");
  });

  it("H4: a new name joins as the same session, once the old connection is closed", () => {
    const { connection, sockets } = harness();
    sockets[0]!.says(welcome());
    connection.name = "Kabza";
    connection.rejoin();
    expect(sockets).toHaveLength(1);
    expect(connection.send({ type: "chat", text: "hi" })).toBe(false);
    sockets[0]!.onclose!({ code: 1000, reason: "" });
    sockets[1]!.onopen!();
    expect(sockets[1]!.sent[0]).toMatchObject({ name: "Kabza", resume: { session: "s1" } });
    sockets[1]!.says(welcome());
    vi.advanceTimersByTime(1500);
    expect(sockets).toHaveLength(2);
  });

  it("close leaves for good", () => {
    const { connection, sockets, states } = harness();
    sockets[0]!.says(welcome());
    connection.close();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
  });
});

describe("back-off", () => {
  it("H3, C7: a refused token, a session that went on elsewhere and being put out are final, a full room waits long, a draining hub is soon back", () => {
    expect(retryDelayMs(0, 4403)).toBeNull();
    expect(retryDelayMs(0, 4409)).toBeNull();
    expect(retryDelayMs(0, 4410)).toBeNull();
    expect(retryDelayMs(0, 4429, () => 0)).toBe(7500);
    expect(retryDelayMs(0, 1012, () => 0)).toBe(125);
  });

  it("C1: the room's address is a socket's", () => {
    expect(roomUrl("https://hub.example", "soft-river")).toBe("wss://hub.example/v1/rooms/soft-river/ws");
  });
});

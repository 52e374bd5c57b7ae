import { retryDelayMs } from "./backoff.js";
import { decodeHub, encodeClient, ProtocolError } from "./codec.js";
import { Emitter } from "./emitter.js";
import { type ClientMessage, CloseCode, type HubMessage, type ResumePoint, type Welcome } from "./messages.js";

export const SUBPROTOCOL = "logdrum.v1";

export type ConnectionState =
  | { readonly at: "connecting"; readonly attempt: number }
  | { readonly at: "live" }
  /** `retryAtMs` is on the clock of `performance.now()` */
  | { readonly at: "waiting"; readonly retryAtMs: number; readonly attempt: number; readonly code: number }
  | { readonly at: "closed"; readonly code: number; readonly reason: string };

export interface ConnectionEvents {
  state: ConnectionState;
  /** every message, welcome included, with the local time at which it came */
  message: { readonly message: HubMessage; readonly atMs: number };
  /** bytes that were no message; the connection goes on */
  fault: ProtocolError;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly name: string;
  readonly color?: string;
  readonly token?: string;
  /** an earlier stay to take up again (H4) */
  readonly resume?: ResumePoint;
  /** audio wanted ahead of its moment, ms */
  readonly bufferMs?: number;
  readonly openSocket?: (url: string) => WebSocket;
  readonly localMs?: () => number;
  readonly random?: () => number;
}

const WELCOME_PATIENCE_MS = 8000;
const SILENCE_MS = 12_000;
const CLOSE_PATIENCE_MS = 1000;

/** One member's way to a room: says hello, comes back after a break, and resumes where it was (C1, H1 to H4). */
export class Connection extends Emitter<ConnectionEvents> {
  readonly #options: ConnectionOptions;
  readonly #localMs: () => number;
  #socket: WebSocket | null = null;
  #state: ConnectionState = { at: "connecting", attempt: 0 };
  #resume: ResumePoint | null = null;
  #attempt = 0;
  #name: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardMs = 0;

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    this.#name = options.name;
    this.#resume = options.resume ?? null;
    this.#localMs = options.localMs ?? (() => performance.now());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Where a later connection would go on; null before the first welcome. */
  get resume(): ResumePoint | null {
    return this.#resume;
  }

  /** The name of the next hello. */
  set name(name: string) {
    this.#name = name;
  }

  /** Connect, and stay connected until `close`. */
  open(): void {
    clearTimeout(this.#timer);
    this.#drop();
    this.#enter({ at: "connecting", attempt: this.#attempt });
    const socket = (this.#options.openSocket ?? openSocket)(this.#options.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#hello(socket);
    socket.onmessage = (event: MessageEvent<unknown>) => this.#receive(socket, event.data);
    socket.onclose = (event: CloseEvent) => this.#lost(socket, event.code, event.reason);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(socket, 1006, "no answer"), WELCOME_PATIENCE_MS);
  }

  /** Send now; false while there is no live connection, and then nothing was sent. */
  send(message: ClientMessage): boolean {
    if (this.#state.at !== "live" || this.#socket === null) return false;
    this.#socket.send(encodeClient(message));
    return true;
  }

  /** Try again at once instead of waiting. */
  retry(): void {
    if (this.#state.at === "waiting") this.open();
  }

  /** Leave and join anew under the present name, as the same session: others see it go and come (H4). */
  rejoin(): void {
    const socket = this.#socket;
    if (socket === null || this.#state.at !== "live") return this.open();
    clearTimeout(this.#timer);
    this.#enter({ at: "connecting", attempt: this.#attempt });
    // While the old connection stands, the session would be resumed under its old name.
    socket.onmessage = null;
    socket.onclose = () => this.open();
    socket.close(CloseCode.NORMAL);
    this.#timer = setTimeout(() => this.open(), CLOSE_PATIENCE_MS);
  }

  /** Leave for good; later calls of `send` do nothing. */
  close(): void {
    clearTimeout(this.#timer);
    this.#socket?.close(CloseCode.NORMAL);
    this.#drop();
    this.#enter({ at: "closed", code: CloseCode.NORMAL, reason: "left" });
    this.clear();
  }

  #hello(socket: WebSocket): void {
    const { color, token, bufferMs } = this.#options;
    socket.send(
      encodeClient({
        type: "hello",
        name: this.#name,
        codecs: ["pcm_s16le"],
        ...(color !== undefined && { color }),
        ...(token !== undefined && { token }),
        ...(bufferMs !== undefined && { buffer_ms: bufferMs }),
        ...(this.#resume !== null && { resume: this.#resume }),
      }),
    );
  }

  #receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket || !(data instanceof ArrayBuffer)) return;
    this.#heardMs = this.#localMs();
    try {
      this.#accept(socket, decodeHub(data));
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      if (fault.code === "bad_message") this.emit("fault", fault);
    }
  }

  #accept(socket: WebSocket, message: HubMessage): void {
    if (message.type === "welcome") this.#welcomed(socket, message);
    else if ("seq" in message && this.#resume !== null) this.#resume = { ...this.#resume, seq: Math.max(this.#resume.seq, message.seq) };
    this.emit("message", { message, atMs: this.#heardMs });
    // The close that follows says the same, where nothing on the way swallows its code (H3).
    const refused = message.type === "error" && message.code === "bad_token" && this.#state.at === "connecting";
    if (refused) this.#lost(socket, CloseCode.BAD_TOKEN, message.message);
  }

  #welcomed(socket: WebSocket, { session, key, epoch, seq, recovered }: Welcome): void {
    clearTimeout(this.#timer);
    // A recovered session hears what it missed next: until then it stands where it stood (H2).
    const heard = recovered && this.#resume !== null ? this.#resume.seq : seq;
    this.#resume = { session, key, epoch, seq: heard };
    this.#attempt = 0;
    this.#enter({ at: "live" });
    this.#listen(socket);
  }

  /** A socket can die without a close: whoever keeps pinging hears silence. */
  #listen(socket: WebSocket): void {
    this.#timer = setTimeout(() => {
      if (this.#localMs() - this.#heardMs > SILENCE_MS) this.#lost(socket, 1006, "silence");
      else this.#listen(socket);
    }, SILENCE_MS / 4);
  }

  #lost(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    this.#drop();
    const delayMs = retryDelayMs(this.#attempt, code, this.#options.random);
    if (delayMs === null) return this.#enter({ at: "closed", code, reason });
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.open(), delayMs);
    this.#enter({ at: "waiting", retryAtMs: this.#localMs() + delayMs, attempt: this.#attempt, code });
  }

  #drop(): void {
    if (this.#socket === null) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.emit("state", state);
  }
}

/** Address of a room's socket on the hub that serves `origin`. */
export function roomUrl(origin: string, room: string): string {
  return `${origin.replace(/^http/, "ws")}/v1/rooms/${room}/ws`;
}

function openSocket(url: string): WebSocket {
  return new WebSocket(url, SUBPROTOCOL);
}

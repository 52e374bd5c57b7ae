/** Files on their way into the room, one after another, with what became of each (A5). */
import { type Asset, Emitter } from "../client/index.js";
import type { App } from "./app.js";
import { refusedUpload } from "./refused-upload.js";

export interface Upload {
  readonly name: string;
  /** 0 to 1 of its bytes; at 1 the hub listens to it */
  readonly sent: number;
  /** why it was not taken; null while it is under way */
  readonly refused: string | null;
}

export interface UploadEvents {
  change: null;
  /** someone here wants to add something: what becomes of it is to be seen */
  begun: null;
}

type Kept = (asset: Pick<Asset, "asset"> & { readonly name: string }) => void;

interface Item {
  readonly file: File;
  readonly kept: Kept;
  upload: Upload;
}

export class Uploads extends Emitter<UploadEvents> {
  readonly #app: App;
  #items: readonly Item[] = [];
  #sending: { readonly item: Item; readonly request: XMLHttpRequest } | null = null;

  constructor(app: App) {
    super();
    this.#app = app;
  }

  get list(): readonly Upload[] {
    return this.#items.map(({ upload }) => upload);
  }

  /** Send files, after those that wait; `kept` is called for each that the room took. */
  add(files: Iterable<File>, kept: Kept = () => undefined): void {
    this.emit("begun", null);
    if (!this.#app.work.may("sounds")) return;
    const items = [...files].map((file): Item => ({ file, kept, upload: { name: file.name, sent: 0, refused: null } }));
    this.#items = [...this.#items, ...items];
    this.#next();
    this.emit("change", null);
  }

  /** Break off what is under way, or forget what was refused. */
  drop(upload: Upload): void {
    const item = this.#items.find((one) => one.upload === upload);
    if (item !== undefined) this.#drop(item);
  }

  #drop(item: Item): void {
    if (this.#sending?.item === item) {
      this.#sending.request.abort();
      this.#sending = null;
    }
    this.#items = this.#items.filter((one) => one !== item);
    this.#next();
    this.emit("change", null);
  }

  #next(): void {
    if (this.#sending !== null) return;
    const item = this.#items.find(({ upload }) => upload.refused === null);
    if (item === undefined) return;
    const most = this.#app.room.limits.max_asset_bytes ?? Infinity;
    if (item.file.size > most) return this.#refuse(item, 413, null);
    this.#send(item);
  }

  #send(item: Item): void {
    const request = new XMLHttpRequest();
    this.#sending = { item, request };
    request.open("POST", this.#app.assetsUrl(item.file.name));
    for (const [name, value] of Object.entries(this.#app.headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => this.#change(item, { sent: total > 0 ? loaded / total : 0 });
    request.onload = () => this.#answered(item, request);
    request.onerror = () => this.#refuse(item, 0, null);
    request.send(item.file);
  }

  #answered(item: Item, { status, responseText }: XMLHttpRequest): void {
    const answer = parsed(responseText);
    if (status !== 201 || answer.asset === undefined) return this.#refuse(item, status, answer.message ?? null);
    this.#sending = null;
    this.#drop(item);
    item.kept({ asset: answer.asset, name: item.file.name });
  }

  #refuse(item: Item, status: number, said: string | null): void {
    this.#sending = null;
    this.#change(item, { refused: refusedUpload(item.file.name, status, said, this.#app.room.limits) });
    this.#next();
  }

  #change(item: Item, change: Partial<Upload>): void {
    item.upload = { ...item.upload, ...change };
    this.emit("change", null);
  }
}

function parsed(text: string): { readonly asset?: string; readonly message?: string } {
  try {
    return JSON.parse(text) as { asset?: string; message?: string };
  } catch {
    return {};
  }
}

import { type Document, Editor, Emitter, type Entity, newOpId, type Op, type Request } from "../client/index.js";
import type { App, Place } from "./app.js";
import { type Grid, gridOr, gridTicks } from "./grid.js";
import { readPref, writePref } from "./prefs.js";
import { tracksInOrder } from "./track-edits.js";

export interface WorkEvents {
  /** the document is another than at the last frame */
  document: Document;
  /** what is chosen, or open in the piano roll, is another */
  selection: null;
  grid: null;
  /** how many changes have no answer yet */
  waiting: number;
}

/** Clips and notes have a grid each. */
export type Surface = "clips" | "notes";

const LISTENER = "You are a listener here: you hear and read everything, and editors change it.";
/** The hub names ids, which say nothing to a person; what happened is this. */
const DELETED = "Taken back: what you changed was deleted meanwhile.";
const PLACES: Readonly<Record<Request["type"], Place>> = {
  edit: "arrangement",
  undo: "transport",
  redo: "transport",
  chat: "chat",
  "version.save": "versions",
  "version.list": "versions",
  "version.restore": "versions",
  "version.delete": "versions",
  "job.notes": "jobs",
  "settings.set": "jobs",
};

/** The document side of the page: what is edited, what is chosen, and where a refusal is shown. */
export class Work extends Emitter<WorkEvents> {
  readonly editor: Editor;
  readonly #app: App;
  readonly #places = new Map<string, Place>();
  #clips: ReadonlySet<string> = new Set();
  #notes: ReadonlySet<string> = new Set();
  #marker: string | null = null;
  #open: string | null = null;
  #shown = -1;
  #waiting = 0;
  #tracks: { readonly revision: number; readonly list: readonly Entity[] } = { revision: -1, list: [] };
  readonly #grids: Record<Surface, Grid> = { clips: gridOr(readPref("grid"), "bar"), notes: gridOr(readPref("noteGrid"), "sixteenth") };

  constructor(app: App) {
    super();
    this.#app = app;
    this.editor = new Editor({ send: (message) => app.connection.send(message) });
    this.editor.on("refused", ({ request, code, message }) => this.#refused(request, code === "bad_reference" ? DELETED : message));
  }

  get document(): Document {
    return this.editor.document;
  }

  /** Tracks as they lie under each other. */
  get tracks(): readonly Entity[] {
    const revision = this.document.revisionOf("track");
    if (this.#tracks.revision !== revision) this.#tracks = { revision, list: tracksInOrder(this.document) };
    return this.#tracks.list;
  }

  get mayEdit(): boolean {
    return this.#app.room.role !== "listener" || this.#app.room.session === "";
  }

  /** Chosen clips that are still there. */
  get clips(): readonly Entity[] {
    return [...this.#clips].flatMap((id) => this.document.get("clip", id) ?? []);
  }

  /** Chosen notes that are still there. */
  get notes(): readonly Entity[] {
    return [...this.#notes].flatMap((id) => this.document.get("note", id) ?? []);
  }

  get marker(): Entity | undefined {
    return this.#marker === null ? undefined : this.document.get("marker", this.#marker);
  }

  /** The clip that the piano roll shows. */
  get open(): Entity | undefined {
    return this.#open === null ? undefined : this.document.get("clip", this.#open);
  }

  grid(surface: Surface): Grid {
    return this.#grids[surface];
  }

  setGrid(surface: Surface, grid: Grid): void {
    this.#grids[surface] = grid;
    writePref(surface === "clips" ? "grid" : "noteGrid", grid);
    this.emit("grid", null);
  }

  /** Ticks between two lines of the grid. */
  gridTicks(surface: Surface): number {
    return gridTicks(this.#grids[surface], this.#app.intended() ?? { numerator: 4, denominator: 4 });
  }

  isChosen(id: string): boolean {
    return this.#clips.has(id) || this.#notes.has(id) || this.#marker === id;
  }

  chooseClips(ids: Iterable<string>): void {
    this.#clips = new Set(ids);
    this.#marker = null;
    this.emit("selection", null);
  }

  chooseNotes(ids: Iterable<string>): void {
    this.#notes = new Set(ids);
    this.emit("selection", null);
  }

  chooseMarker(id: string | null): void {
    this.#marker = id;
    this.#clips = new Set();
    this.emit("selection", null);
  }

  openClip(id: string | null): void {
    if (id !== this.#open) this.#notes = new Set();
    this.#open = id;
    this.emit("selection", null);
  }

  /** Whether this member may change things; where not, they are told at the place of the attempt (D8). */
  may(place: Place): boolean {
    if (!this.mayEdit) this.#app.emit("refused", { place, message: LISTENER });
    return this.mayEdit;
  }

  /** Change the document here and now, and ask the hub; false where that is not this member's to do. */
  edit(place: Place, ops: readonly Op[], stroke: string | null = null): boolean {
    if (!this.may(place)) return false;
    if (ops.length > 0) for (const opId of this.editor.edit(ops, stroke)) this.#places.set(opId, place);
    return true;
  }

  undo(): void {
    if (this.may("transport")) this.editor.undo();
  }

  redo(): void {
    if (this.may("transport")) this.editor.redo();
  }

  /** Say something; while the room is out of reach, it waits. */
  say(text: string): void {
    this.editor.ask({ type: "chat", op_id: newOpId(), text });
  }

  saveVersion(name: string): void {
    if (this.may("versions")) this.editor.ask({ type: "version.save", op_id: newOpId(), name });
  }

  restoreVersion(version: string): void {
    if (this.may("versions")) this.editor.ask({ type: "version.restore", op_id: newOpId(), version });
  }

  deleteVersion(version: string): void {
    if (this.may("versions")) this.editor.ask({ type: "version.delete", op_id: newOpId(), version });
  }

  /** Have the section that a generation plays at the playhead written into the tracks, as an edit of this member's (J9). */
  writeNotes(job: string): void {
    if (this.may("jobs")) this.editor.ask({ type: "job.notes", op_id: newOpId(), job, tick: Math.floor(this.#app.tick) });
  }

  /** Whether notes of a job were asked for and are not here yet. */
  isWriting(job: string): boolean {
    return this.editor.waiting.some((request) => request.type === "job.notes" && request.job === job);
  }

  /** What a score has to reach in this room; its owner's to say (J10). */
  setThreshold(threshold: number): void {
    if (this.may("jobs")) this.editor.ask({ type: "settings.set", op_id: newOpId(), threshold });
  }

  /** Once a frame: say what changed since the last one. */
  look(): void {
    const { revision } = this.document;
    if (revision !== this.#shown) {
      this.#shown = revision;
      this.emit("document", this.document);
    }
    const waiting = this.editor.waiting.length;
    if (waiting === 0) this.#places.clear();
    if (waiting !== this.#waiting) {
      this.#waiting = waiting;
      this.emit("waiting", waiting);
    }
  }

  #refused(request: Request, message: string): void {
    const place = this.#places.get(request.op_id) ?? PLACES[request.type];
    this.#places.delete(request.op_id);
    this.#app.emit("refused", { place, message });
  }
}

import { barsBeatsSixteenths, type Entity, propsOf } from "../client/index.js";
import type { App } from "./app.js";
import { sized } from "./canvas.js";
import { setClip } from "./clip-edits.js";
import { h, setText } from "./dom.js";
import { gridSelect } from "./grid-select.js";
import { DRUM_KEYS, isDrums } from "./instruments.js";
import { NoteCache, type NoteCloud } from "./note-cache.js";
import { pitchName } from "./note-edits.js";
import { clipSwitch } from "./notes-sound.js";
import { drawPiano, type PianoScene } from "./piano-draw.js";
import { PianoHands } from "./piano-hands.js";
import { PianoKeys } from "./piano-keys.js";
import { drumKit, fitted, type Keyboard, panned, PIANO, type PianoFrame, type PianoView, played, showing, zoomedAt } from "./piano-view.js";
import { drumRows } from "./piano-rows.js";
import { guests } from "./presence.js";
import { PreviewTone } from "./preview-tone.js";
import { refusalLine } from "./refusal.js";
import { separateClip } from "./separate-clip.js";
import { scoreClip } from "./scoring.js";
import { palette } from "./theme.js";

const MAX_NAME = 64;
const HELP = "N draws a note, the arrow keys move it, question mark lists every key.";
const NO_CLIP = "Choose a clip to see its notes: drag on a track's lane to draw one, or double-click.";

/** The notes of the open clip: drawn, moved, weighed; a canvas, and a line of what it is about. */
export class PianoRoll {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #canvas = h("canvas", {
    class: "piano",
    tabindex: "0",
    role: "application",
    "aria-label": "Piano roll",
    "aria-describedby": "piano-help",
    "data-testid": "piano",
  });
  readonly #body = h("div", { class: "piano-body" }, this.#canvas);
  readonly #name = h("input", { class: "field clip-name", "aria-label": "Name of the clip", maxlength: MAX_NAME, placeholder: "Unnamed clip", autocomplete: "off" });
  readonly #count = h("span", { class: "label", role: "status" });
  readonly #cache = new NoteCache();
  readonly #hands: PianoHands;
  #view: PianoView = { left: 0, pixelsPerTick: 0.1, top: 72, keyboard: PIANO };
  #frame: PianoFrame = { width: 0, height: 0 };
  #shown: string | null = null;
  #pitch: number | null = null;

  constructor(app: App) {
    this.#app = app;
    const tone = new PreviewTone(app);
    this.#hands = new PianoHands(app, this.#canvas, tone, {
      view: () => this.#view,
      frame: () => this.#frame,
      notes: () => this.#cloud().notes,
      onPoint: (pitch, tick) => this.#point(pitch, tick),
    });
    new PianoKeys(app, this.#canvas, tone, {
      notes: () => this.#cloud().notes,
      noteLength: () => this.#hands.noteLength(),
      rows: () => this.#view.keyboard.rows,
      onPitch: (pitch) => (this.#view = showing(this.#frame, this.#view, pitch)),
    });
    const empty = h("p", { class: "piano-empty hint" }, NO_CLIP);
    const help = h("span", { class: "offscreen", id: "piano-help" }, HELP);
    const head = h("div", { class: "piano-head" }, this.#name, this.#count, gridSelect(app, "notes"), refusalLine(app, "notes"), h("div", { class: "spacer" }), separateClip(app), scoreClip(app), clipSwitch(app), help);
    this.element = h("div", { class: "piano-roll", role: "tabpanel", "aria-label": "Piano roll" }, head, this.#body, empty);
    this.#name.addEventListener("change", () => this.#rename());
    this.#name.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === "Escape") && this.#canvas.focus());
    this.#canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    app.work.on("selection", () => this.#paint());
    app.work.on("document", () => this.#paint());
    app.on("frame", () => this.#draw());
    this.#paint();
  }

  focus(): void {
    this.#canvas.focus();
  }

  #cloud(): NoteCloud {
    const clip = this.#app.work.open;
    return clip === undefined ? { notes: [], lowest: Infinity, highest: -Infinity } : this.#cache.of(this.#app.work.document, clip.id);
  }

  #paint(): void {
    const clip = this.#app.work.open;
    this.element.classList.toggle("no-clip", clip === undefined);
    if (clip?.id !== this.#shown) this.#begin(clip);
    if (clip === undefined) return;
    if (document.activeElement !== this.#name) this.#name.value = propsOf(clip).name;
    this.#name.disabled = !this.#app.work.mayEdit;
    setText(this.#count, [`${this.#cloud().notes.length} notes`.replace(/^1 notes/, "1 note"), this.#chosen(clip)].filter(Boolean).join(", "));
  }

  /** How many notes are chosen; of a single one, what and where it is. */
  #chosen(clip: Entity): string {
    const [note, ...more] = this.#app.work.notes;
    if (note === undefined || more.length > 0) return note === undefined ? "" : `${more.length + 1} chosen`;
    const { tick, pitch, velocity } = propsOf(note);
    const { numerator, denominator } = this.#app.intended() ?? { numerator: 4, denominator: 4 };
    const name = (this.#isDrums(clip) && DRUM_KEYS[pitch]) || pitchName(pitch);
    return `${name} at ${barsBeatsSixteenths(propsOf(clip).start_tick + tick, numerator, denominator).join(".")}, velocity ${velocity}`;
  }

  /** Show another clip from its beginning, whole. */
  #begin(clip: Entity | undefined): void {
    this.#shown = clip?.id ?? null;
    this.#measure();
    if (clip === undefined || this.#frame.width === 0) return void (this.#shown = null);
    const { lowest, highest } = this.#cloud();
    this.#view = fitted(this.#frame, propsOf(clip).length_ticks, lowest, highest, this.#keyboard(clip));
  }

  /** Whether a clip's track plays drums. */
  #isDrums(clip: Entity): boolean {
    return isDrums(this.#app.work.document.get("track", propsOf(clip).track)?.props?.instrument ?? "");
  }

  #keyboard(clip: Entity): Keyboard {
    return this.#isDrums(clip) ? drumKit(drumRows(this.#cloud().notes.map((note) => propsOf(note).pitch))) : PIANO;
  }

  #measure(): void {
    this.#frame = { width: this.#body.clientWidth, height: this.#body.clientHeight };
  }

  #rename(): void {
    const clip = this.#app.work.open;
    if (clip !== undefined) this.#app.work.edit("notes", [setClip(clip.id, { name: this.#name.value.trim() })]);
  }

  #point(pitch: number | null, tick: number | null): void {
    this.#pitch = pitch;
    const start = this.#app.work.open?.props?.start_tick ?? 0;
    this.#app.presence.show({ pitch, tick: tick === null ? null : Math.round(start + tick), track: null });
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) this.#view = zoomedAt(this.#frame, this.#view, Math.exp(-event.deltaY / 300), event.offsetX);
    else if (event.shiftKey) this.#view = panned(this.#frame, this.#view, event.deltaY || event.deltaX, 0);
    else this.#view = panned(this.#frame, this.#view, event.deltaX, event.deltaY);
  }

  #draw(): void {
    const clip = this.#app.work.open;
    const transport = this.#app.transport();
    if (clip === undefined || transport === undefined || this.#canvas.offsetParent === null) return;
    this.#measure();
    if (this.#shown === null) this.#begin(clip);
    this.#view = played(this.#frame, this.#view, this.#keyboard(clip));
    const { start_tick, length_ticks, track } = propsOf(clip);
    const people = guests(this.#app);
    const scene: PianoScene = {
      frame: this.#frame,
      view: this.#view,
      palette: palette(),
      color: this.#app.work.document.get("track", track)?.props?.color ?? palette().violet,
      notes: this.#withDrawn(),
      draft: this.#hands.draft,
      chosen: (id) => this.#app.work.isChosen(id),
      chosenBy: new Map(people.flatMap((guest) => guest.chosen.map((id) => [id, guest] as const))),
      guests: people.filter((guest) => guest.clip === clip.id),
      lengthTicks: length_ticks,
      startTick: start_tick,
      gridTicks: this.#app.work.gridTicks("notes"),
      numerator: transport.numerator,
      denominator: transport.denominator,
      head: this.#app.tick - start_tick,
      hover: this.#pitch,
      rubber: this.#hands.rubber(),
    };
    this.#canvas.style.width = `${this.#frame.width}px`;
    this.#canvas.style.height = `${this.#frame.height}px`;
    drawPiano(sized(this.#canvas, this.#frame.width, this.#frame.height), scene);
  }

  #withDrawn(): readonly Entity[] {
    const { notes } = this.#cloud();
    const drawn = this.#hands.drawn();
    return drawn === null ? notes : [...notes, { kind: "note", id: "", props: { ...drawn, velocity: 100 } }];
  }
}

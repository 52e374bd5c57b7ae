import { h } from "./dom.js";

export interface DragNumberOptions {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** change for each pixel dragged up */
  readonly perPixel: number;
  readonly format: (value: number) => string;
  readonly onchange: (value: number) => void;
}

const DRAG_FROM_PX = 3;
const SEND_EVERY_MS = 120;
const OWN_CHANGE_MS = 400;
const KEY_STEPS: Readonly<Record<string, number>> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** A number to drag up and down, to type, or to move with the arrow keys. */
export class DragNumber {
  readonly element: HTMLInputElement;
  readonly #options: DragNumberOptions;
  #value: number;
  #drag: { readonly y: number; readonly from: number; moved: boolean } | null = null;
  #sentMs = -Infinity;

  constructor(options: DragNumberOptions) {
    this.#options = options;
    this.#value = options.min;
    this.element = h("input", {
      class: "drag-number",
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      role: "spinbutton",
      "aria-label": options.label,
      title: `${options.label}: drag, type, or use the arrow keys`,
      "aria-valuemin": options.min,
      "aria-valuemax": options.max,
      onpointerdown: (event: PointerEvent) => this.#grab(event),
      onpointermove: (event: PointerEvent) => this.#move(event),
      onpointerup: () => this.#release(),
      onpointercancel: () => this.#release(),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
      onchange: () => this.#typed(),
    });
  }

  /** Show a value, unless it is being changed by hand. */
  show(value: number): void {
    const busy = this.#drag !== null || document.activeElement === this.element;
    if (!busy && performance.now() - this.#sentMs > OWN_CHANGE_MS) this.#paint(value);
  }

  #paint(value: number): void {
    this.#value = Math.min(this.#options.max, Math.max(this.#options.min, value));
    const text = this.#options.format(this.#value);
    if (this.element.value !== text) this.element.value = text;
    this.element.setAttribute("aria-valuenow", String(this.#value));
  }

  #commit(value: number): void {
    this.#paint(value);
    this.#sentMs = performance.now();
    this.#options.onchange(this.#value);
  }

  #grab(event: PointerEvent): void {
    if (document.activeElement === this.element) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.#drag = { y: event.clientY, from: this.#value, moved: false };
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === null) return;
    const up = drag.y - event.clientY;
    if (!drag.moved && Math.abs(up) < DRAG_FROM_PX) return;
    drag.moved = true;
    const value = drag.from + Math.round(up) * this.#options.perPixel * (event.shiftKey ? 0.1 : 1);
    if (performance.now() - this.#sentMs > SEND_EVERY_MS) this.#commit(value);
    else this.#paint(value);
  }

  #release(): void {
    const drag = this.#drag;
    this.#drag = null;
    if (drag === null) return;
    if (drag.moved) return this.#commit(this.#value);
    this.element.focus();
    this.element.select();
  }

  #key(event: KeyboardEvent): void {
    const steps = KEY_STEPS[event.key];
    if (steps !== undefined) {
      event.preventDefault();
      this.#commit(this.#value + steps * (event.shiftKey ? 0.1 : 1));
    }
    if (event.key === "Escape") this.#paint(this.#value);
    if (event.key === "Enter" || event.key === "Escape") this.element.blur();
  }

  #typed(): void {
    const value = Number.parseFloat(this.element.value.replace(",", "."));
    if (Number.isFinite(value)) this.#commit(value);
    else this.#paint(this.#value);
  }
}

import { h } from "./dom.js";
import { type Instrument, instrumentLabel, instrumentOf, INSTRUMENTS, instrumentText } from "./instruments.js";

/** What plays a track's notes, for everybody. */
export function instrumentSelect(onchange: (instrument: string) => void): HTMLSelectElement {
  const select = h("select", { class: "instrument", title: "Instrument, for everybody" }, ...INSTRUMENTS.map(choices));
  select.addEventListener("change", () => onchange(select.value));
  return select;
}

/** Show what a track plays; what it names and nobody knows is shown as what it is played with. */
export function showInstrument(select: HTMLSelectElement, text: string): void {
  const { instrument, patch } = instrumentOf(text);
  const value = instrumentText(instrument, patch);
  if (select.value !== value) select.value = value;
}

/** An instrument, or a group where it has several sounds. */
function choices(instrument: Instrument): HTMLElement {
  const options = Array.from({ length: instrument.patches }, (_, patch) =>
    h("option", { value: instrumentText(instrument, patch) }, instrumentLabel(instrument, patch)),
  );
  return options.length === 1 ? options[0]! : h("optgroup", { label: instrument.label }, ...options);
}

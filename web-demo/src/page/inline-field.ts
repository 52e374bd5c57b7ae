import { h } from "./dom.js";

export interface InlineField {
  readonly label: string;
  readonly value: string;
  readonly maxLength: number;
  /** called once, with the new text, or null where it was given up */
  readonly done: (text: string | null) => void;
}

/** A field to write a name where it stands: Enter keeps it, Escape does not, leaving keeps it. */
export function inlineField({ label, value, maxLength, done }: InlineField): HTMLInputElement {
  const field = h("input", { class: "inline-field", "aria-label": label, value, maxlength: maxLength, autocomplete: "off" });
  let open = true;
  const finish = (text: string | null): void => {
    if (!open) return;
    open = false;
    field.remove();
    done(text);
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") finish(field.value.trim());
    if (event.key === "Escape") finish(null);
  });
  field.addEventListener("pointerdown", (event) => event.stopPropagation());
  field.addEventListener("blur", () => finish(field.value.trim()));
  queueMicrotask(() => {
    field.focus();
    field.select();
  });
  return field;
}

import { X } from "lucide";

import { h, iconButton } from "./dom.js";
import { SHORTCUTS } from "./keys.js";

/** The sheet of shortcuts. */
export function shortcutSheet(): HTMLDialogElement {
  const rows = SHORTCUTS.flatMap(([keys, what]) => [h("dt", {}, ...keys.split("  ").map((key) => h("kbd", {}, key))), h("dd", {}, what)]);
  const dialog = h(
    "dialog",
    { class: "sheet", "aria-label": "Keyboard shortcuts" },
    h("div", { class: "panel-head" }, h("span", { class: "section-title" }, "Keyboard"), h("div", { class: "spacer" }), iconButton(X, "Close", () => dialog.close())),
    h("dl", { class: "shortcuts" }, ...rows),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}

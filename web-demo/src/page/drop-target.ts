import { FolderUp, Split } from "lucide";

import type { App } from "./app.js";
import { h, icon } from "./dom.js";
import { lastChoice } from "./separate-sheet.js";

/** Where files are dropped: on the one half they are added to the room, on the other they are pulled into stems, too. */
export function dropTarget(app: App): HTMLElement {
  const add = half("Add to the room", "Everybody can play and separate it", icon(FolderUp, 28), "drop-add");
  const separate = half("Separate", "Its stems sound for everybody as they come", icon(Split, 28), "drop-separate");
  const element = h("div", { class: "drop-target", hidden: true, "data-testid": "drop-target" }, add, separate);
  let depth = 0;
  const end = (): void => {
    depth = 0;
    element.hidden = true;
    for (const one of [add, separate]) one.classList.remove("over");
  };
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    element.hidden = !app.work.mayEdit;
  });
  addEventListener("dragleave", (event) => hasFiles(event) && --depth <= 0 && end());
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    // Or the browser would go to the file, and leave the room.
    event.preventDefault();
    for (const one of [add, separate]) one.classList.toggle("over", one.contains(event.target as Node));
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const separates = separate.contains(event.target as Node);
    end();
    app.uploads.add(event.dataTransfer!.files, ({ asset }) => separates && app.separate("jobs", { asset, ...lastChoice() }));
  });
  return element;
}

function half(title: string, detail: string, symbol: SVGElement, testid: string): HTMLElement {
  return h("div", { class: "drop-half", "data-testid": testid }, symbol, h("strong", {}, title), h("span", {}, detail));
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}

import { readPref, writePref } from "./prefs.js";

/** Colours of the stylesheet, for canvases. */
export interface Palette {
  readonly ground: string;
  readonly raised: string;
  readonly sunken: string;
  readonly line: string;
  readonly faint: string;
  readonly text: string;
  readonly dim: string;
  readonly accent: string;
  readonly violet: string;
}

let known: Palette | null = null;

export function palette(): Palette {
  known ??= readPalette();
  return known;
}

/** Dark, unless light was chosen before; call once. */
export function initTheme(): void {
  apply(readPref("theme") ?? "dark");
}

export function toggleTheme(): void {
  const next = isLight() ? "dark" : "light";
  writePref("theme", next);
  apply(next);
}

export function isLight(): boolean {
  return document.documentElement.dataset["theme"] === "light";
}

function apply(theme: "dark" | "light"): void {
  document.documentElement.dataset["theme"] = theme;
  known = null;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: read("ground"),
    raised: read("raised"),
    sunken: read("sunken"),
    line: read("line"),
    faint: read("faint"),
    text: read("text"),
    dim: read("dim"),
    accent: read("accent"),
    violet: read("violet"),
  };
}

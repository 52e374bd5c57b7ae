/** What this browser remembers; a browser that refuses storage forgets, and nothing breaks. */
export interface Prefs {
  name: string;
  color: string;
  theme: "dark" | "light";
  offsetMs: string;
  masterDb: string;
  grid: string;
  noteGrid: string;
  drawer: string;
  drawerHeight: string;
  /** stems asked for last, and of which separator */
  stems: string;
  separator: string;
}

const PREFIX = "logdrum.";

export function readPref<K extends keyof Prefs>(key: K): Prefs[K] | null {
  try {
    return localStorage.getItem(PREFIX + key) as Prefs[K] | null;
  } catch {
    return null;
  }
}

export function writePref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Private windows: it holds for this visit.
  }
}

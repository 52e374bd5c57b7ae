/** What a tab remembers of its stay in a room, so that a reload brings the same member back (H4, H5). */
import type { ResumePoint } from "./messages.js";
import type { Request } from "./outbox.js";

/** Where it is kept; `sessionStorage` is one. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface Visit {
  readonly resume: ResumePoint;
  /** what had no answer yet */
  readonly waiting: readonly Request[];
}

const VISIT = "logdrum.visit.";
const TOKEN = "logdrum.token.";

/** Keep a visit while the page is away. It is kept no longer than that, so that a copied tab is someone else. */
export function keepVisit(shelf: Shelf, room: string, visit: Visit): void {
  const keep = (kept: Visit): true => {
    shelf.setItem(VISIT + room, JSON.stringify(kept));
    return true;
  };
  // Where what waits is too much for the shelf, the member at least comes back.
  if (quietly(() => keep(visit)) === null) quietly(() => keep({ ...visit, waiting: [] }));
}

/** The visit that was kept, which is then kept no more. The page that heard its history is gone: `seq` begins anew. */
export function takeVisit(shelf: Shelf, room: string): Visit | null {
  const text = quietly(() => shelf.getItem(VISIT + room));
  quietly(() => shelf.removeItem(VISIT + room));
  const kept = text ? (quietly(() => JSON.parse(text) as Partial<Visit>) ?? {}) : {};
  const { resume, waiting } = kept;
  if (typeof resume?.session !== "string" || typeof resume.key !== "string" || !Number.isSafeInteger(resume.epoch)) return null;
  return { resume: { ...resume, seq: 0 }, waiting: Array.isArray(waiting) ? waiting : [] };
}

/** The token in an address such as `/r/room#token=…`, which is then kept for this tab; else the one that was. */
export function tokenFor(shelf: Shelf, room: string, hash: string): string | undefined {
  const given = new URLSearchParams(hash.replace(/^#/, "")).get("token");
  if (given) quietly(() => shelf.setItem(TOKEN + room, given));
  return given ?? quietly(() => shelf.getItem(TOKEN + room)) ?? undefined;
}

/** Storage that is full or forbidden is no storage, and nothing breaks. */
function quietly<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

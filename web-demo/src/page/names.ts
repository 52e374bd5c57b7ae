const MOODS = ["soft", "golden", "late", "quiet", "deep", "warm", "bright", "slow", "velvet", "silver", "gentle", "rolling", "dusty", "amber", "hazy"];
const PLACES = ["river", "avenue", "shebeen", "veranda", "sunset", "highveld", "kasi", "jacaranda", "rooftop", "harbour", "savanna", "corner", "garden", "station"];
const MUSICIANS = ["Thandi", "Sipho", "Lerato", "Kabelo", "Naledi", "Tumelo", "Zola", "Ayanda", "Bongani", "Nomsa", "Themba", "Lindiwe", "Mpho", "Dineo"];

/** Colours of people: apart from each other, and readable on both themes. */
const PEOPLE_COLORS = ["#e5798f", "#5aa9e6", "#d39a3a", "#67b26f", "#b48ae0", "#4fb8b0", "#e08a5b", "#8f9bd8"];

export const ROOM_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/;

export function newRoomName(): string {
  return `${pick(MOODS)}-${pick(PLACES)}-${Math.floor(Math.random() * 900 + 100)}`;
}

export function newMemberName(): string {
  return pick(MUSICIANS);
}

export function newColor(): string {
  return pick(PEOPLE_COLORS);
}

/** The room in a path such as /r/soft-river; null where there is none. */
export function roomInPath(path: string): string | null {
  const match = /^\/r\/([^/]+)\/?$/.exec(path);
  return match === null ? null : decodeURIComponent(match[1]!);
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}

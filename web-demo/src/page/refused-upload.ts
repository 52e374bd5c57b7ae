import type { Limits } from "../client/index.js";

const MEBIBYTE = 2 ** 20;

/** Why a file did not become a sound of the room, and what can be done; 0 is no answer at all (A5). */
export function refusedUpload(name: string, status: number, said: string | null, limits: Limits): string {
  switch (status) {
    case 0:
      return `“${name}” did not arrive: the way to the hub broke off. Try again.`;
    case 409:
      return limits.max_assets === undefined ? "This room is full of sounds." : `This room is full: it keeps ${limits.max_assets} sounds. Take this one to another room.`;
    case 413: {
      const most = limits.max_asset_bytes === undefined ? "" : `: a sound may have ${Math.floor(limits.max_asset_bytes / MEBIBYTE)} MiB`;
      return `“${name}” is too large${most}. FLAC or MP3 take less room than WAV.`;
    }
    case 415:
      return `No sound could be read in “${name}”. WAV, FLAC, MP3, Ogg and M4A can be.`;
    case 503:
      return `The engine that reads sounds is not there just now. Try “${name}” again in a moment.`;
    case 507:
      return `The hub's disk is full; “${name}” was not kept. Whoever runs the hub can make room.`;
    default:
      return said ?? `The hub did not take “${name}” (HTTP ${status}). Try again.`;
  }
}

const ALPHABET = "0123456789abcdefghijkmnopqrstuvwxyz_-ABCDEFGHIJKLMNOPQRSTUVWXYZl";

/** A new `op_id`: 96 random bits, unique within any session. */
export function newOpId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => ALPHABET[byte & 63]).join("");
}

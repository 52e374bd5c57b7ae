const ALPHABET = "0123456789abcdefghijkmnopqrstuvwxyz_-ABCDEFGHIJKLMNOPQRSTUVWXYZl";

/** A new `op_id`: 96 random bits, unique within any session. */
export function newOpId(): string {
  return newId();
}

/** A new id for an entity: 96 random bits in 16 letters, which D1 allows. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => ALPHABET[byte & 63]).join("");
}

// What the Node peers share: the word to begin, the payload, and a steady rate.
import { createInterface } from "node:readline";

const PAYLOAD_BYTES = 20_480;
const STAMP_BYTES = 16;

const body = Buffer.from({ length: PAYLOAD_BYTES - STAMP_BYTES }, (_, i) => (i * 37 + 11) & 0xff);

/** Return payload `number`, stamped with this moment of CLOCK_MONOTONIC. */
function stamped(number) {
  const payload = Buffer.allocUnsafe(PAYLOAD_BYTES);
  body.copy(payload, STAMP_BYTES);
  payload.writeBigInt64LE(BigInt(number), 8);
  payload.writeBigInt64LE(process.hrtime.bigint(), 0);
  return payload;
}

/** Broadcast at a steady rate once "go" is read; the process ends when stdin does. */
export function broadcastWhenTold(send) {
  const rateHz = Number(process.argv[process.argv.indexOf("--rate") + 1]);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "go") {
      console.log("going");
      pace(send, rateHz);
    }
  });
  lines.on("close", () => process.exit(0));
}

function pace(send, rateHz) {
  const began = performance.now();
  let number = 0;
  const next = () => {
    send(stamped(number));
    number += 1;
    setTimeout(next, began + (number * 1000) / rateHz - performance.now());
  };
  next();
}

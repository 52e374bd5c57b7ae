// Hocuspocus with its SQLite extension and its defaults: it stores 2 s after the last edit, or after 10 s of edits.
import { join } from "node:path";
import { SQLite } from "@hocuspocus/extension-sqlite";
import { Server } from "@hocuspocus/server";

const folder = process.argv[process.argv.indexOf("--data") + 1];
const server = new Server({ quiet: true, extensions: [new SQLite({ database: join(folder, "documents.sqlite") })] });

// Its own `listen` takes every interface: the `address` that it passes on, Node calls `host`.
server.httpServer.listen(0, "127.0.0.1", () => console.log(`listening ${server.address.port}`));

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  await server.destroy(); // stores what is unsaved
  process.exit(0);
}
process.on("SIGTERM", stop);
process.stdin.on("end", stop).resume();

// y-websocket's own server, on a port that is free; with --data it keeps updates in LevelDB, as its YPERSISTENCE does.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { WebSocketServer } from "ws";

const data = process.argv.indexOf("--data");
if (data > 0) process.env.YPERSISTENCE = process.argv[data + 1];
const { setupWSConnection } = createRequire(import.meta.url)("y-websocket/bin/utils");

const http = createServer();
new WebSocketServer({ server: http }).on("connection", setupWSConnection);
http.listen(0, "127.0.0.1", () => console.log(`listening ${http.address().port}`));

process.stdin.on("end", () => process.exit(0)).resume();

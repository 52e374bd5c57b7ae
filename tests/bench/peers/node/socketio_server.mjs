// Socket.IO: one event to everybody.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { broadcastWhenTold } from "./pacing.mjs";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
http.listen(0, "127.0.0.1", () => console.log(`listening ${http.address().port}`));

broadcastWhenTold((payload) => io.emit("chunk", payload));

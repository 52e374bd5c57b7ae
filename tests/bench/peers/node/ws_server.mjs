// Node `ws`: its documentation's broadcast.
import { WebSocket, WebSocketServer } from "ws";
import { broadcastWhenTold } from "./pacing.mjs";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(`listening ${server.address().port}`));
server.on("connection", (client) => client.on("error", console.error));

broadcastWhenTold((payload) => {
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(payload, { binary: true });
  }
});

// Opens a connection that finds a way: a WebSocket first, polling where a proxy refuses WebSockets or swallows them.
// It knows no event.

import { io } from "../vendor/socket.io.esm.min.js";

export function liveSocket(options = {}) {
  const socket = io({ transports: ["websocket", "polling"], tryAllTransports: true, ...options });
  socket.on("connect_error", ({ message }) => {
    // a WebSocket that neither opens nor fails: the next try begins with what every proxy lets through
    if (message === "timeout") socket.io.opts.transports = ["polling", "websocket"];
  });
  // neither let in nor refused: asked anew
  socket.io.on("open", () => setTimeout(() => { if (!socket.connected && socket.active) socket.disconnect().connect(); }, 15000));
  return socket;
}

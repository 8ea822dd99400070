// socket.io-client for a window outside a browser: `next` says where the next connection goes and with which cookie.
import { io as connect } from "socket.io-client";

export const next = { url: "", cookie: "", polling: false };

export function io({ transports, ...options }) {
  return connect(next.url, {
    ...options,
    transports: next.polling ? ["polling"] : transports,
    extraHeaders: { Cookie: next.cookie },
    forceNew: true,
  });
}

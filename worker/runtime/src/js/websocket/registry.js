// WebSockets for those who know of none before there is one: the classes are made when an app looks at one of them, or has a
// server answer with one.

import { ops } from "../ops.js";

let made = null;

/**
 * `{ CloseEvent, WebSocket, WebSocketPair, abandon, adopt, checkAnswer, closeAll, isWebSocket, serve }`: the classes, and what is done with
 * their instances.
 */
export function webSockets() {
  return made ??= ops.lazyBuiltin("websocket/web_socket.js");
}

/** Whether a value is a WebSocket. */
export function isWebSocket(value) {
  return made !== null && made.isWebSocket(value);
}

/** Called natively when the worker is about to end: closes those that are open. */
export function closeWebSockets() {
  if (made !== null) made.closeAll();
}

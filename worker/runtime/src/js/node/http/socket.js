// What stands for the connection of a message: the supervisor has the true one, and an app sees nothing of it.

import { primordials } from "../../primordials.js";
import { Duplex } from "../stream/duplex.js";

const { FunctionPrototypeCall, ObjectDefineProperty, ObjectSetPrototypeOf } = primordials;

/** @type {any} */
export const MessageSocket = function (isEncrypted) {
  FunctionPrototypeCall(Duplex, this, { __proto__: null, autoDestroy: false, emitClose: true });
  this.encrypted = isEncrypted;
  this.authorized = isEncrypted;
  // Not known here.
  this.remoteAddress = undefined;
  this.remoteFamily = "IPv4";
  this.remotePort = 0;
  this.localAddress = "127.0.0.1";
  this.localPort = 0;
  this.connecting = false;
  this.bytesRead = 0;
  this.bytesWritten = 0;
  this.timeout = 0;
};
ObjectSetPrototypeOf(MessageSocket.prototype, Duplex.prototype);
ObjectSetPrototypeOf(MessageSocket, Duplex);
ObjectDefineProperty(MessageSocket, "name", { __proto__: null, value: "Socket", configurable: true });

const { prototype } = MessageSocket;
prototype._read = function () {};
prototype._write = function (_chunk, _encoding, callback) {
  callback();
};
prototype.address = function () {
  return { address: this.localAddress, family: "IPv4", port: this.localPort };
};
prototype.setTimeout = function (milliseconds, callback = undefined) {
  this.timeout = milliseconds;
  if (typeof callback === "function") this.once("timeout", callback);
  return this;
};
prototype.setNoDelay = prototype.setKeepAlive = prototype.ref = prototype.unref = function () {
  return this;
};
prototype.destroySoon = function () {
  this.destroy();
};

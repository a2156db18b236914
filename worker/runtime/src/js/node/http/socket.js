// What stands for the connection of a message: the supervisor has the true one, and an app sees of it who the client is.

import { primordials } from "../../primordials.js";
import { Duplex } from "../stream/duplex.js";

const { FunctionPrototypeCall, ObjectDefineProperty, ObjectSetPrototypeOf, StringPrototypeIncludes } = primordials;

function familyOf(address) {
  if (address === undefined) return undefined;
  return StringPrototypeIncludes(address, ":") ? "IPv6" : "IPv4";
}

/** @type {any} */
export const MessageSocket = function (isEncrypted, remoteAddress = undefined) {
  FunctionPrototypeCall(Duplex, this, { __proto__: null, autoDestroy: false, emitClose: true });
  this.encrypted = isEncrypted;
  this.authorized = isEncrypted;
  // Where it is not known, Node.js says so too.
  this.remoteAddress = remoteAddress;
  this.remoteFamily = familyOf(remoteAddress);
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

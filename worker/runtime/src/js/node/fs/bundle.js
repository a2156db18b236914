// `/bundle` of node:fs: the app's own files, those that it has imported; they can be read.

import { copyBytes } from "../../fetch/body_source.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { fromString } from "../buffer/create.js";
import { DirectoryInode, FileInode, kDirectory } from "./inode.js";

const { MapPrototypeGet, MapPrototypeSet, StringPrototypeSplit, Uint8Array } = primordials;

/** Files that are there already. */
let known = 0;

function bytesOf(number) {
  const content = ops.bundleFile(number);
  if (typeof content === "string") return fromString(content, "utf8");
  return content === undefined ? new Uint8Array(0) : copyBytes(new Uint8Array(content));
}

function plant(directory, path, number) {
  const parts = StringPrototypeSplit(path, "/");
  let place = directory;
  for (let at = 0; at < parts.length - 1; at++) {
    let next = MapPrototypeGet(place.entries, parts[at]);
    if (next?.kind !== kDirectory) {
      next = new DirectoryInode(0o555, true);
      MapPrototypeSet(place.entries, parts[at], next);
    }
    place = next;
  }
  const file = new FileInode(0o444, true, () => bytesOf(number));
  MapPrototypeSet(place.entries, parts[parts.length - 1], file);
}

/** Puts what was imported since the last time into the directory. */
export function growBundle(directory) {
  const names = ops.bundleFileNames(known);
  for (let at = 0; at < names.length; at++) plant(directory, names[at], known + at);
  known += names.length;
}

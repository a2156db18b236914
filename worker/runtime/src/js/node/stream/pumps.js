// Chunks from an iterable into a stream, of Node.js or of the web, at the pace of the stream: what pipeline() is made of.

import { primordials } from "../../primordials.js";
import { Cursor } from "./cursor.js";
import { bothErrors } from "./errors.js";
import { eos } from "./finished.js";
import { isTransformStream } from "./kinds.js";

const { Promise, PromisePrototypeThen } = primordials;

function nothing() {}

/** `isEnd`: whether the stream ends with the iterable. */
export async function pumpToNode(iterable, writable, finish, isEnd) {
  let error;
  let wake = null;
  const onChange = (failure) => {
    if (failure) error = failure;
    const waiting = wake;
    wake = null;
    if (waiting !== null) waiting();
  };
  const wait = () => new Promise((resolve, reject) => {
    const settle = () => {
      if (error) reject(error);
      else resolve(undefined);
    };
    if (error) reject(error);
    else wake = settle;
  });
  writable.on("drain", onChange);
  const stop = eos(writable, { readable: false }, onChange);
  try {
    if (writable.writableNeedDrain) await wait();
    await writeAll(iterable, writable, wait);
    if (isEnd) {
      writable.end();
      await wait();
    }
    finish();
  } catch (failure) {
    finish(error === failure ? failure : bothErrors(error, failure));
  } finally {
    stop();
    writable.off("drain", onChange);
  }
}

async function writeAll(iterable, writable, wait) {
  const cursor = new Cursor(iterable);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) return;
      if (!writable.write(step.value)) await wait();
    }
  } catch (failure) {
    // What the iterator says when it is closed is not of interest any more.
    if (cursor.isInside) {
      try {
        await cursor.close();
      } catch {
        throw failure;
      }
    }
    throw failure;
  }
}

export async function pumpToWeb(iterable, target, finish, isEnd) {
  const writer = (isTransformStream(target) ? target.writable : target).getWriter();
  try {
    const cursor = new Cursor(iterable);
    try {
      for (;;) {
        const step = await cursor.step();
        if (cursor.isDone(step)) break;
        await writer.ready;
        PromisePrototypeThen(writer.write(step.value), undefined, nothing);
      }
    } finally {
      if (cursor.isInside) await cursor.close();
    }
    await writer.ready;
    if (isEnd) await writer.close();
    finish();
  } catch (error) {
    try {
      await writer.abort(error);
      finish(error);
    } catch (failure) {
      finish(failure);
    }
  }
}

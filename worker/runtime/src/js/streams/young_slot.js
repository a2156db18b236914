// A slot for a promise that a stream keeps only in case. An old object that is given a young one takes the collector's
// notice each time, which costs as much as a tenth of a write; a holder that was made a moment ago does not.

import { seal } from "./sealed_class.js";

// It is replaced long before it can grow old.
const USES = 64;

class Holder {
  constructor() {
    this.value = undefined;
  }
}
seal(Holder);

export class YoungSlot {
  constructor() {
    this.uses = 0;
    this.holder = new Holder();
  }

  set(value) {
    if (++this.uses === USES) {
      this.uses = 0;
      this.holder = new Holder();
    }
    this.holder.value = value;
  }

  get() {
    return this.holder.value;
  }
}
seal(YoungSlot);

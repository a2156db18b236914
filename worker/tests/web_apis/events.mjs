// Events, abort signals, DOMException. The .expected.txt was checked against the standards line by line; Node 20 differs in a few.
const show = (label, run) => {
  try {
    console.log(label, run());
  } catch (error) {
    console.log(label, "throws", error.name);
  }
};
const target = new EventTarget();
const seen = [];
const listener = (event) => seen.push(`${event.type} ${event.eventPhase} ${event.target === target} ${event.currentTarget === target}`);
target.addEventListener("a", listener);
target.addEventListener("a", listener);
target.addEventListener("a", { handleEvent(event) { seen.push(`object ${this !== target} ${event.type}`); } }, { once: true });
target.addEventListener("a", (event) => event.preventDefault(), { passive: true });
const event = new Event("a", { cancelable: true });
console.log(target.dispatchEvent(event), target.dispatchEvent(event), seen, event.eventPhase, event.currentTarget);
target.addEventListener("b", (e) => { e.stopImmediatePropagation(); seen.push("first"); });
target.addEventListener("b", () => seen.push("never"));
target.addEventListener("b", (e) => { e.preventDefault(); seen.push("capture"); }, true);
console.log(target.dispatchEvent(new Event("b", { cancelable: true })), seen.slice(3));
target.addEventListener("c", () => target.removeEventListener("c", removed));
const removed = () => seen.push("removed");
target.addEventListener("c", removed);
target.dispatchEvent(new Event("c"));
const controller = new AbortController();
target.addEventListener("d", () => seen.push("signalled"), { signal: controller.signal });
controller.abort();
target.dispatchEvent(new Event("d"));
console.log(seen.includes("removed"), seen.includes("signalled"));
show("dispatch", () => target.dispatchEvent({}));
show("again", () => {
  const inner = new Event("e");
  target.addEventListener("e", () => target.dispatchEvent(inner));
  let error;
  target.addEventListener("e", () => { try { target.dispatchEvent(inner); } catch (caught) { error = caught; } }, true);
  target.addEventListener("e", (e) => e.stopImmediatePropagation(), true);
  target.dispatchEvent(inner);
  throw error;
});
show("no type", () => new Event());
console.log(new CustomEvent("x", { detail: 5 }).detail, new CustomEvent("x").detail, new Event("x", { bubbles: true }).bubbles, Event.AT_TARGET);
console.log(Object.getOwnPropertyNames(new Event("x")), new Event("x").isTrusted, new Event("x").composedPath());

const first = new AbortController();
const second = new AbortController();
const any = AbortSignal.any([first.signal, second.signal]);
const order = [];
any.addEventListener("abort", () => order.push("any"));
second.signal.onabort = () => order.push(`second ${any.aborted}`);
second.abort("why");
second.abort("again");
first.abort();
console.log(order, any.reason, AbortSignal.any([]).aborted, AbortSignal.any([any]).reason, any.aborted);
show("throwIfAborted", () => AbortSignal.abort().throwIfAborted());
show("reason", () => AbortSignal.abort(0).reason);
show("construct", () => new AbortSignal());
show("any", () => AbortSignal.any([{}]));
const timeout = AbortSignal.timeout(1);
// The signal's own timer does not keep a program alive.
const alive = setTimeout(() => {}, 60000);
await new Promise((resolve) => (timeout.onabort = resolve));
clearTimeout(alive);
console.log(timeout.reason.name, timeout.reason.code, timeout.reason instanceof DOMException);
show("timeout", () => AbortSignal.timeout(-1));

const exception = new DOMException("message", "DataCloneError");
console.log(exception.name, exception.message, exception.code, `${exception}`, exception instanceof Error, exception.stack.split("\n")[0]);
console.log(new DOMException().name, new DOMException("m", "Other").code, DOMException.ABORT_ERR, Object.keys(DOMException.prototype).length);
show("brand", () => Object.getOwnPropertyDescriptor(DOMException.prototype, "name").get.call({}));
console.log(Object.prototype.toString.call(exception));

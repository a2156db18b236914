// The hooks of a scenario: methods of sinks, sources, transformers and iterators, and size().
//
// A hook has a list of behaviours, of which each call takes the next. `does`: actions; `gives`: what it returns.

const controllers = { start: 0, pull: 0, flush: 0, write: 1, transform: 1 };

export function makeHook(stage, name, behaviours) {
  let calls = 0;
  return (...args) => {
    const at = controllers[name];
    if (at !== undefined) remember(stage, args[at]);
    if (stage.fuel-- <= 0) return name === "next" ? { done: true } : undefined;
    // What next() gets is that of whoever wrote the protocol's other end.
    stage.say(`${name}(${name === "next" ? "" : args.slice(0, at).map((value) => stage.show(value))})`);
    const { does, gives } = behaviours[calls++ % behaviours.length];
    for (const action of does) stage.perform(action);
    return give(stage, name, gives);
  };
}

function remember(stage, controller) {
  const kind = controller.constructor.name;
  if (kind.startsWith("Writable")) stage.sinkController = controller;
  else if (kind.startsWith("Transform")) stage.transformController = controller;
  else stage.sourceController = controller;
}

// Of a hook that is `next`, what it gives is a result with the value.
export function give(stage, name, gives) {
  const value = name === "next" ? { done: gives.done === true, value: gives.value } : gives.value;
  switch (gives.kind) {
    case "nothing": return value;
    case "throw": throw stage.reason(gives.reason);
    case "reject": return Promise.reject(stage.reason(gives.reason));
    case "resolved": return Promise.resolve(value);
    case "never": return new Promise(() => {});
    case "gate": return stage.gate(gives.gate).promise.then(() => value);
    case "async": return later(stage, gives, value);
    case "thenable": return thenable(stage, name, gives, value);
    case "getter": return getter(stage, name, gives, value);
    default: throw new Error(`no such kind: ${gives.kind}`);
  }
}

async function later(stage, { ticks, reason }, value) {
  for (let i = 0; i < ticks; i++) await undefined;
  if (reason !== undefined) throw stage.reason(reason);
  return value;
}

function thenable(stage, name, { reason, ticks }, value) {
  return {
    then(resolve, reject) {
      stage.say(`then of ${name}`);
      const settle = () => (reason === undefined ? resolve(value) : reject(stage.reason(reason)));
      if (ticks > 0) Promise.resolve().then(settle);
      else settle();
    },
  };
}

function getter(stage, name, { reason }, value) {
  return {
    get then() {
      stage.say(`get then of ${name}`);
      if (reason !== undefined) throw stage.reason(reason);
      return (resolve) => resolve(value);
    },
  };
}

/** `size` has behaviours too; what it gives is a value, or an error. */
export function strategy(stage, spec, side) {
  if (spec === undefined) return undefined;
  const { highWaterMark, size } = spec;
  if (size === undefined) return { highWaterMark };
  let calls = 0;
  return {
    highWaterMark,
    size(chunk) {
      if (stage.fuel-- <= 0) return 1;
      stage.say(`size of ${side}(${stage.show(chunk)})`);
      const { does, gives } = size[calls++ % size.length];
      for (const action of does) stage.perform(action);
      if (gives.kind === "throw") throw stage.reason(gives.reason);
      return gives.value;
    },
  };
}

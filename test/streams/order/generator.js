// Makes scenarios: the same for the same seed, everywhere.

/** A generator of random numbers (mulberry32) and what is drawn with them. */
class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  chance(probability) {
    return this.next() < probability;
  }

  of(list) {
    return list[this.below(list.length)];
  }
}

const REASONS = ["e1", "e2", "e3"];
const CHUNKS = ["a", "b", "c"];

const fields = {
  write: (dice) => ({ chunk: dice.of(CHUNKS) }),
  enqueue: (dice) => ({ chunk: dice.of(CHUNKS) }),
  transformEnqueue: (dice) => ({ chunk: dice.of(CHUNKS) }),
  enqueueThenable: (dice) => ({ gives: gives(dice, false, ["resolved", "async", "gate", "reject", "thenable", "getter"]) }),
  abort: reason, streamAbort: reason, sinkError: reason, cancel: reason, streamCancel: reason, sourceError: reason,
  transformError: reason, pipeAbort: reason, return: reason,
  readInto: (dice) => ({ size: dice.of([1, 2, 3, 4]), min: dice.of([1, 1, 1, 2]), wide: dice.chance(0.2) }),
  iterate: (dice) => ({ preventCancel: dice.chance(0.3) }),
  enqueueBytes: (dice) => ({ count: dice.of([1, 2, 3, 5]), first: dice.below(100) }),
  respond: (dice) => ({ count: dice.of([0, 1, 1, 2, 3]) }),
  respondWithNewView: (dice) => ({ count: dice.of([0, 1, 2, 3]) }),
  pipeTo: (dice) => ({
    options: {
      preventClose: dice.chance(0.2), preventAbort: dice.chance(0.2), preventCancel: dice.chance(0.2),
      signal: dice.chance(0.5),
    },
  }),
  gate: (dice) => ({ gate: dice.below(2), reason: dice.chance(0.3) ? dice.of(REASONS) : undefined }),
};

function reason(dice) {
  return { reason: dice.of(REASONS) };
}

// Named as often as it is to be drawn.
const WRITES = "write write write write close abort ready closed desiredSize releaseWriter getWriter streamAbort streamClose gate".split(" ");
const SINK = "sinkError signal gate".split(" ");
const READS = "read read read cancel readerClosed releaseReader getReader streamCancel gate".split(" ");
const ITERATES = "iterate next next next return".split(" ");
const SOURCE = "enqueue enqueue sourceClose sourceError sourceDesiredSize gate".split(" ");
const BYTES = "enqueueBytes enqueueBytes respond respond respondWithNewView byobRequest sourceClose sourceError gate".split(" ");
const BYTE_READS = "read readInto readInto getReader getByobReader releaseReader cancel readerClosed streamCancel".split(" ");
const TRANSFORMER = "transformEnqueue transformEnqueue transformError terminate transformDesiredSize gate".split(" ");
const PIPES = "pipeTo pipeAbort".split(" ");

function action(dice, names, branches) {
  const name = dice.of(names);
  const made = { do: name, ...fields[name]?.(dice) };
  made.watch = dice.chance(0.85) ? "now" : "end";
  made.on = branches === 0 ? 0 : dice.below(branches + 1);
  return made;
}

function gives(dice, isNext, kinds = undefined) {
  const value = isNext ? { value: dice.of(CHUNKS), done: dice.chance(0.15) } : {};
  if (kinds === undefined && dice.chance(0.45)) return { kind: "nothing", ...value };
  const kind = dice.of(kinds ?? ["resolved", "async", "async", "async", "gate", "never", "throw", "reject", "thenable", "getter"]);
  const made = { kind, ticks: dice.below(4), ...value };
  if (kind === "gate") made.gate = dice.below(2);
  if (kind === "throw" || kind === "reject") made.reason = dice.of(REASONS);
  else if (dice.chance(0.2)) made.reason = dice.of(REASONS);
  return made;
}

/** `names`: what the hook may do; undefined for a hook that is not there. */
function hook(dice, names, present, busy) {
  if (!dice.chance(present)) return undefined;
  const behaviours = [];
  for (let i = 1 + dice.below(3); i > 0; i--) {
    const does = [];
    while (dice.chance(busy) && does.length < 3) does.push(action(dice, names, 0));
    behaviours.push({ does, gives: gives(dice, false) });
  }
  return behaviours;
}

// A start() that fails or never ends makes for dull scenarios.
function startHook(dice, names) {
  const made = hook(dice, names, 0.7, 0.15);
  if (made !== undefined && dice.chance(0.6)) made[0].gives = { kind: "nothing" };
  return made;
}

function strategy(dice, names, marks) {
  if (dice.chance(0.4)) return undefined;
  const made = { highWaterMark: dice.of(marks) };
  if (dice.chance(0.25)) {
    made.size = [];
    for (let i = 1 + dice.below(2); i > 0; i--) {
      const does = dice.chance(0.2) ? [action(dice, names, 0)] : [];
      const bad = dice.chance(0.1);
      made.size.push({
        does, gives: bad && dice.chance(0.5) ? { kind: "throw", reason: "e4" } : { value: bad ? dice.of([-1, NaN]) : dice.of([0, 1, 1, 2]) },
      });
    }
  }
  return made;
}

function writablePart(dice) {
  const names = [...WRITES, ...SINK];
  return {
    kind: "writable",
    sink: {
      start: startHook(dice, SINK), write: hook(dice, names, 0.9, 0.15), close: hook(dice, names, 0.6, 0.15),
      abort: hook(dice, names, 0.7, 0.15),
    },
    writableStrategy: strategy(dice, names, [0, 1, 1, 2, 5]),
  };
}

function readablePart(dice) {
  const names = [...READS, ...SOURCE];
  return {
    kind: "readable",
    source: {
      start: startHook(dice, SOURCE), pull: hook(dice, [...names, "enqueue", "enqueue", "enqueue", "enqueue", "enqueue"], 0.9, 0.5),
      cancel: hook(dice, names, 0.7, 0.15),
    },
    readableStrategy: strategy(dice, names, [0, 0, 1, 2, 5]),
  };
}

function bytePart(dice) {
  const names = [...BYTE_READS, ...BYTES];
  return {
    kind: "byte",
    source: {
      start: startHook(dice, BYTES), pull: hook(dice, [...names, ...BYTES, ...BYTES], 0.9, 0.5), cancel: hook(dice, names, 0.7, 0.15),
    },
    highWaterMark: dice.of([0, 0, 0, 1, 4]),
    autoAllocateChunkSize: dice.chance(0.3) ? dice.of([1, 2, 4]) : undefined,
  };
}

function transformPart(dice) {
  const names = [...WRITES, ...READS, ...TRANSFORMER];
  return {
    kind: "transform",
    transformer: {
      start: startHook(dice, TRANSFORMER),
      transform: hook(dice, [...names, "transformEnqueue", "transformEnqueue", "transformEnqueue", "transformEnqueue"], 0.8, 0.5),
      flush: hook(dice, names, 0.6, 0.2), cancel: hook(dice, names, 0.6, 0.2),
    },
    writableStrategy: strategy(dice, names, [0, 1, 1, 2]),
    readableStrategy: strategy(dice, names, [0, 0, 1, 2]),
  };
}

function fromPart(dice) {
  const next = [];
  for (let i = 1 + dice.below(3); i > 0; i--) {
    next.push({ does: dice.chance(0.1) ? [action(dice, READS, 0)] : [], gives: gives(dice, true) });
  }
  return { kind: "from", iterable: { isAsync: dice.chance(0.5), next, return: hook(dice, READS, 0.6, 0.1) } };
}

// When a pipe reads is left open by the standard. So nothing happens around one but by steps, each in a task of its own, and
// by the sink's answers: the source's pull() and both start() do nothing.
function quiet(part) {
  const { start, pull } = part.source ?? part.sink;
  for (const behaviours of [start, pull]) behaviours?.splice(0, Infinity, { does: [], gives: { kind: "nothing" } });
  return part;
}

// The kinds of scenarios: parts, names of actions, actions to begin with.
const kinds = {
  writable: (dice) => [[writablePart(dice)], [...WRITES, ...SINK], dice.chance(0.9) ? ["getWriter"] : []],
  readable: (dice) => [[readablePart(dice)], [...READS, ...READS, ...SOURCE], ["getReader"]],
  iterator: (dice) => [[readablePart(dice)], [...ITERATES, ...ITERATES, ...SOURCE, "enqueueThenable"], ["iterate"]],
  byte: (dice) => [[bytePart(dice)], [...BYTE_READS, ...BYTE_READS, ...BYTES], [dice.of(["getReader", "getByobReader"])]],
  transform: (dice) => [[transformPart(dice)], [...WRITES, ...READS, ...TRANSFORMER], ["getWriter", ...(dice.chance(0.8) ? ["getReader"] : [])]],
  tee: (dice) => [[readablePart(dice)], [...READS, ...READS, ...SOURCE], ["tee"], 2],
  byteTee: (dice) => [[bytePart(dice)], [...BYTE_READS, ...BYTE_READS, ...BYTES], ["tee"], 2],
  from: (dice) => [[fromPart(dice)], [...READS, "gate"], ["getReader"]],
  fromIterated: (dice) => [[fromPart(dice)], [...ITERATES, "gate"], ["iterate"]],
  pipe: (dice) => [[quiet(readablePart(dice)), quiet(writablePart(dice))], [...SOURCE, ...SOURCE, ...PIPES, "sinkError", "pipeAbort"], ["pipeTo"]],
};

export const kindNames = Object.keys(kinds);

export function makeScenario(seed, only = kindNames) {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1));
  const kind = dice.of(only);
  const [parts, names, first, branches = 0] = kinds[kind](dice);
  const steps = first.map((name) => ({ do: name, on: 0, pause: 0, watch: "now", ...fields[name]?.(dice) }));
  if (branches > 0) for (const on of [1, 2]) steps.push({ do: kind === "byteTee" ? dice.of(["getReader", "getByobReader"]) : "getReader", on, pause: 0, watch: "now" });
  for (const step of steps) step.pause = dice.below(3);
  for (let i = 2 + dice.below(7); i > 0; i--) steps.push({ ...action(dice, names, branches), pause: dice.of([0, 0, 0, 1, 1, 2, 3, 4]) });
  if (dice.chance(0.2)) for (const step of steps) step.watch = "now";
  return {
    seed, kind, parts, steps,
    warm: kind === "writable" && dice.chance(0.5) ? 12 : 0,
    tasks: kind === "pipe",
  };
}

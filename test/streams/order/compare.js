// Plays each scenario here and in the reference implementation, and compares. What differs is made smaller first.

import { makeScenario } from "./generator.js";
import { play } from "./player.js";

// Scenarios of a batch run side by side: each has its own streams, and its own microtasks keep their order.
const BATCH = 200;

// How the pulls of a pipe fall between its writes is open: see quiet() in generator.js.
const logOf = ({ log }, { tasks }) => (tasks ? log.filter((line) => !/^pull\(| of pull$/.test(line)) : log);

function same(one, other, scenario) {
  const [ours, theirs] = [logOf(one, scenario), logOf(other, scenario)];
  return ours.length === theirs.length && ours.every((line, i) => line === theirs[i]);
}

/** Counts and differences of `count` scenarios from seed `first` on. `here` and `reference` are sets of constructors. */
export async function compareRange({ here, reference, first, count, only, smaller, take }) {
  const found = { scenarios: 0, events: 0, unanswered: {}, differences: [] };
  for (let seed = first; seed < first + count; seed += BATCH) {
    const scenarios = [];
    for (let i = seed; i < Math.min(seed + BATCH, first + count); i++) scenarios.push(makeScenario(i, only));
    const ours = await Promise.all(scenarios.map((scenario) => play(here, scenario)));
    const theirs = await Promise.all(scenarios.map((scenario) => play(reference, scenario)));
    found.scenarios += scenarios.length;
    for (const [i, scenario] of scenarios.entries()) {
      found.events += theirs[i].log.length;
      if (!same(ours[i], theirs[i], scenario)) await judge(found, here, reference, scenario, smaller && found.differences.length < take);
    }
  }
  return found;
}

/** Alone, so that what broke in the reference implementation is known to be this scenario's. */
async function differs(here, reference, scenario) {
  const ours = await play(here, scenario);
  reference.failures.length = 0;
  const theirs = await play(reference, scenario);
  const broke = reference.failures[0] ?? theirs.broke?.message;
  return { differs: !same(ours, theirs, scenario), broke, here: ours.log, reference: theirs.log };
}

async function judge(found, here, reference, scenario, smaller) {
  let result = await differs(here, reference, scenario);
  if (result.broke !== undefined) {
    found.unanswered[result.broke] = (found.unanswered[result.broke] ?? 0) + 1;
    return;
  }
  if (!result.differs) return;
  if (smaller) [scenario, result] = await shrink(here, reference, scenario, result);
  const outcome = JSON.stringify(result.here.toSorted()) !== JSON.stringify(result.reference.toSorted());
  found.differences.push({ seed: scenario.seed, kind: scenario.kind, outcome, scenario, here: result.here, reference: result.reference });
}

async function shrink(here, reference, scenario, result) {
  for (let again = true; again;) {
    again = false;
    for (const candidate of simpler(scenario)) {
      const tried = await differs(here, reference, candidate);
      if (!tried.differs || tried.broke !== undefined) continue;
      [scenario, result, again] = [candidate, tried, true];
      break;
    }
  }
  return [scenario, result];
}

/** Scenarios with one thing less. */
function* simpler(scenario) {
  if (scenario.warm > 0) yield { ...scenario, warm: 0 };
  yield* withoutEach(scenario);
}

function* withoutEach(value, set = (changed) => changed) {
  if (Array.isArray(value)) {
    // A hook has one behaviour at least.
    for (let i = 0; i < value.length && (value.length > 1 || !("gives" in value[0])); i++) yield set(value.toSpliced(i, 1));
    for (let i = 0; i < value.length; i++) yield* withoutEach(value[i], (changed) => set(value.with(i, changed)));
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    const put = (changed) => set({ ...value, [name]: changed });
    if (/^(start|write|close|abort|pull|cancel|transform|flush|return|size|writableStrategy|readableStrategy)$/.test(name) && item !== undefined) {
      yield put(undefined);
    } else if (name === "gives" && item.kind !== "nothing" && !("done" in item) && item.kind !== undefined) {
      yield put({ kind: "nothing" });
    }
    if ((name === "pause" || name === "ticks") && item > 0) yield put(item - 1);
    if (name === "watch" && item === "end") yield put("now");
    yield* withoutEach(item, put);
  }
}

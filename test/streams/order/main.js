import { compareRange } from "./compare.js";
import { reference } from "./reference.js";
import { settings } from "./settings.js";

globalThis.addEventListener?.("unhandledrejection", (event) => event.preventDefault());

const found = await compareRange({ here: globalThis, reference, ...settings });
console.log(`streams-order:${JSON.stringify(found)}`);

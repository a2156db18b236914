// What each module of Node.js exports, and what the classes and objects among that have: names, joined by dots.

/** Bound to what the program itself has. */
const isLater = new Set(["process.env", "process.moduleLoadList", "module.builtinModules", "module.globalPaths", "tls.rootCertificates"]);

function see(object, before, depth, names) {
  for (const name of Object.getOwnPropertyNames(object)) {
    if (name.startsWith("_") || name === "constructor" || name === "default") continue;
    if (typeof object === "function" && ["length", "name", "prototype", "arguments", "caller"].includes(name)) continue;
    const path = before === "" ? name : `${before}.${name}`;
    names.add(path);
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    if (depth === 2 || descriptor.get !== undefined) continue;
    const { value } = descriptor;
    if (typeof value === "object" && value !== null && depth === 0 && !Array.isArray(value)) see(value, path, 2, names);
    if (typeof value === "function" && /^[A-Z]/.test(name)) {
      see(value, path, depth + 1, names);
      if (value.prototype) see(value.prototype, `${path}.prototype`, 2, names);
    }
  }
}

/** `modules`: without `node:`. Returns module → names, or null where there is no such module. */
export async function surface(modules) {
  const found = {};
  for (const module of modules) {
    const names = new Set();
    try {
      const namespace = await import(`node:${module}`);
      for (const name of Object.keys(namespace)) if (name !== "module.exports") see({ [name]: namespace[name] }, "", 0, names);
      see(namespace.default, "", 0, names);
    } catch (error) {
      found[module] = null;
      continue;
    }
    found[module] = [...names].filter((name) => !isLater.has(`${module}.${name.split(".")[0]}`) || !name.includes(".")).sort();
  }
  return found;
}

export default {
  async fetch(request) {
    return Response.json(await surface(new URL(request.url).searchParams.get("modules").split(",")));
  },
};

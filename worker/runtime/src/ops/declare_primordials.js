// Writes primordials.d.ts: for declarations.rs, which runs it in a realm of its own.

({
  declare(primordials) {
    const namespaces = ["Atomics", "JSON", "Math", "Reflect"];
    // Types of instances, where `InstanceType` says too little.
    const instances = {
      Array: "any[]", BigInt: "bigint", Boolean: "boolean", FinalizationRegistry: "FinalizationRegistry<any>", Map: "Map<any, any>",
      Number: "number", Promise: "Promise<any>", Set: "Set<any>", String: "string", Symbol: "symbol", WeakMap: "WeakMap<any, any>",
      WeakRef: "WeakRef<any>", WeakSet: "WeakSet<any>",
    };
    // Called on what is known as a buffer or a view of one, and no more precisely.
    const ofAnySelf = ["ArrayBuffer", "DataView", "Uint8Array"];
    // Classes that have no global name, by the type of their instances.
    const nameless = {
      ArrayIteratorPrototype: "ArrayIterator<any>", MapIteratorPrototype: "MapIterator<any>", SetIteratorPrototype: "SetIterator<any>",
      StringIteratorPrototype: "StringIterator<any>", GeneratorPrototype: "Generator<any, any, any>",
      AsyncGeneratorPrototype: "AsyncGenerator<any, any, any>", IteratorPrototype: "IteratorObject<any, any, any>",
      AsyncIteratorPrototype: "AsyncIteratorObject<any, any, any>", TypedArrayPrototype: "Uint8Array",
    };
    const isOwn = (object, key) => object !== undefined && object !== null && Object.hasOwn(Object(object), key);

    // The key that a name without its prefix was made of.
    function keyOf(object, name) {
      if (name === "") return undefined;
      const lower = name[0].toLowerCase() + name.slice(1);
      for (const key of [name, lower]) if (isOwn(object, key)) return [JSON.stringify(key), key];
      if (name.startsWith("Symbol")) {
        const symbol = name[6].toLowerCase() + name.slice(7);
        if (isOwn(object, Symbol[symbol])) return [`typeof Symbol.${symbol}`, Symbol[symbol]];
      }
      return undefined;
    }

    function member(object, name, types) {
      for (const [word, of] of [["Get", "get"], ["Set", "set"]]) {
        const found = name.startsWith(word) && name.length > 3 ? keyOf(object, name.slice(3)) : undefined;
        const accessor = found && Object.getOwnPropertyDescriptor(object, found[1])[of];
        if (accessor) return types[of](found[0]);
      }
      const array = name.endsWith("Apply") ? keyOf(object, name.slice(0, -5)) : undefined;
      const found = keyOf(object, name);
      if (found) return typeof object[found[1]] === "function" ? types.method(found[0]) : types.member(found[0]);
      return array ? types.apply(array[0]) : undefined;
    }

    const ofObject = (type) => ({
      get: (key) => `() => Member<${type}, ${key}>`, set: (key) => `(value: Member<${type}, ${key}>) => void`,
      member: (key) => `Member<${type}, ${key}>`, method: (key) => `Member<${type}, ${key}>`, apply: () => "any",
    });
    const ofPrototype = (type) => {
      const self = ofAnySelf.includes(type) ? "any" : type === "any[]" ? "ArrayLike<any>" : type;
      return {
        get: (key) => `(self: ${self}) => Member<${type}, ${key}>`, set: () => `(self: ${self}, value: any) => void`,
        member: (key) => `Member<${type}, ${key}>`, method: (key) => `Method<${self}, ${type}, ${key}>`,
        apply: () => `(self: ${self}, args: any[]) => any`,
      };
    };

    function typeOf(name) {
      if (name === "uncurryThis") return "(method: Function) => (...args: any[]) => any";
      if (name === "applyBind") return "(method: Function) => (self: any, args: any[]) => any";
      if (name === "globalThis" || name === "WebAssembly") return "any";
      if (name === "TypedArrayPrototypeGetSymbolToStringTag") return "(self: any) => string | undefined";
      if (name in nameless) return nameless[name];
      if (name === "TypedArray") return "any";
      for (const prefix in nameless) {
        if (name.startsWith(prefix)) return member(primordials[prefix] ?? primordials.TypedArray.prototype, name.slice(prefix.length), ofPrototype(nameless[prefix]));
      }
      if (name in globalThis && !namespaces.includes(name)) return `typeof ${name}`;
      const owners = Object.getOwnPropertyNames(globalThis).filter((owner) => name.startsWith(owner)).sort((a, b) => b.length - a.length);
      for (const owner of [...owners, ...(name.startsWith("TypedArray") ? ["TypedArray"] : [])]) {
        const object = owner === "TypedArray" ? primordials.TypedArray : globalThis[owner];
        const rest = name.slice(owner.length);
        const instance = instances[owner] ?? (ofAnySelf.includes(owner) ? owner : `InstanceType<typeof ${owner}>`);
        const type = (rest.startsWith("Prototype") && rest.length > 9 ? member(object.prototype, rest.slice(9), ofPrototype(instance)) : undefined)
          ?? (rest === "Prototype" ? "any" : member(object, rest, ofObject(owner === "TypedArray" ? "any" : `typeof ${owner}`)));
        if (type !== undefined) return type;
      }
      return "any";
    }

    const lines = Object.getOwnPropertyNames(primordials).sort().map((name) => `  ${/^\w+$/.test(name) ? name : JSON.stringify(name)}: ${typeOf(name)};\n`);
    return `// Generated from what primordials.js captures (../ops/declarations.rs says how): the intrinsics and their types, for tsc.

type Member<T, K> = K extends keyof T ? T[K] : any;
type Uncurried<T, F> = F extends {
  (...args: infer A): infer R; (...args: infer B): infer S; (...args: infer C): infer Q; (...args: infer D): infer P;
} ? ((self: T, ...args: A) => R) & ((self: T, ...args: B) => S) & ((self: T, ...args: C) => Q) & ((self: T, ...args: D) => P)
  : any;
/** A method with \`this\` as its first argument; any where TypeScript's library does not know it. */
type Method<Self, T, K> = K extends keyof T ? Uncurried<Self, T[K]> : any;

declare global {
  // Literals without a prototype are what the builtins hand over, so that none is asked what an app put there.
  interface PropertyDescriptor {
    __proto__?: null;
  }
  interface ErrorOptions {
    __proto__?: null;
  }
  interface ProxyHandler<T extends object> {
    __proto__?: null;
  }
}

export const primordials: {
${lines.join("")}};
`;
  },
});

// util.parseArgs() (nodejs.org/api/util.html#utilparseargsconfig).

import { primordials } from "../../primordials.js";
import { invalidArgType, invalidArgValue, typeError } from "../internal/errors.js";
import { validateBoolean, validateObject, validateString } from "../internal/validators.js";
import { moduleExports as process } from "../process.js";

const {
  ArrayIsArray, ArrayPrototypePush, ArrayPrototypeSlice, JSONStringify, ObjectHasOwn, ObjectKeys,
  StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeStartsWith,
} = primordials;

function optionOf(options, name) {
  return ObjectHasOwn(options, name) ? options[name] : undefined;
}

/** The long name of an option that has a short one; the short one itself where there is none. */
function longNameOf(short, options) {
  const names = ObjectKeys(options);
  for (let at = 0; at < names.length; at++) {
    if (optionOf(options[names[at]], "short") === short) return names[at];
  }
  return short;
}

function takesValue(options, name) {
  const option = optionOf(options, name);
  return option !== undefined && optionOf(option, "type") === "string";
}

/** What the arguments are made of: options, positionals, and where the options end. */
function tokenize(args, options) {
  const tokens = [];
  let at = 0;
  let index = -1;
  const option = (name, rawName, value, inlineValue) => {
    ArrayPrototypePush(tokens, { kind: "option", name, rawName, index, value, inlineValue });
  };
  /** An option whose value, if it takes one, is the next argument. */
  const alone = (name, rawName) => {
    const isNext = takesValue(options, name) && at + 1 < args.length;
    option(name, rawName, isNext ? args[at + 1] : undefined, isNext ? false : undefined);
    if (!isNext) return;
    at++;
    index++;
  };
  const short = (arg) => {
    for (let place = 1; place < arg.length; place++) {
      const name = longNameOf(arg[place], options);
      const rawName = `-${arg[place]}`;
      if (!takesValue(options, name)) {
        option(name, rawName, undefined, undefined);
      } else if (place + 1 === arg.length) {
        alone(name, rawName);
      } else {
        option(name, rawName, StringPrototypeSlice(arg, place + 1), true);
        return;
      }
    }
  };
  const long = (arg) => {
    const equals = StringPrototypeIndexOf(arg, "=", 3);
    const name = StringPrototypeSlice(arg, 2, equals === -1 ? arg.length : equals);
    if (equals === -1) alone(name, arg);
    else option(name, `--${name}`, StringPrototypeSlice(arg, equals + 1), true);
  };
  for (; at < args.length; at++) {
    const arg = args[at];
    index++;
    if (arg === "--") {
      ArrayPrototypePush(tokens, { kind: "option-terminator", index });
      for (at++; at < args.length; at++) ArrayPrototypePush(tokens, { kind: "positional", index: ++index, value: args[at] });
    } else if (arg.length > 1 && arg[0] === "-" && arg[1] !== "-") {
      short(arg);
    } else if (StringPrototypeStartsWith(arg, "--")) {
      long(arg);
    } else {
      ArrayPrototypePush(tokens, { kind: "positional", index, value: arg });
    }
  }
  return tokens;
}

function checkOption(options, name) {
  const option = options[name];
  const path = `options.${name}`;
  validateObject(option, path);
  const type = optionOf(option, "type");
  if (type !== "string" && type !== "boolean") throw invalidArgType(`${path}.type`, "('string|boolean')", type);
  if (ObjectHasOwn(option, "short")) {
    validateString(option.short, `${path}.short`);
    if (option.short.length !== 1) throw invalidArgValue(`${path}.short`, option.short, "must be a single character");
  }
  const isMultiple = optionOf(option, "multiple");
  if (ObjectHasOwn(option, "multiple")) validateBoolean(isMultiple, `${path}.multiple`);
  const byDefault = optionOf(option, "default");
  if (byDefault === undefined) return;
  const check = type === "string" ? validateString : validateBoolean;
  if (!isMultiple) return void check(byDefault, `${path}.default`);
  if (!ArrayIsArray(byDefault)) throw invalidArgType(`${path}.default`, "Array", byDefault);
  for (let at = 0; at < byDefault.length; at++) check(byDefault[at], `${path}.default[${at}]`);
}

/** As users write it: `-f, --foo`. */
function shownName(options, name) {
  const short = optionOf(options[name], "short");
  return `${short ? `-${short}, ` : ""}--${name}`;
}

function checkStrict(token, options, allowPositionals, allowNegative) {
  const { name, rawName, value, inlineValue } = token;
  if (allowNegative && StringPrototypeStartsWith(name, "no-") && ObjectHasOwn(options, StringPrototypeSlice(name, 3))) return;
  if (!ObjectHasOwn(options, name)) {
    const hint = allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- ${JSONStringify(rawName)}` : "";
    throw typeError("ERR_PARSE_ARGS_UNKNOWN_OPTION", `Unknown option '${rawName}'${hint}`);
  }
  const type = optionOf(options[name], "type");
  const wrong = (what) => typeError("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", what);
  if (type === "string" && typeof value !== "string") throw wrong(`Option '${shownName(options, name)} <value>' argument missing`);
  if (type === "boolean" && value !== undefined) throw wrong(`Option '${shownName(options, name)}' does not take an argument`);
  if (inlineValue === false && value.length > 1 && value[0] === "-") {
    const example = StringPrototypeStartsWith(rawName, "--") ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
    throw wrong(`Option '${rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${rawName}'?\nTo specify an option argument starting with a dash use ${example}.`);
  }
}

function store(values, options, name, value) {
  if (name === "__proto__") return;
  if (!optionOf(optionOf(options, name) ?? {}, "multiple")) values[name] = value;
  else if (values[name] !== undefined && ObjectHasOwn(values, name)) ArrayPrototypePush(values[name], value);
  else values[name] = [value];
}

export function parseArgs(config = {}) {
  const strict = config?.strict ?? true;
  const allowPositionals = config?.allowPositionals ?? !strict;
  const allowNegative = config?.allowNegative ?? false;
  const options = config?.options ?? { __proto__: null };
  const args = config?.args ?? ArrayPrototypeSlice(process.argv, 2);
  if (!ArrayIsArray(args)) throw invalidArgType("args", "Array", args);
  validateBoolean(strict, "strict");
  validateBoolean(allowPositionals, "allowPositionals");
  validateBoolean(allowNegative, "allowNegative");
  validateObject(options, "options");
  const names = ObjectKeys(options);
  for (let at = 0; at < names.length; at++) checkOption(options, names[at]);
  const tokens = tokenize(args, options);
  const values = { __proto__: null };
  const positionals = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token.kind === "positional") {
      if (!allowPositionals) {
        throw typeError("ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL", `Unexpected argument '${token.value}'. This command does not take positional arguments`);
      }
      ArrayPrototypePush(positionals, token.value);
    } else if (token.kind === "option") {
      if (strict) checkStrict(token, options, allowPositionals, allowNegative);
      takeOption(values, options, token, allowNegative);
    }
  }
  for (let at = 0; at < names.length; at++) {
    const byDefault = optionOf(options[names[at]], "default");
    if (byDefault !== undefined && values[names[at]] === undefined) values[names[at]] = byDefault;
  }
  const result = { values, positionals };
  return config?.tokens ? { ...result, tokens } : result;
}

function takeOption(values, options, token, allowNegative) {
  const positive = StringPrototypeSlice(token.name, 3);
  const isNegative = allowNegative && StringPrototypeStartsWith(token.name, "no-") && token.value === undefined &&
    ObjectHasOwn(options, positive) && optionOf(options[positive], "type") === "boolean";
  if (isNegative) store(values, options, positive, false);
  else store(values, options, token.name, token.value ?? true);
}

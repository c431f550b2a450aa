// Calls a function of the page for each case, so that Python can compare the results.
//
// stdin: {"module": path, "function": name, "cases": [arguments, ...]}; stdout: one result for each
// case, {"value": ...} or {"error": message, "isOwners": whether the owner of a log can solve it}.
// Numbers that JSON lacks are written as {"number": "NaN"}; typed arrays as lists.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const NAMED = ["NaN", "Infinity", "-Infinity"];

function revive(_, value) {
  return value !== null && typeof value === "object" && NAMED.includes(value.number)
    ? Number(value.number)
    : value;
}

function replace(_, value) {
  if (ArrayBuffer.isView(value)) return Array.from(value);
  return typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value;
}

const asked = JSON.parse(readFileSync(0, "utf8"), revive);
const module = await import(pathToFileURL(asked.module));
const results = asked.cases.map((given) => {
  try {
    return { value: module[asked.function](...given) };
  } catch (error) {
    return { error: error.message, isOwners: error instanceof module.LogError };
  }
});
process.stdout.write(JSON.stringify(results, replace));

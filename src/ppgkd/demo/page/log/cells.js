// What the cells of a table are: numbers, empty, or something else; as pyarrow.csv has them.

const EMPTY = new Set([
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "n/a",
  "nan",
  "null",
]);
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE = /^([+-]?)(?:(inf|infinity)|nan)$/i;

/**
 * Read a cell as a number.
 *
 * @param {string} cell
 * @returns {number | undefined} NaN for an empty cell, undefined for text
 */
export function numberOf(cell) {
  if (NUMBER.test(cell)) return Number(cell);
  if (isEmpty(cell)) return NaN;
  const trimmed = cell.replace(/^[ \t]+|[ \t]+$/g, "");
  if (NUMBER.test(trimmed)) return Number(trimmed);
  const named = NOT_FINITE.exec(trimmed);
  if (!named) return undefined;
  if (!named[2]) return NaN;
  return named[1] === "-" ? -Infinity : Infinity;
}

/**
 * Whether a cell has no value.
 *
 * @param {string} cell
 */
export function isEmpty(cell) {
  return EMPTY.has(cell);
}

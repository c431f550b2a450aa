// Columns of a user's table, found and converted: ppgkd.datasets.own.columns.

import { numberOf } from "./cells.js";
import { cellsOf, eachRow } from "./csv.js";
import { LogError } from "./log_error.js";

/** Number of the first sample's line in messages: line 2, below the header. */
export const FIRST_ROW = 2;

export const TIME_S = "time_s";
export const TIMESTAMP = "timestamp";

/** The reference heart rate, in every row or in some; `ppgkd predict` does not use it. */
export const REFERENCE_BPM = "reference_bpm";

/**
 * Read the channels and the times of a table.
 *
 * @param {{names: string[], rows: string[]}} table
 * @param {string[]} channels names of the columns to read as numbers
 * @returns {{values: Float64Array[], timeS: ?Float64Array, timestamps: ?string[],
 *   referenceBpm: ?Float64Array, unused: string[]}} `unused` as ppgkd predict has them
 */
export function readColumns(table, channels) {
  const names = table.names.map((name) => name.trim());
  const time = [TIME_S, TIMESTAMP].find((name) => names.includes(name));
  requireColumns(names, channels, time ? [...channels, time] : channels);
  if (!table.rows.length) {
    throw new LogError("it has no rows. Write one row per sample below the header.");
  }
  const hasReference = names.includes(REFERENCE_BPM);
  const isNumber = (name) => (name === TIME_S ? time === TIME_S : hasReference);
  const numbers = [...channels, ...[TIME_S, REFERENCE_BPM].filter(isNumber)];
  const columns = numbers.map(() => new Float64Array(table.rows.length));
  const timestamps = time === TIMESTAMP ? new Array(table.rows.length) : null;
  const read = timestamps ? [...numbers, TIMESTAMP] : numbers;
  const places = read.map((name) => names.indexOf(name));
  eachRow(table, places, (cells, row) => {
    for (let i = 0; i < columns.length; i += 1) {
      columns[i][row] = requireNumber(cells[i], numbers[i], row);
    }
    if (timestamps) timestamps[row] = cells[numbers.length];
  });
  return {
    values: columns.slice(0, channels.length),
    timeS: time === TIME_S ? columns[channels.length] : null,
    timestamps,
    referenceBpm: hasReference ? columns[numbers.length - 1] : null,
    unused: names.filter((name) => ![...channels, time].includes(name)),
  };
}

/**
 * Read a column of any content.
 *
 * @param {{names: string[], rows: string[]}} table
 * @param {string} name
 * @returns {string[]}
 */
export function readTexts(table, name) {
  const place = table.names.findIndex((raw) => raw.trim() === name);
  return table.rows.map((row) => cellsOf(row)[place]);
}

function requireNumber(cell, name, row) {
  const value = numberOf(cell);
  if (value === undefined) {
    throw new LogError(
      `it cannot be read as CSV: In column ${name}: Row #${row + FIRST_ROW}: CSV conversion ` +
        `error to double: invalid value '${cell.trim()}'`,
    );
  }
  return value;
}

function requireColumns(names, needed, wanted) {
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length) {
    throw new LogError(
      `it lacks the columns ${missing.join(", ")}; ppgkd needs ${needed.join(", ")}, and the ` +
        `file has ${names.join(", ") || "none"}.${hint(names)}`,
    );
  }
  const repeated = wanted.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated !== undefined) {
    throw new LogError(`it has the column ${repeated} more than once. Keep one of them.`);
  }
}

function hint(names) {
  if (names.length === 1 && /[;\t|]/.test(names[0])) return " Separate the cells by commas.";
  if (names.length && names.every((name) => /^[-+.\deE]+$/.test(name))) {
    return " The first line must be a header with the names of the columns.";
  }
  return "";
}

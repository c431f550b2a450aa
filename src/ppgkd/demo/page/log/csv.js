// A table in CSV, read as pyarrow.csv reads it: commas, empty lines left out, cells in quotes.

import { LogError, onlyPredictReads } from "./log_error.js";

const NOT_TEXT = "it is not text in UTF-8. Name a table with one row per sample, CSV.";

/**
 * Split a file into the names of its columns and its rows.
 *
 * @param {ArrayBuffer} bytes
 * @returns {{names: string[], rows: string[]}} names as written; rows not yet split into cells
 */
export function readTable(bytes) {
  const lines = decode(bytes)
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== "");
  const names = lines.length ? cellsOf(lines[0]) : [];
  return { names, rows: lines.slice(1) };
}

function decode(bytes) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new LogError(NOT_TEXT);
  }
  if (text.includes("\0")) throw new LogError(NOT_TEXT);
  return text;
}

/**
 * Take some columns of the rows.
 *
 * @param {{names: string[], rows: string[]}} table
 * @param {number[]} places of the columns
 * @param {(cells: string[], row: number) => void} take called with the cells of each row
 */
export function eachRow({ names, rows }, places, take) {
  for (let row = 0; row < rows.length; row += 1) {
    const cells = cellsOf(rows[row]);
    if (cells.length !== names.length) {
      throw new LogError(
        `it cannot be read as CSV: CSV parse error: Row #${row + 2}: Expected ${names.length} ` +
          `columns, got ${cells.length}: ${shortened(rows[row])}`,
      );
    }
    take(
      places.map((place) => cells[place]),
      row,
    );
  }
}

/** A row as pyarrow.csv shows it. */
function shortened(row) {
  return row.length > 100 ? `${row.slice(0, 96)} ...` : row;
}

/**
 * Split a line into cells.
 *
 * @param {string} line
 */
export function cellsOf(line) {
  if (!line.includes('"')) return line.split(",");
  const cells = [];
  let at = 0;
  for (;;) {
    const [cell, end] = line[at] === '"' ? quotedCell(line, at) : plainCell(line, at);
    cells.push(cell);
    if (end >= line.length) return cells;
    at = end + 1;
  }
}

function plainCell(line, at) {
  const comma = line.indexOf(",", at);
  const end = comma < 0 ? line.length : comma;
  return [line.slice(at, end), end];
}

function quotedCell(line, at) {
  let cell = "";
  let from = at + 1;
  for (;;) {
    const quote = line.indexOf('"', from);
    if (quote < 0) throw onlyPredictReads("it has a line break within quotes");
    cell += line.slice(from, quote);
    from = quote + 1;
    if (line[from] !== '"') break;
    cell += '"';
    from += 1;
  }
  const [rest, end] = plainCell(line, from);
  return [cell + rest, end];
}

// Which rows of a table have new samples of a sensor, where sensors of different rates are joined:
// ppgkd.datasets.own.sensor_rows.

import { lineOf, rangeAroundLine } from "./missing_samples.js";
import { differences, median } from "./statistics.js";

/** A sensor with new samples in this fraction of the rows, or more, has the rows' own rate. */
export const NEARLY_ALL = 0.9;

const WINDOW = 256;
const MAX_RANGE = 3;
const FEW_REPEATS = 0.97;
const MAX_RANGE_OF_FEW = 2.1;
const MAX_REPEATS = 64;
const MIN_MULTIPLES = 0.98;

/**
 * Rows in which a sensor has a number.
 *
 * @param {Float32Array[]} group its channels
 * @returns {Uint8Array}
 */
export function rowsWithSample(group) {
  return Uint8Array.from(group[0], (_, row) => group.some((samples) => Number.isFinite(samples[row])));
}

/**
 * Rows with new samples, if a sensor's values are repeated until the next one; else all.
 *
 * @param {Float32Array[]} group its channels
 * @param {Uint8Array} rows in which it has a number
 * @returns {Uint8Array}
 */
export function withoutRepeats(group, rows) {
  const at = placesOf(rows);
  const changed = [];
  for (let i = 1; i < at.length; i += 1) {
    if (group.some((samples) => differ(samples[at[i]], samples[at[i - 1]]))) changed.push(i);
  }
  if (changed.length < WINDOW) return rows;
  const few = changed.length > NEARLY_ALL * at.length;
  if (few && (changed.length > FEW_REPEATS * at.length || !isEven(changed, MAX_RANGE_OF_FEW))) {
    return rows;
  }
  let fresh = changed;
  if (!isEven(changed)) {
    const repeats = repeatsOf(changed);
    if (repeats === 1) return rows;
    fresh = onLattice(changed, repeats, at.length);
  }
  const found = new Uint8Array(rows.length);
  for (const place of fresh) found[at[place]] = 1;
  return found;
}

/** Whether two samples differ; Python compares empty cells as infinite. */
function differ(one, other) {
  return (Number.isNaN(one) ? Infinity : one) !== (Number.isNaN(other) ? Infinity : other);
}

/** Whether rows follow each other evenly. @param {number[]} places */
export function isEven(places, maxRange = MAX_RANGE) {
  if (places.length < WINDOW) return false;
  const slopes = [];
  const ranges = [];
  for (let first = 0; first + WINDOW <= places.length; first += WINDOW) {
    const window = places.slice(first, first + WINDOW);
    slopes.push(lineOf(window).slope);
    ranges.push(rangeAroundLine(window));
  }
  return median(slopes) >= 1 / FEW_REPEATS && median(ranges) <= maxRange;
}

/** How often each value stands; 1 if the distances of changes have no common divisor. */
function repeatsOf(changed) {
  const distance = differences(changed);
  for (let repeats = MAX_REPEATS; repeats > 1; repeats -= 1) {
    const multiples = distance.filter((one) => one % repeats === 0).length;
    if (multiples / distance.length >= MIN_MULTIPLES) return repeats;
  }
  return 1;
}

/** Changes, and between them the rows of values that are equal to the one before. */
function onLattice(changed, repeats, nRows) {
  return changed.flatMap((first, i) => {
    const end = changed[i + 1] ?? nRows;
    const last = Math.max(end - Math.floor(repeats / 2), first + 1);
    return Array.from({ length: Math.ceil((last - first) / repeats) }, (_, n) => first + n * repeats);
  });
}

/** Numbers of the rows that are marked. @param {Uint8Array} rows */
export function placesOf(rows) {
  const places = [];
  rows.forEach((has, row) => has && places.push(row));
  return places;
}

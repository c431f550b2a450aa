// Whether the channels of a table are those of one sensor: ppgkd.datasets.own.sensors and
// sensor_rows. Tables of sensors with rates of their own are refused.

import { onlyPredictReads } from "./log_error.js";
import { lineOf, rangeAroundLine } from "./missing_samples.js";
import { differences, median } from "./statistics.js";

const MAX_TOGETHER = 0.3;
const NEARLY_ALL = 0.9;
const WINDOW = 256;
const MAX_RANGE = 3;
const FEW_REPEATS = 0.97;
const MAX_RANGE_OF_FEW = 2.1;
const MAX_REPEATS = 64;
const MIN_MULTIPLES = 0.98;

/**
 * Refuse a table in which sensors of different rates are joined.
 *
 * @param {Float32Array[]} values samples of each channel
 * @param {boolean[]} isPpg which channels are PPG
 */
export function requireOneSensor(values, isPpg) {
  const groups = [true, false]
    .map((ppg) => values.filter((_, channel) => isPpg[channel] === ppg))
    .filter((group) => group.length);
  const present = groups.map(rowsWithSample);
  groups.forEach((group, i) => {
    const rows = withoutRepeats(group, present[i]);
    const nRows = count(rows);
    const apart = present.some((other) => areApart(present[i], other));
    const even =
      isEven(placesOf(rows)) && (nRows < NEARLY_ALL * rows.length || nRows < count(present[i]));
    if (nRows && nRows < rows.length && (apart || even)) {
      throw onlyPredictReads("its PPG and acceleration have different rates, or one of them repeats");
    }
  });
}

function rowsWithSample(group) {
  return group[0].map((_, row) => Number(group.some((samples) => Number.isFinite(samples[row]))));
}

function areApart(one, other) {
  let both = 0;
  for (let row = 0; row < one.length; row += 1) both += one[row] && other[row];
  const fewest = Math.min(count(one), count(other));
  return fewest > 0 && both <= MAX_TOGETHER * fewest;
}

/** Rows with new samples, if a sensor's values are repeated until the next one; else all. */
function withoutRepeats(group, rows) {
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
  const found = new Float32Array(rows.length);
  for (const place of fresh) found[at[place]] = 1;
  return found;
}

/** Whether two samples differ; Python compares empty cells as infinite. */
function differ(one, other) {
  return (Number.isNaN(one) ? Infinity : one) !== (Number.isNaN(other) ? Infinity : other);
}

function isEven(places, maxRange = MAX_RANGE) {
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

function placesOf(rows) {
  const places = [];
  rows.forEach((has, row) => has && places.push(row));
  return places;
}

function count(rows) {
  return rows.reduce((sum, has) => sum + has, 0);
}

// Which samples are missing, by intervals that are clear, and over long gaps: the part of
// ppgkd.datasets.own.missing_samples for stamps that say so by themselves.

import { roundHalfEven } from "../engine/rounding.js";
import {
  blockStarts,
  earliestStamps,
  INTERVAL_TOLERANCE,
  isRegular,
  placesWhere,
} from "./stamp_lateness.js";
import { differences, fitLine, mean, nearestMedian, quantile } from "./statistics.js";

/** A gap of more samples is measured by many rows beside it. */
export const LONG_GAP = 8;

const CLEAN = 0.45;
const FASTEST_HZ = 1e5;

/**
 * Number of samples missing before each row.
 *
 * @param {Float64Array} sinceS time stamps from the first, in seconds
 * @returns {?Int32Array} null if the intervals are not clear: stamps are late, in batches, rounded
 */
export function missingByIntervals(sinceS) {
  const intervalS = differences(sinceS);
  const typicalS = typicalPeriod(intervalS);
  if (typicalS * FASTEST_HZ <= 1 || scatter(sinceS) >= CLEAN * typicalS) return null;
  const isLong = (s) => s > (1 + INTERVAL_TOLERANCE) * typicalS;
  if (isRegular(placesWhere(intervalS, isLong))) return null;
  const periodS = localPeriod(intervalS, typicalS);
  const missing = new Int32Array(sinceS.length);
  for (let i = 0; i < intervalS.length; i += 1) {
    const periods = intervalS[i] / periodS[i];
    const steps = roundHalfEven(periods);
    if (steps < 1 || (steps <= LONG_GAP && Math.abs(periods - steps) >= CLEAN)) return null;
    missing[i + 1] = missing[i] + steps - 1;
  }
  return missing;
}

/**
 * Index of each row, where long gaps are measured by lines through many rows beside them.
 *
 * @param {Float64Array} sinceS
 * @param {Int32Array} index of each row
 * @param {boolean} clean whether the intervals are clear
 * @returns {Int32Array}
 */
export function withLongGaps(sinceS, index, clean) {
  const gaps = [];
  for (let i = 1; i < index.length; i += 1) if (index[i] - index[i - 1] > LONG_GAP) gaps.push(i);
  const bounds = [0, ...gaps, index.length];
  const [size, reach] = clean ? [1, 300] : [64, 2000];
  const more = new Int32Array(index.length);
  gaps.forEach((gap, number) => {
    const before = [Math.max(bounds[number], gap - reach), gap];
    const after = [gap, Math.min(bounds[number + 2], gap + reach)];
    if (Math.min(before[1] - before[0], after[1] - after[0]) < 4 * size + 16) return;
    const [left, right] = [before, after].map(([first, end]) => {
      const places = index.subarray(first, end).map((place) => place - index[gap]);
      return lineOfEarliest(places, sinceS.subarray(first, end), size);
    });
    more[gap] = roundHalfEven((2 * (right.start - left.start)) / (left.slope + right.slope));
  });
  let total = 0;
  return index.map((place, row) => place + (total += more[row]));
}

/** Line through the earliest stamps of blocks; through all of them if a block is one row. */
function lineOfEarliest(index, sinceS, size) {
  const line = fitLine(index, sinceS);
  if (size === 1) return line;
  const lateS = sinceS.map((s, row) => s - line.slope * index[row]);
  const starts = blockStarts(index.length, size);
  const centres = starts.map((row) => index[row] + size / 2);
  const tilt = fitLine(centres, earliestStamps(lateS, starts, line.slope));
  return { slope: line.slope + tilt.slope, start: tilt.start };
}

/**
 * Grid of rounded stamps: the smallest interval, if all are multiples of it; else zero.
 *
 * @param {Float64Array} sinceS
 */
export function stampGridS(sinceS) {
  const intervalS = differences(sinceS).filter((s) => s > 1e-7);
  const gridS = intervalS.reduce((least, s) => Math.min(least, s), Infinity);
  const isMultiple = (s) => Math.abs(s / gridS - roundHalfEven(s / gridS)) < 0.01;
  return intervalS.every(isMultiple) ? gridS : 0;
}

/** Mean of the intervals near the median: most stamps in whole milliseconds are off by a part. */
function typicalPeriod(intervalS) {
  const medianS = nearestMedian(intervalS);
  return mean(intervalS.filter((s) => Math.abs(s - medianS) <= INTERVAL_TOLERANCE * medianS));
}

/** Range of the stamps around lines through few rows each: first quartile, in seconds. */
function scatter(sinceS) {
  const size = Math.min(32, sinceS.length);
  if (size < 4) return 0;
  const ranges = [];
  for (let first = 0; first + size <= sinceS.length; first += size) {
    ranges.push(rangeAroundLine(sinceS.subarray(first, first + size)));
  }
  return quantile(ranges, 0.25);
}

/** Range of values around their line. @param {ArrayLike<number>} values */
export function rangeAroundLine(values) {
  const { slope } = lineOf(values);
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    const off = values[i] - slope * (i - (values.length - 1) / 2);
    least = Math.min(least, off);
    most = Math.max(most, off);
  }
  return most - least;
}

/** Slope of values over their index. @param {ArrayLike<number>} values */
export function lineOf(values) {
  return fitLine(
    Float64Array.from(values, (_, i) => i - (values.length - 1) / 2),
    values,
  );
}

/** Mean of the intervals around each that are one period. */
function localPeriod(intervalS, typicalS, halfWidth = 100) {
  const n = intervalS.length;
  const count = new Float64Array(n + 1);
  const totalS = new Float64Array(n + 1);
  for (let i = 0; i < n; i += 1) {
    const near = Math.abs(intervalS[i] - typicalS) <= INTERVAL_TOLERANCE * typicalS;
    count[i + 1] = count[i] + Number(near);
    totalS[i + 1] = totalS[i] + (near ? intervalS[i] : 0);
  }
  return intervalS.map((_, i) => {
    const start = Math.max(i - halfWidth, 0);
    const end = Math.min(i + halfWidth + 1, n);
    const nNear = count[end] - count[start];
    if (nNear < Math.floor(halfWidth / 4)) return typicalS;
    return (totalS[end] - totalS[start]) / Math.max(nNear, 1);
  });
}

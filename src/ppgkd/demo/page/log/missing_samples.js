// Which samples are missing, by intervals that are clear: ppgkd.datasets.own.missing_samples.

import { differences, fitLine, mean, median, nearestMedian, quantile } from "./statistics.js";

const CLEAN = 0.45;
const FASTEST_HZ = 1e5;
const LONG_GAP = 8;
const INTERVAL_TOLERANCE = 0.5;

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
  if (isRegular(intervalS.map((s) => Number(s > (1 + INTERVAL_TOLERANCE) * typicalS)))) return null;
  const periodS = localPeriod(intervalS, typicalS);
  const missing = new Int32Array(sinceS.length);
  for (let i = 0; i < intervalS.length; i += 1) {
    const periods = intervalS[i] / periodS[i];
    const steps = Math.round(periods);
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
 */
export function withLongGaps(sinceS, index) {
  const gaps = [];
  for (let i = 1; i < index.length; i += 1) if (index[i] - index[i - 1] > LONG_GAP) gaps.push(i);
  const bounds = [0, ...gaps, index.length];
  const reach = 300;
  const measured = Int32Array.from(index);
  gaps.forEach((gap, number) => {
    const before = [Math.max(bounds[number], gap - reach), gap];
    const after = [gap, Math.min(bounds[number + 2], gap + reach)];
    if (Math.min(before[1] - before[0], after[1] - after[0]) < 20) return;
    const [left, right] = [before, after].map(([first, end]) =>
      fitLine(
        index.subarray(first, end).map((place) => place - index[gap]),
        sinceS.subarray(first, end),
      ),
    );
    const more = Math.round((2 * (right.start - left.start)) / (left.slope + right.slope));
    for (let i = gap; i < measured.length; i += 1) measured[i] += more;
  });
  return measured;
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

/** Whether long intervals recur in the same number of rows, as of batches or a coarse grid. */
function isRegular(long) {
  const places = [];
  long.forEach((is, i) => is && places.push(i));
  const spacing = differences(places);
  if (spacing.length < 3) return false;
  const typical = median(spacing);
  const spread = spacing.map((one) => Math.abs(one - typical));
  const shareOf = (test) => spread.filter(test).length / spread.length;
  const mostly = spacing.length > 20 && shareOf((one) => one === 0) >= 0.6;
  const most = spread.reduce((a, b) => Math.max(a, b), 0);
  const always = shareOf((one) => one <= 1) >= 0.6 && most <= Math.max(0.5 * typical, 2);
  return typical > 1 && (mostly || always);
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

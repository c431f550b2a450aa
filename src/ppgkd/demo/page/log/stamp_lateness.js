// How late the time stamps of samples are: ppgkd.datasets.own.stamp_lateness.

import { differences, mean, median, runningMedian } from "./statistics.js";

/** Numbers of samples whose earliest stamp is taken; the smallest that suffices is used. */
export const BLOCK_SIZES = [16, 32, 64, 128, 256, 512, 1024];

/** Largest spread of these earliest stamps, in periods, with which one lost sample can be told. */
export const MAX_SPREAD = 0.12;

/** An interval counts as one period if its relative difference from the median is at most this. */
export const INTERVAL_TOLERANCE = 0.5;

const MAX_DRIFT = 0.15;
const HALF_WIDTHS = [10, 10, 4];

/** First rows of blocks; what is left at the end belongs to the last one. */
export function blockStarts(nRows, size) {
  const starts = [];
  for (let row = 0; row < nRows; row += size) starts.push(row);
  if (starts.length > 1 && nRows - starts[starts.length - 1] < size) starts.pop();
  return starts;
}

/** Mean of each block. */
export function blockMeans(values, starts) {
  return Float64Array.from(starts, (first, block) =>
    mean(values.subarray(first, starts[block + 1] ?? values.length)),
  );
}

/** Number of rows that arrive together; 1 if they do not. */
export function rowsPerBatch(sinceS, periodS) {
  const long = placesWhere(differences(sinceS), (s) => s > (1 + INTERVAL_TOLERANCE) * periodS);
  return isRegular(long) ? Math.trunc(median(differences(long))) : 1;
}

/**
 * Whether long intervals recur in the same number of rows, as of batches or a coarse grid.
 *
 * @param {number[]} places of the long intervals
 */
export function isRegular(places) {
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

/** Places of the values that meet a condition. @returns {number[]} */
export function placesWhere(values, meets) {
  const places = [];
  for (let i = 0; i < values.length; i += 1) if (meets(values[i])) places.push(i);
  return places;
}

/** Earliest stamp of each block, unless a single one is early by half a period. */
export function earliestStamps(lateS, starts, periodS) {
  return Float64Array.from(starts, (first, block) => {
    const end = starts[block + 1] ?? lateS.length;
    let earliest = Infinity;
    let second = Infinity;
    for (let row = first; row < end; row += 1) {
      if (lateS[row] < earliest) {
        second = earliest;
        earliest = lateS[row];
      } else if (lateS[row] < second) {
        second = lateS[row];
      }
    }
    return second < Infinity && second - earliest > 0.5 * periodS ? second : earliest;
  });
}

/** Robust standard deviation of levels around their trend, from one to the next. */
export function spreadOf(level) {
  const step = differences(level);
  const typical = median(step);
  return (1.4826 * median(step.map((one) => Math.abs(one - typical)))) / Math.SQRT2;
}

/**
 * Lateness of each row against the local period.
 *
 * The smallest block size is chosen whose earliest stamps spread little enough.
 *
 * @param {Float64Array} sinceS time stamps from the first
 * @param {Int32Array} index of each row, counting missing samples
 * @param {number} periodS
 * @returns {{lateS: Float64Array, size: number, periodS: number, spread: number}} spread in periods
 */
export function detrended(sinceS, index, periodS) {
  let best = null;
  const leastSize = 4 * rowsPerBatch(sinceS, periodS);
  for (const size of BLOCK_SIZES.filter((one) => one >= leastSize)) {
    const starts = blockStarts(index.length, size);
    if (starts.length < 6) break;
    const found = { ...withoutTrend(sinceS, index, periodS, starts), size };
    found.spread = spreadOf(
      earliestStamps(found.lateS, starts, periodS).map((s) => s / found.periodS),
    );
    if (!best || found.spread < best.spread) best = found;
    if (found.spread <= MAX_SPREAD) break;
  }
  const whole = () => sinceS.map((s, row) => s - periodS * index[row]);
  return best ?? { lateS: whole(), size: index.length, periodS, spread: 0 };
}

/** Lateness against the local period of blocks, refined; within one, a wrong one takes a wrong stamp. */
function withoutTrend(sinceS, index, periodS, starts) {
  let lateS = sinceS.map((s, row) => s - periodS * index[row]);
  let usualS = periodS;
  const startIndex = Float64Array.from(starts, (row) => index[row]);
  const length = differences(startIndex);
  for (const halfWidth of HALF_WIDTHS) {
    const gainedS = differences(earliestStamps(lateS, starts, periodS)).map((s, i) => s / length[i]);
    const width = Math.min(halfWidth, gainedS.length - 1);
    let localS = runningMedian(gainedS, width);
    const steady = gainedS.map((s, i) =>
      Math.abs(s - localS[i]) * length[i] > 0.4 * periodS ? localS[i] : s,
    );
    localS = runningMedian(steady, width);
    const typicalS = median(localS);
    localS = localS.map((s) => (Math.abs(s - typicalS) > MAX_DRIFT * periodS ? typicalS : s));
    const trendS = new Float64Array(starts.length);
    for (let i = 0; i < localS.length; i += 1) trendS[i + 1] = trendS[i] + localS[i] * length[i];
    const trend = interpolate(index, startIndex, trendS);
    lateS = lateS.map((s, row) => s - trend[row]);
    usualS += median(localS);
  }
  return { lateS, periodS: usualS };
}

/**
 * Linear interpolation that continues the first and the last line beyond the ends.
 *
 * @param {ArrayLike<number>} at
 * @param {ArrayLike<number>} knownAt rising
 * @param {ArrayLike<number>} known
 * @returns {Float64Array}
 */
export function interpolate(at, knownAt, known) {
  const last = known.length - 1;
  if (last < 1) return Float64Array.from(at, () => known[0]);
  let place = 0;
  return Float64Array.from(at, (one) => {
    if (one < knownAt[place]) place = 0; // not in order
    while (place < last - 1 && knownAt[place + 1] <= one) place += 1;
    // beyond the end, the last line starts from the last point
    const from = one > knownAt[last] ? last : place;
    const slope = (known[place + 1] - known[place]) / (knownAt[place + 1] - knownAt[place]);
    return known[from] + slope * (one - knownAt[from]);
  });
}

// Lost samples, by the steps of the earliest stamps: the part of
// ppgkd.datasets.own.missing_samples that looks for steps.

import { roundHalfEven } from "../engine/rounding.js";
import { LONG_GAP } from "./missing_samples.js";
import { blockStarts, earliestStamps } from "./stamp_lateness.js";
import { differences, median, runningMedian } from "./statistics.js";

const AT_END = 0.15;
const RISING = 0.2;
const MAX_RUN = 3;
const LONGEST_STALL = 4;
const LONGEST_STALL_S = 10;

/**
 * Number of samples missing before each row, by the steps of the earliest stamps.
 *
 * @param {{lateS: Float64Array, size: number, periodS: number}} late from `detrended`
 * @param {Int32Array} index of each row
 * @param {number} least step that is a lost sample, in periods
 * @returns {Int32Array}
 */
export function lostByStep({ lateS, size, periodS }, index, least) {
  const nRows = lateS.length;
  const missing = new Int32Array(nRows);
  const starts = blockStarts(nRows, size);
  if (starts.length < 2) return missing;
  const earliest = earliestStamps(lateS, starts, periodS).map((s) => s / periodS);
  const level = opened(earliest, LONGEST_STALL);
  const stall = Math.max(LONGEST_STALL, roundHalfEven(LONGEST_STALL_S / size / periodS));
  const lastingLevel = opened(earliest, stall);
  const gained = differences(level);
  const trend = runningMedian(gained, Math.min(5, gained.length - 1));
  const rise = gained.map((one, i) => one - trend[i]);
  const bounds = [...starts, nRows];
  const later = new Int32Array(nRows + 1);
  for (const run of runsOf(rise)) {
    const [block, last] = steepest(rise, run);
    const total = sum(rise.subarray(block, last));
    // near the end, what follows cannot show that it never catches up
    const atEnd = bounds[last] + LONGEST_STALL * size > nRows;
    if (total <= least + (atEnd ? AT_END : 0) || isKink(gained, block, last)) continue;
    if (total > 2 && lastingLevel[last] - lastingLevel[block] < 0.5 * total) continue; // a stall
    const [first, end] = [bounds[block], bounds[last + 1]];
    if (longestStep(index, first, end) > LONG_GAP) continue; // measured by its own: withLongGaps
    const nLost = roundHalfEven(total);
    // no stamp is early: what comes after a gap is late by it
    let lasting = Infinity;
    for (let row = end - 1; row >= first; row -= 1) {
      lasting = Math.min(lasting, lateS[row] / periodS - level[block]);
      missing[row] += Math.min(Math.max(Math.floor(lasting + 0.5), 0), nLost);
    }
    later[end] += nLost;
  }
  let before = 0;
  return missing.map((n, row) => n + (before += later[row]));
}

/** First and end of each run of blocks that rise. */
function runsOf(rise) {
  const runs = [];
  for (let i = 0; i < rise.length; i += 1) {
    if (!(rise[i] > RISING)) continue;
    const first = i;
    while (i < rise.length && rise[i] > RISING) i += 1;
    runs.push([first, i]);
  }
  return runs;
}

/** Of a long run, a trend that is left, the blocks where it is steepest. */
function steepest(rise, [block, last]) {
  if (last - block <= MAX_RUN) return [block, last];
  let place = block;
  for (let i = block; i < last; i += 1) if (rise[i] > rise[place]) place = i;
  return [Math.max(block, place - 1), Math.min(last, place + 2)];
}

/** Level without rises that last for at most so many blocks. */
function opened(level, longest) {
  const last = level.length - 1;
  const length = Math.min(longest, last);
  const low = level.map((_, i) => {
    let least = Infinity;
    for (let k = i; k <= i + length; k += 1) least = Math.min(least, level[Math.min(k, last)]);
    return least;
  });
  return low.map((_, i) => {
    let most = -Infinity;
    for (let k = i - length; k <= i; k += 1) most = Math.max(most, low[Math.max(k, 0)]);
    return most;
  });
}

/** Whether the rate changes within some blocks, so that the lines of both sides meet there. */
function isKink(gained, first, end) {
  const left = gained.subarray(Math.max(first - 5, 0), first);
  const right = gained.subarray(end, end + 5);
  if (left.length < 2 || right.length < 2) return false;
  const difference = median(left) - median(right);
  if (Math.abs(difference) < 0.2) return false;
  const length = end - first;
  const meeting = (sum(gained.subarray(first, end)) - median(right) * length) / difference;
  return meeting >= -1 && meeting <= length + 1;
}

function longestStep(index, first, end) {
  let longest = -Infinity;
  for (let row = first + 1; row < end; row += 1) {
    longest = Math.max(longest, index[row] - index[row - 1]);
  }
  return longest;
}

function sum(values) {
  return values.reduce((total, one) => total + one, 0);
}

// Which samples are missing, by stamps that may be rounded or late: the part of
// ppgkd.datasets.own.missing_samples for stamps whose intervals are not clear.

import { roundHalfEven } from "../engine/rounding.js";
import { LONG_GAP, stampGridS } from "./missing_samples.js";
import {
  BLOCK_SIZES,
  blockStarts,
  detrended,
  earliestStamps,
  MAX_SPREAD,
  rowsPerBatch,
  spreadOf,
} from "./stamp_lateness.js";
import { lostByStep } from "./lost_by_step.js";
import { differences, fitLine, median, quantile, rangeOf } from "./statistics.js";

const MAX_RANGE = 0.7;
const LEAST_STEP = 0.7;
const SURE = 5;
const REFINEMENTS = 4;

/**
 * Number of samples missing before each row of jittered stamps.
 *
 * Jitter passes; what is lost, stays lost. So a sample counts as missing only where all later stamps
 * are late by a period.
 *
 * @param {Float64Array} sinceS time stamps from the first, in order
 * @returns {Int32Array}
 */
export function missingByLateness(sinceS) {
  let periodS = roughPeriod(sinceS);
  let missing = clearGaps(sinceS, periodS);
  const without = sinceS.map((s, row) => s - periodS * missing[row]);
  if (isOneLine(without, periodS)) return missing;
  for (let i = 0; i < REFINEMENTS; i += 1) {
    const index = missing.map((n, row) => n + row);
    const late = detrended(sinceS, index, periodS);
    periodS = late.periodS;
    const more = lostByStep(late, index, Math.max(LEAST_STEP, SURE * late.spread));
    if (!more.some((n) => n !== 0)) break;
    missing = missing.map((n, row) => n + more[row]);
  }
  return missing;
}

function roughPeriod(sinceS) {
  const n = sinceS.length;
  const lag = Math.max(Math.min(128, Math.floor(n / 3)), 1);
  const typicalS = median(sinceS.subarray(lag).map((s, row) => s - sinceS[row])) / lag;
  return typicalS || sinceS[n - 1] / (n - 1);
}

/** Number of samples missing before each row, of long intervals that nothing catches up. */
function clearGaps(sinceS, periodS) {
  const n = sinceS.length;
  const intervalS = differences(sinceS);
  const leastS = Math.max(2 * LONG_GAP * periodS, 4 * quantile(intervalS, 0.99));
  const missing = new Int32Array(n);
  let total = 0;
  for (let before = 0; before < intervalS.length; before += 1) {
    if (intervalS[before] > leastS) {
      const nHeld = Math.trunc(intervalS[before] / periodS); // so many would arrive after a stall
      const end = Math.min(before + 64 + nHeld, n);
      let lateS = Infinity;
      for (let row = before + 1; row < end; row += 1) {
        lateS = Math.min(lateS, sinceS[row] - sinceS[before] - (row - before) * periodS);
      }
      if (lateS > 0.5 * intervalS[before]) total += roundHalfEven(lateS / periodS);
    }
    missing[before + 1] = total;
  }
  return missing;
}

/** Whether a constant rate without any loss explains the earliest stamps of all blocks. */
function isOneLine(sinceS, periodS) {
  const row = sinceS.map((_, i) => i);
  const { slope, start } = fitLine(row, sinceS);
  const lateS = sinceS.map((s, i) => s - slope * i - start);
  if (rangeOf(lateS) <= 1.05 * stampGridS(sinceS)) return true;
  let best = { spread: Infinity, range: Infinity };
  const leastSize = 4 * rowsPerBatch(sinceS, periodS);
  for (const size of BLOCK_SIZES.filter((one) => one >= leastSize)) {
    const starts = blockStarts(sinceS.length, size);
    if (starts.length < 8) break;
    const earliest = earliestStamps(lateS, starts, periodS).map((s) => s / periodS);
    const line = fitLine(starts, earliest);
    const off = earliest.map((s, i) => s - line.slope * starts[i] - line.start);
    const found = { spread: spreadOf(off), range: rangeOf(off) };
    const isBetter =
      found.spread < best.spread || (found.spread === best.spread && found.range < best.range);
    if (isBetter) best = found;
    if (best.spread <= 2 * MAX_SPREAD) break;
  }
  if (best.spread === Infinity) return rangeOf(lateS) < periodS;
  return best.range <= Math.max(MAX_RANGE, SURE * best.spread);
}

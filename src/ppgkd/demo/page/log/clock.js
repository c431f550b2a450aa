// The clock of a sensor, from the time stamps of its samples: ppgkd.datasets.own.clock.

import { missingFromBatches } from "./lost_from_batches.js";
import { missingByLateness } from "./missing_by_lateness.js";
import { missingByIntervals, withLongGaps } from "./missing_samples.js";
import {
  BLOCK_SIZES,
  blockMeans,
  blockStarts,
  detrended,
  earliestStamps,
  interpolate,
} from "./stamp_lateness.js";
import { differences, fitLine, mean, quantile, rangeOf, runningMedian } from "./statistics.js";
import { unevenClock } from "./uneven_clock.js";

const UNEVEN_S = 0.02;

/**
 * @typedef {object} Clock
 * @property {number} firstS time of the first sample, in seconds
 * @property {number} rateHz the mean one if the clock is uneven
 * @property {number} rateUncertainty relative standard error of the rate
 * @property {Int32Array} sampleIndex index of each row, counting the missing samples as well
 * @property {number[]} nodeIndex points of the clock, between which it is linear: index of a sample
 * @property {number[]} nodeS and its time from the first; two points for an even clock
 * @property {number} jitterS how far stamps lie behind the clock
 */

/**
 * Clock of samples without time stamps.
 *
 * @param {number} firstS
 * @param {number} rateHz
 * @param {number} nSamples
 * @returns {Clock}
 */
export function evenClock(firstS, rateHz, nSamples) {
  const sampleIndex = Int32Array.from({ length: nSamples }, (_, i) => i);
  return even({ firstS, rateHz, rateUncertainty: 0, sampleIndex, jitterS: 0 });
}

/**
 * Find the clock of a sensor.
 *
 * @param {Float64Array} timeS time stamps in seconds, in order, not all the same
 * @returns {Clock}
 */
export function fitClock(timeS) {
  const firstS = timeS[0];
  const sinceS = timeS.map((s) => s - firstS);
  if (timeS.length === 2) return evenClock(firstS, 1 / sinceS[1], 2);
  const byIntervals = missingByIntervals(sinceS);
  const clean = byIntervals !== null;
  const missing = byIntervals ?? missingFromBatches(sinceS) ?? missingByLateness(sinceS);
  const rows = missing.map((n, row) => n + row);
  const index = withLongGaps(sinceS, rows, clean);
  return sinceS.length < 2 * BLOCK_SIZES[0]
    ? fitFewRows(firstS, sinceS, index, clean)
    : fitBlocks(firstS, sinceS, index, clean);
}

/** Number of samples missing between the first and the last. @param {Clock} clock */
export function countMissing({ sampleIndex }) {
  return sampleIndex[sampleIndex.length - 1] + 1 - sampleIndex.length;
}

/** Whether the rate is the same throughout. @param {Clock} clock */
export function isEven({ nodeS }) {
  return nodeS.length === 2;
}

/** Sampling rate between the points of the clock. @param {Clock} clock */
export function localRatesHz({ nodeIndex, nodeS }) {
  const seconds = differences(nodeS);
  return differences(nodeIndex).map((samples, i) => samples / seconds[i]);
}

/** Time of samples in seconds from the first, by their index. @param {Clock} clock */
export function secondsOf({ nodeIndex, nodeS }, index) {
  return interpolate(index, nodeIndex, nodeS);
}

/** Fractional index of samples at times in seconds from the first. @param {Clock} clock */
export function indexOf({ nodeIndex, nodeS }, seconds) {
  return interpolate(seconds, nodeS, nodeIndex);
}

/** The clock with the two points of an even one. */
export function even(clock) {
  const last = Math.max(clock.sampleIndex[clock.sampleIndex.length - 1], 1);
  return { ...clock, nodeIndex: [0, last], nodeS: [0, last / clock.rateHz] };
}

function fitFewRows(firstS, sinceS, sampleIndex, clean) {
  const { slope, start } = fitLine(sampleIndex, sinceS);
  const lateS = sinceS.map((s, i) => s - slope * sampleIndex[i] - start);
  const squares = lateS.reduce((sum, s) => sum + s * s, 0);
  const scatterS = Math.sqrt(squares / Math.max(sinceS.length - 2, 1));
  return even({
    firstS: clean ? firstS : firstS + Math.min(...lateS) + start,
    rateHz: 1 / slope,
    rateUncertainty: scatterS / deviation(sampleIndex) / slope,
    sampleIndex,
    jitterS: rangeOf(lateS),
  });
}

/** Fit an even clock; if that is too far off, one with points about every second. */
function fitBlocks(firstS, sinceS, sampleIndex, clean) {
  const { place, levelS, size } = clean
    ? meanLevels(sinceS, sampleIndex)
    : earliestLevels(sinceS, sampleIndex);
  const { slope, start } = fitLine(place, levelS);
  const offS = levelS.map((s, i) => s - slope * place[i] - start);
  const scatterS = standardDeviation(differences(offS)) / Math.SQRT2;
  const rateUncertainty = scatterS / slope / deviation(place);
  const smooth = runningMedian(offS, Math.min(2, offS.length - 1));
  const limitS = Math.max(UNEVEN_S, 0.5 * slope, 4 * scatterS);
  if (smooth.length >= 5 && smooth.some((s) => Math.abs(s) > limitS)) {
    return unevenClock({ firstS, sinceS, place, levelS, sampleIndex, size, rateUncertainty });
  }
  const lateS = sinceS.map((s, i) => s - slope * sampleIndex[i] - start);
  return even({
    firstS: clean ? firstS : firstS + start,
    rateHz: 1 / slope,
    rateUncertainty,
    sampleIndex,
    jitterS: quantile(lateS, 0.95) - quantile(lateS, clean ? 0.05 : 0),
  });
}

/** Mean index and time of blocks of rows. */
function meanLevels(sinceS, index) {
  const size = BLOCK_SIZES[0];
  const starts = blockStarts(index.length, size);
  return { place: blockMeans(index, starts), levelS: blockMeans(sinceS, starts), size };
}

/** Mean index of blocks of rows, and their time by their earliest stamp. */
function earliestLevels(sinceS, index) {
  const n = index.length;
  const roughS = sinceS[n - 1] / Math.max(index[n - 1], 1);
  const { lateS, size, periodS } = detrended(sinceS, index, roughS);
  const starts = blockStarts(n, Math.min(size, Math.floor(n / 2)));
  const earliestS = earliestStamps(lateS, starts, periodS);
  const place = blockMeans(index, starts);
  const trendS = interpolate(
    place,
    index,
    sinceS.map((s, row) => s - lateS[row]),
  );
  return { place, levelS: earliestS.map((s, i) => s + trendS[i]), size };
}

/** Square root of the summed squares around the mean. */
function deviation(values) {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares);
}

function standardDeviation(values) {
  return deviation(values) / Math.sqrt(values.length);
}

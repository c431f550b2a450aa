// The clock of a sensor from clear time stamps: ppgkd.datasets.own.clock.

import { onlyPredictReads } from "./log_error.js";
import { missingByIntervals, withLongGaps } from "./missing_samples.js";
import { differences, fitLine, mean, quantile, runningMedian } from "./statistics.js";

const UNEVEN_S = 0.02;
const BLOCK_SIZE = 16;

const NOT_CLEAR =
  "its time stamps are not those of the samples: they are late, come in batches or are rounded " +
  "coarsely";
const UNEVEN = "its sensor's rate is not constant by the time stamps";

/**
 * @typedef {object} Clock
 * @property {number} firstS time of the first sample, in seconds
 * @property {number} rateHz
 * @property {number} rateUncertainty relative standard error of the rate
 * @property {Int32Array} sampleIndex index of each row, counting the missing samples as well
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
  return { firstS, rateHz, rateUncertainty: 0, sampleIndex, jitterS: 0 };
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
  if (timeS.length === 2) return { ...evenClock(firstS, 1 / sinceS[1], 2) };
  const missing = missingByIntervals(sinceS);
  if (!missing) throw onlyPredictReads(NOT_CLEAR);
  const index = withLongGaps(
    sinceS,
    missing.map((n, row) => n + row),
  );
  return sinceS.length < 2 * BLOCK_SIZE
    ? fitFewRows(firstS, sinceS, index)
    : fitBlocks(firstS, sinceS, index);
}

/** Number of samples missing between the first and the last. @param {Clock} clock */
export function countMissing({ sampleIndex }) {
  return sampleIndex[sampleIndex.length - 1] + 1 - sampleIndex.length;
}

function fitFewRows(firstS, sinceS, index) {
  const { slope, start } = fitLine(index, sinceS);
  const lateS = sinceS.map((s, i) => s - slope * index[i] - start);
  const squares = lateS.reduce((sum, s) => sum + s * s, 0);
  const scatterS = Math.sqrt(squares / Math.max(sinceS.length - 2, 1));
  return {
    firstS,
    rateHz: 1 / slope,
    rateUncertainty: scatterS / deviation(index) / slope,
    sampleIndex: index,
    jitterS: Math.max(...lateS) - Math.min(...lateS),
  };
}

function fitBlocks(firstS, sinceS, index) {
  const starts = blockStarts(index.length);
  const place = blockMeans(index, starts);
  const levelS = blockMeans(sinceS, starts);
  const { slope, start } = fitLine(place, levelS);
  const offS = levelS.map((s, i) => s - slope * place[i] - start);
  const scatterS = standardDeviation(differences(offS)) / Math.SQRT2;
  const smooth = runningMedian(offS, Math.min(2, offS.length - 1));
  const lateS = sinceS.map((s, i) => s - slope * index[i] - start);
  const limitS = Math.max(UNEVEN_S, 0.5 * slope, 4 * scatterS);
  if (smooth.length >= 5 && smooth.some((s) => Math.abs(s) > limitS)) throw onlyPredictReads(UNEVEN);
  return {
    firstS,
    rateHz: 1 / slope,
    rateUncertainty: scatterS / slope / deviation(place),
    sampleIndex: index,
    jitterS: quantile(lateS, 0.95) - quantile(lateS, 0.05),
  };
}

/** First rows of blocks; what is left at the end belongs to the last one. */
function blockStarts(nRows) {
  const starts = [];
  for (let row = 0; row < nRows; row += BLOCK_SIZE) starts.push(row);
  if (starts.length > 1 && nRows - starts[starts.length - 1] < BLOCK_SIZE) starts.pop();
  return starts;
}

function blockMeans(values, starts) {
  return Float64Array.from(starts, (first, block) =>
    mean(values.subarray(first, starts[block + 1] ?? values.length)),
  );
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

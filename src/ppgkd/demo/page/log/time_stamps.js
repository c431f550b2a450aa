// Time stamps, checked and compared with the declared rate: ppgkd.datasets.own.time_stamps.

import { roundHalfEven } from "../engine/rounding.js";
import { FIRST_ROW } from "./columns.js";
import { countMissing, even, evenClock, fitClock, isEven, localRatesHz, secondsOf } from "./clock.js";
import { LogError } from "./log_error.js";
import { decimals, percent, significant } from "./number_text.js";
import { differences, median, quantile } from "./statistics.js";

/** Beyond this relative standard error, time stamps tell no rate. */
export const MAX_UNCERTAINTY = 0.05;

const RATE_TOLERANCE = 0.005;
const FASTEST_HZ = 1e4;
const MAX_MISSING_H = 24;
const MAX_SECOND = 1e11;
const HOUR_S = 3600;
const MAX_CHANGE = 1.25;

/**
 * Check time stamps, and find the clock of the sensor that they belong to.
 *
 * @param {Float64Array} timeS time stamps in seconds
 * @param {number} declaredHz sampling rate according to the user
 * @param {?number[]} rows number of each sample's row, from 0; null: they follow one another
 * @returns {import("./clock.js").Clock}
 */
export function readClock(timeS, declaredHz, rows = null) {
  const n = timeS.length;
  const spanS = timeS[n - 1] - timeS[0];
  if (n === 1) return evenClock(timeS[0], declaredHz, 1);
  if (!(spanS * FASTEST_HZ > n - 1)) {
    throw new LogError(
      `its ${n} rows have the same time stamp, ${decimals(timeS[0], 6)} s, or lie within ` +
        `${significant(spanS, 2)} s, which tells no sampling rate. Give the time of each sample, ` +
        "or leave the times out and declare the rate.",
    );
  }
  const clock = agreed(fitClock(timeS), declaredHz);
  requireOneRate(clock, rows);
  const missingH = countMissing(clock) / clock.rateHz / HOUR_S;
  if (missingH > MAX_MISSING_H) {
    throw new LogError(
      `${significant(missingH, 3)} h are missing between the time stamps; at most ` +
        `${MAX_MISSING_H} h are allowed in total. Split the recording where its time jumps.`,
    );
  }
  return clock;
}

/**
 * Refuse time stamps that are missing, no seconds, or step back.
 *
 * @param {Float64Array} timeS
 */
export function requireOrder(timeS) {
  const without = timeS.findIndex((s) => !Number.isFinite(s));
  if (without >= 0) {
    throw new LogError(
      `row ${FIRST_ROW + without} has no time stamp; give one to every row, or remove the column.`,
    );
  }
  const largest = timeS.reduce((most, s) => Math.max(most, Math.abs(s)), 0);
  if (largest > MAX_SECOND) {
    throw new LogError(
      `its time stamps reach ${significant(largest, 4)} s, which are no seconds. For milliseconds ` +
        "or microseconds, since 1970 too, name the column and its unit ('time' in the YAML file).",
    );
  }
  const backward = [];
  for (let i = 1; i < timeS.length; i += 1) if (timeS[i] < timeS[i - 1]) backward.push(i);
  if (backward.length) {
    const row = backward[0];
    throw new LogError(
      `the time stamp of row ${FIRST_ROW + row}, ${decimals(timeS[row], 6)} s, is before that of ` +
        `the row before it, ${decimals(timeS[row - 1], 6)} s (${backward.length} such rows in ` +
        `total). ${remedy(timeS, backward)}`,
    );
  }
}

/** What to do about time stamps that step back. */
function remedy(timeS, backward) {
  const typicalS = median(differences(timeS));
  const stepS = timeS[backward[0]] - timeS[backward[0] - 1] - typicalS;
  const hours = Math.round(-stepS / HOUR_S);
  const isSetBack = Math.abs(stepS + hours * HOUR_S) < Math.max(1, 5 * typicalS);
  if (backward.length <= 2 && hours && isSetBack) {
    return (
      `The clock was set back by ${hours} h there, as at the end of summer time. Nothing is wrong ` +
      "with the samples: write the times with their offset (+02:00, +01:00), or in UTC, or name " +
      "their zone ('timezone' in the YAML file)."
    );
  }
  const inOrderS = differences(Float64Array.from(timeS).sort());
  const leastS = inOrderS.reduce((least, s) => Math.min(least, s), Infinity);
  const mostS = inOrderS.reduce((most, s) => Math.max(most, s), 0);
  if (backward.length > 2 && leastS > 0 && mostS < 3 * median(inOrderS)) {
    return "The rows are out of order: sort them by their time.";
  }
  return (
    "The clock was set back there, or two recordings are in one table: split the recording there, " +
    "or correct the times. Sorting would mix samples of different times."
  );
}

/** The clock, with the declared rate where the time stamps tell no better one. */
function agreed(clock, declaredHz) {
  const error = declaredHz / clock.rateHz - 1;
  if (Math.abs(error) <= RATE_TOLERANCE) return clock;
  if (Math.abs(error) <= 2 * Math.min(clock.rateUncertainty, MAX_UNCERTAINTY)) {
    return even({ ...clock, rateHz: declaredHz });
  }
  const toDo =
    Math.abs(error) > 10
      ? "Time stamps must be in seconds; for others, name the column and its unit ('time' in the " +
        "YAML file)."
      : `Declare ${significant(clock.rateHz, 4)} Hz if the times are right, or correct the times.`;
  const uncertainty =
    clock.rateUncertainty > 1e-3 ? `, to within ${percent(2 * clock.rateUncertainty)}` : "";
  throw new LogError(
    `the declared rate is ${significant(declaredHz, 6)} Hz, but the time stamps give ` +
      `${significant(clock.rateHz, 4)} Hz${uncertainty}. Every estimate would be ` +
      `${significant(100 * Math.abs(error), 3)} % too ${error > 0 ? "high" : "low"}: ` +
      `${significant(100 * (1 + error), 4)} for 100 BPM. ${toDo}`,
  );
}

/** Refuse a recording whose rate jumps, such as of a sensor that was set to half its rate. */
function requireOneRate(clock, rows) {
  const { sampleIndex, rateHz } = clock;
  const step = differences(sampleIndex);
  const size = Math.max(roundHalfEven(10 * rateHz), 20);
  for (let first = 0; step.length >= 2 * size && first + size <= step.length; first += size) {
    const typical = median(step.subarray(first, first + size));
    if (typical >= 2) refuseChange(clock, rateHz / typical, first, rows);
  }
  if (isEven(clock)) return;
  const localHz = localRatesHz(clock);
  if (quantile(localHz, 1) / quantile(localHz, 0) <= MAX_CHANGE) return;
  const jump = localHz.map((hz) => Math.max(hz, rateHz) / Math.min(hz, rateHz));
  const place = jump.indexOf(quantile(jump, 1));
  const row = sampleIndex.findIndex((index) => index >= clock.nodeIndex[place]);
  refuseChange(clock, localHz[place], row, rows);
}

function refuseChange(clock, toHz, row, rows) {
  const [second] = secondsOf(clock, [clock.sampleIndex[row]]);
  throw new LogError(
    `the sampling rate changes: it is ${significant(clock.rateHz, 4)} Hz in the mean, and ` +
      `${significant(toHz, 4)} Hz about row ${FIRST_ROW + (rows?.[row] ?? row)}, ${decimals(second, 0)} s from the ` +
      "first sample. Split the recording where its rate changes, or correct the times.",
  );
}

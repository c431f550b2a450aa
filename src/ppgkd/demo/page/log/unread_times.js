// Columns of time that are not read, and contradict the declared rate:
// ppgkd.datasets.own.unread_times.

import { isEmpty, numberOf } from "./cells.js";
import { countMissing, fitClock } from "./clock.js";
import { FIRST_ROW, readTexts } from "./columns.js";
import { LogError, onlyPredictReads } from "./log_error.js";
import { significant } from "./number_text.js";
import { differences, median } from "./statistics.js";

const TIME_NAMES =
  /time|date|epoch|unix|utc|elapsed|clock|stamp|(?:^|_)t(?:s|ms|us|ns)?(?:_|$)|^(?:ms|millis|micros|sec|secs|seconds)$|_(?:ms|msec|usec|us|ns|sec)$/i;
const UNIT_NAMES = {
  ms: /(?:^|_)(?:t?ms|msec|millis)(?:_|$)/i,
  us: /(?:^|_)(?:t?us|usec|micros)(?:_|$)/i,
  ns: /(?:^|_)t?ns(?:_|$)/i,
  s: /(?:^|_)(?:s|sec|secs|seconds)(?:_|$)/i,
};
const PER_SECOND = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };
const RATE_TOLERANCE = 0.005;
const NAMED_RATIO = 4;
const UNNAMED_RATIO = 1.25;
const EVEN_STEPS = 0.9;
const LAG_S = 4;
const MAX_EMPTY = 0.5;
const MAX_MISSING = 2;
const LEAST_ROWS = 10;

/**
 * Refuse columns that are not read and contradict the declared rate.
 *
 * @param {{names: string[], rows: string[]}} table
 * @param {string[]} unused names of these columns
 * @param {number} rateHz the declared rate
 */
export function refuseUnreadTimes(table, unused, rateHz) {
  for (const name of unused) {
    const texts = readTexts(table, name);
    const problem = contradiction(name, texts, rateHz);
    if (problem) {
      throw new LogError(
        `its column ${name} looks like the time of each row, from ${texts[0]} in row ${FIRST_ROW} ` +
          `to ${texts[texts.length - 1]} in the last, and it is not used, but it says that ` +
          `${problem}. Name it time_s and give it in seconds, or remove it from the table (${name}).`,
      );
    }
  }
}

function contradiction(name, texts, rateHz) {
  if (looksLikeDates(texts)) {
    if (new Set(texts.filter((text) => !isEmpty(text))).size <= 1) return "";
    throw onlyPredictReads(`its column ${name} has date-times, and is not named timestamp`);
  }
  const numbers = texts.map(numberOf);
  if (numbers.includes(undefined)) return "";
  let first = "";
  for (const timeS of asSeconds(name, Float64Array.from(numbers), rateHz)) {
    const said = clockSays(timeS, rateHz);
    if (!said) return "";
    first ||= said;
  }
  return first;
}

/** Whether any of the first texts may be a date and time that Python reads. */
function looksLikeDates(texts) {
  return texts
    .slice(0, 20)
    .some((text) => text.trim() === "now" || /^\s*\d{4}-\d|^\s*\d{8}[T ]\d/.test(text));
}

function clockSays(timeS, rateHz) {
  const known = timeS.filter(Number.isFinite);
  const clock = fitClock(known);
  const nMissing = countMissing(clock) - (timeS.length - known.length);
  const error = Math.abs(clock.rateHz / rateHz - 1);
  if (error > RATE_TOLERANCE + 2 * clock.rateUncertainty) {
    return `the rate is ${significant(clock.rateHz, 4)} Hz, not ${significant(rateHz, 6)} Hz`;
  }
  if (nMissing > MAX_MISSING) {
    const seconds = significant(nMissing / clock.rateHz, 3);
    return `${nMissing} samples are missing, ${seconds} s`;
  }
  return "";
}

/** The column in seconds, for each way in which it can be time. */
function* asSeconds(name, values, rateHz) {
  const known = values.filter(Number.isFinite);
  if (values.length < LEAST_ROWS || known.length / values.length < MAX_EMPTY) return;
  const step = differences(known);
  if (step.some((one) => one < 0) || !step.some((one) => one > 0)) return;
  const named = TIME_NAMES.test(name);
  const units = Object.keys(UNIT_NAMES).filter((unit) => UNIT_NAMES[unit].test(name));
  if (step.every((one) => one === 1) && !units.length) return; // a counter
  const usual = median(step);
  const shareOf = (test) => step.filter(test).length / step.length;
  const ones = shareOf((one) => one === 1);
  const counts = usual === 1 && ones >= EVEN_STEPS && step.every(Number.isInteger);
  const even = shareOf((one) => Math.abs(one - usual) <= 0.1 * usual) >= EVEN_STEPS;
  if (counts && !units.length) {
    yield values.map((value) => value / rateHz); // a counter with jumps
  } else if (named || even) {
    const near = named ? NAMED_RATIO : UNNAMED_RATIO;
    const typical = typicalStep(step, rateHz);
    for (const unit of units.length ? units : Object.keys(PER_SECOND)) {
      const ratio = (typical * rateHz) / PER_SECOND[unit];
      if (ratio >= 1 / near && ratio <= near) yield values.map((value) => value / PER_SECOND[unit]);
    }
  }
}

/** Median increase over some seconds, for one row. */
function typicalStep(step, rateHz) {
  const lag = Math.min(Math.round(LAG_S * rateHz), Math.floor(step.length / 3));
  let total = 0;
  const sums = step.map((one) => (total += one));
  return median(sums.subarray(lag).map((sum, i) => sum - sums[i])) / lag;
}

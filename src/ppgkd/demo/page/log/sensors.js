// Sensors of one table, which may have different rates: ppgkd.datasets.own.sensors.

import { fitClock, secondsOf } from "./clock.js";
import { LogError, onlyPredictReads } from "./log_error.js";
import { gapNotes, lostCellNotes } from "./notes.js";
import { percent, significant } from "./number_text.js";
import { clockOfRows, stampsOfRows } from "./row_clock.js";
import { isEven, NEARLY_ALL, placesOf, rowsWithSample, withoutRepeats } from "./sensor_rows.js";
import { interpolate } from "./stamp_lateness.js";
import { differences } from "./statistics.js";
import { MAX_UNCERTAINTY, readClock } from "./time_stamps.js";

const MAX_TOGETHER = 0.3;
const RATES_HZ = [1, 1000];
const LEAST_ROWS = 3;
/** Beyond this part of a period, rounding may decide how many samples are missing. */
const CLEAR = 0.4;

const NOT_EVEN =
  "its acceleration has a rate of its own, and samples of it are late, or lost with those of the PPG";

/**
 * @typedef {object} Sensor channels that are sampled together
 * @property {Float32Array[]} values samples of its own rows
 * @property {import("./clock.js").Clock} clock when they were taken
 * @property {number[]} rows of the table that they are in
 * @property {string[]} notes for the owner of the log
 */

/**
 * Split a table into sensors; that of the PPG is the first, and often the only one.
 *
 * @param {object} columns from `readColumns`
 * @param {?{timeS: Float64Array}} times its date-times
 * @param {Float32Array[]} values samples of each channel
 * @param {boolean[]} isPpg which channels are PPG
 * @param {number} rateHz declared sampling rate of the PPG
 * @returns {Sensor[]}
 */
export function splitSensors(columns, times, values, isPpg, rateHz) {
  const sensors = [];
  for (const { kinds, group, present, own } of groupsOf(values, isPpg)) {
    const places = placesOf(own);
    const joined = joinShown(present, own);
    const clock = sensors.length
      ? clockOfOther(columns, times, own, sensors[0].clock)
      : clockOfFirst(columns, times, own, rateHz, joined);
    const samples = group.map((channel) => Float32Array.from(places, (row) => channel[row]));
    const notes = notesOf(kinds, samples, clock, joined);
    sensors.push({ values: samples, clock, rows: places, notes });
  }
  return sensors;
}

/**
 * Time of every row of the table from the first sample.
 *
 * @param {Sensor} sensor
 * @param {number} nRows
 */
export function secondsOfRows({ clock, rows }, nRows) {
  const ownS = secondsOf(clock, clock.sampleIndex);
  if (rows.length === nRows) return ownS;
  return interpolate(Int32Array.from({ length: nRows }, (_, row) => row), rows, ownS);
}

/** The channels of each sensor, the rows in which it has a number, and those with new samples. */
function groupsOf(values, isPpg) {
  const groups = [true, false]
    .map((ppg) => ({
      kinds: ppg ? "PPG" : "acceleration",
      group: values.filter((_, channel) => isPpg[channel] === ppg),
    }))
    .filter(({ group }) => group.length)
    .map((one) => ({ ...one, present: rowsWithSample(one.group) }));
  const presents = groups.map(({ present }) => present);
  for (const one of groups) one.own = ownRows(one, presents);
  if (groups.length < 2 || !agree(groups[0].own, groups[1].own)) return groups;
  const either = (name) => groups[0][name].map((has, row) => has | groups[1][name][row]);
  const kinds = "PPG and acceleration";
  return [{ kinds, group: values, present: either("present"), own: either("own") }];
}

/** Rows with new samples; all rows if the sensor has the rows' own rate. */
function ownRows({ group, present }, presents) {
  const rows = withoutRepeats(group, present);
  const nRows = count(rows);
  const apart = presents.some((other) => areApart(present, other));
  const isFewer = nRows < NEARLY_ALL * rows.length || nRows < count(present);
  // cells that are empty at random are lost
  return nRows && (apart || (isFewer && isEven(placesOf(rows)))) ? rows : rows.map(() => 1);
}

/** Whether most samples of each of two sensors are in rows without the other. */
function areApart(one, other) {
  const both = count(one.map((has, row) => has & other[row]));
  const fewest = Math.min(count(one), count(other));
  return fewest > 0 && both <= MAX_TOGETHER * fewest;
}

/** Whether two sensors have their samples in the same rows. */
function agree(one, other) {
  const differing = count(one.map((has, row) => has ^ other[row]));
  const either = count(one.map((has, row) => has | other[row]));
  return differing <= (1 - NEARLY_ALL) * either;
}

function joinShown(present, own) {
  if (own.every(Boolean)) return "";
  return present.every((has, row) => !has || own[row])
    ? "its cells are empty in the rows of other sensors"
    : "each of its values is repeated until the next one";
}

function clockOfFirst(columns, times, own, rateHz, joined) {
  if (own.every(Boolean)) return clockOfRows(columns, times, rateHz);
  const timeS = stampsOfRows(columns, times);
  if (!timeS) {
    throw new LogError(
      `the PPG has new samples in ${share(own)} of the rows (${joined}), and without time stamps ` +
        "its rate cannot be known. Add time_s or timestamp, or write one row per sample of the PPG.",
    );
  }
  try {
    return readClock(ofRows(timeS, own), rateHz, placesOf(own));
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new LogError(`the PPG, read by itself since ${joined}: ${error.message}`);
  }
}

function clockOfOther(columns, times, own, first) {
  const isWhole = first.sampleIndex.length === own.length;
  // times of the rows without the jitter of their stamps
  const timeS = isWhole
    ? secondsOf(first, first.sampleIndex).map((s) => s + first.firstS)
    : stampsOfRows(columns, times);
  const ownS = ofRows(timeS, own);
  if (ownS.length < LEAST_ROWS) throw onlyPredictReads("its acceleration has hardly any samples");
  const clock = fitClock(ownS);
  const { rateHz, rateUncertainty } = clock;
  if (differences(ownS).some((s) => isBetween(s * rateHz))) throw onlyPredictReads(NOT_EVEN);
  if (rateHz < RATES_HZ[0] || rateHz > RATES_HZ[1] || rateUncertainty > MAX_UNCERTAINTY) {
    throw new LogError(
      `the acceleration has samples of its own in ${share(own)} of the rows, which give ` +
        `${significant(rateHz, 4)} Hz to within ${percent(2 * rateUncertainty)}: no rate of a ` +
        "sensor. Write one row per sample of the PPG, with the acceleration interpolated at its time.",
    );
  }
  return clock;
}

/** Whether a number of periods is hardly nearer to a whole number than to the next. */
function isBetween(periods) {
  return Math.abs(periods - Math.round(periods)) > CLEAR;
}

function notesOf(kinds, samples, clock, joined) {
  const notes = [...gapNotes(clock), ...lostCellNotes(samples)];
  if (!joined) return notes;
  const own = `${joined}, so it is read at its own rate, ${significant(clock.rateHz, 4)} Hz`;
  return [own, ...notes].map((note) => `${kinds}: ${note}`);
}

function ofRows(values, rows) {
  return values.filter((_, row) => rows[row]);
}

function share(rows) {
  return percent(count(rows) / rows.length, 0);
}

function count(rows) {
  return rows.reduce((sum, has) => sum + has, 0);
}

// A user's log on an even grid, as ppgkd predict reads it: ppgkd.datasets.own.recording_table.

import { bridgeShortGaps, LARGEST_SAMPLE } from "../engine/gaps.js";
import { evenClock } from "./clock.js";
import { readColumns } from "./columns.js";
import { readTable } from "./csv.js";
import { readTimes, timeWriter } from "./iso_time.js";
import { LogError, onlyPredictReads } from "./log_error.js";
import { clockNotes, gapNotes, lostCellNotes, unitNotes, unusedColumnNotes } from "./notes.js";
import { resample } from "./resampling.js";
import { requireOneSensor } from "./sensor_rows.js";
import { readClock, requireOrder } from "./time_stamps.js";
import { refuseUnreadTimes } from "./unread_times.js";

const SAME_RATE = 5e-4;
const MAX_DOUBLE = 0.05;

/**
 * @typedef {object} Log
 * @property {Float32Array[]} signal channels on an even grid; NaN where a sample is missing
 * @property {number} firstS time of the first sample by the log's own clock
 * @property {number} stretch seconds of that clock for each second of the grid
 * @property {string[]} notes for the owner of the log
 * @property {?(secondS: number) => string} writeTime writes a time as the log does; null: seconds
 */

/**
 * Read a log.
 *
 * @param {ArrayBuffer} bytes CSV
 * @param {string[]} channels names of the columns
 * @param {number} rateHz declared sampling rate
 * @param {number} toHz sampling rate of the model
 * @returns {Log}
 */
export function readLog(bytes, channels, rateHz, toHz) {
  const table = readTable(bytes);
  const columns = readColumns(table, channels);
  const values = columns.values.map((samples) => Float32Array.from(samples));
  const isPpg = channels.map((name) => name.startsWith("ppg"));
  const hasTimes = columns.timeS || columns.timestamps;
  if (!hasTimes) refuseUnreadTimes(table, columns.unused, rateHz);
  requireOneSensor(values, isPpg);
  const times = columns.timestamps ? readTimes(columns.timestamps) : null;
  const clock = clockOfRows(columns, times, values, rateHz);
  const error = Math.abs(clock.rateHz / toHz - 1);
  const isOwn = error <= Math.max(SAME_RATE, 2 * clock.rateUncertainty);
  return {
    signal: values.map((samples) => onGrid(samples, clock, isOwn, toHz)),
    firstS: clock.firstS,
    stretch: isOwn ? toHz / clock.rateHz : 1,
    notes: [
      ...unusedColumnNotes(columns.unused),
      ...clockNotes(clock, isOwn, toHz),
      ...gapNotes(clock),
      ...lostCellNotes(values),
      ...unitNotes(values.filter((_, channel) => !isPpg[channel])),
    ],
    writeTime: times ? timeWriter(columns.timestamps[0], times) : null,
  };
}

/**
 * Read the samples of a study's own recording, one row per sample at the declared rate.
 *
 * @param {ArrayBuffer} bytes CSV
 * @param {string[]} channels names of the columns
 * @returns {Log}
 */
export function readSamples(bytes, channels) {
  const { values } = readColumns(readTable(bytes), channels);
  const signal = values.map((samples) => Float32Array.from(samples));
  return { signal, firstS: 0, stretch: 1, notes: [], writeTime: null };
}

function clockOfRows(columns, times, values, rateHz) {
  const stamps = columns.timeS ?? times?.timeS;
  if (!stamps) return evenClock(0, rateHz, values[0].length);
  requireOrder(stamps);
  refuseDoubleRows(stamps, columns.values);
  const timeS = columns.timeS ? stamps : stamps.map((s) => s - stamps[0]);
  return readClock(timeS, rateHz);
}

/** Refuse rows that were written twice; samples may share a stamp, but not every value. */
function refuseDoubleRows(timeS, values) {
  const repeats = [];
  for (let row = 1; row < timeS.length; row += 1) {
    if (timeS[row] === timeS[row - 1]) repeats.push(row);
  }
  if (!repeats.length || repeats.length > Math.max(MAX_DOUBLE * timeS.length, 1)) return;
  const isSame = (row) => values.every((samples) => Object.is(samples[row], samples[row - 1]));
  if (repeats.every(isSame)) {
    throw new LogError(
      `row ${repeats[0] + 2} repeats the row before it, time and values (${repeats.length} such ` +
        "rows in total). A sample must not be there twice: remove one of each.",
    );
  }
}

/** Samples of the rows at the rate of the model, with NaN where samples are missing. */
function onGrid(values, clock, isOwn, toHz) {
  const { sampleIndex } = clock;
  const signal = new Float32Array(sampleIndex[sampleIndex.length - 1] + 1).fill(NaN);
  for (let row = 0; row < values.length; row += 1) signal[sampleIndex[row]] = values[row];
  if (isOwn) return signal;
  if (signal.some((sample) => Math.abs(sample) > LARGEST_SAMPLE)) {
    throw onlyPredictReads("it has samples that are infinite or beyond 1e15, and another rate");
  }
  bridgeShortGaps(signal, clock.rateHz); // resampling spreads NaN
  return resample(signal, clock.rateHz, toHz);
}

// A user's log on an even grid, as ppgkd predict reads it: ppgkd.datasets.own.recording_table.

import { readColumns, REFERENCE_BPM } from "./columns.js";
import { readTable } from "./csv.js";
import { EvenGrid } from "./even_grid.js";
import { readTimes, timeWriter } from "./iso_time.js";
import { unitNotes, unusedColumnNotes } from "./notes.js";
import { referenceOf } from "./reference.js";
import { secondsOfRows, splitSensors } from "./sensors.js";
import { refuseUnreadTimes } from "./unread_times.js";

/**
 * @typedef {object} Log
 * @property {Float32Array[]} signal channels on an even grid; NaN where a sample is missing
 * @property {number} firstS time of the first sample by the log's own clock
 * @property {number} stretch seconds of that clock for each second of the grid
 * @property {?import("./reference.js").Reference} reference from a column of its own
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
  const times = columns.timestamps ? readTimes(columns.timestamps) : null;
  const sensors = splitSensors(columns, times, values, isPpg, rateHz);
  const { clock } = sensors[0];
  const grid = new EvenGrid(clock, toHz);
  const reference = columns.referenceBpm
    ? referenceOf(columns.referenceBpm, grid.seconds(secondsOfRows(sensors[0], values[0].length)))
    : null;
  return {
    signal: grid.joined(sensors),
    firstS: clock.firstS,
    stretch: toHz / grid.trueRateHz,
    reference,
    notes: [
      ...unusedColumnNotes(columns.unused.filter((name) => name !== REFERENCE_BPM)),
      ...grid.notes,
      ...sensors.flatMap((sensor) => sensor.notes),
      ...unitNotes(values.filter((_, channel) => !isPpg[channel])),
      ...(reference?.notes ?? []),
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
  return { signal, firstS: 0, stretch: 1, reference: null, notes: [], writeTime: null };
}

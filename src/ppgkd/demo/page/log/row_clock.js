// When the rows of a user's table were sampled: ppgkd.datasets.own.row_clock.

import { evenClock } from "./clock.js";
import { FIRST_ROW } from "./columns.js";
import { LogError } from "./log_error.js";
import { readClock, requireOrder } from "./time_stamps.js";

const MAX_DOUBLE = 0.05;

/**
 * Find when the rows were sampled: by their time stamps, else at the declared rate.
 *
 * @param {{values: Float64Array[], timeS: ?Float64Array}} columns from `readColumns`
 * @param {?{timeS: Float64Array}} times its date-times
 * @param {number} rateHz declared sampling rate
 * @returns {import("./clock.js").Clock}
 */
export function clockOfRows(columns, times, rateHz) {
  const timeS = stampsOfRows(columns, times);
  return timeS ? readClock(timeS, rateHz) : evenClock(0, rateHz, columns.values[0].length);
}

/**
 * Time stamps of the rows in order, date-times from the first row.
 *
 * @returns {?Float64Array} null if there are none
 */
export function stampsOfRows({ values, timeS }, times) {
  const stamps = timeS ?? times?.timeS ?? null;
  if (!stamps) return null;
  requireOrder(stamps);
  refuseDoubleRows(stamps, values);
  return timeS ? stamps : stamps.map((s) => s - stamps[0]);
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
      `row ${FIRST_ROW + repeats[0]} repeats the row before it, time and values ` +
        `(${repeats.length} such rows in total). A sample must not be there twice: remove one of ` +
        "each.",
    );
  }
}

// The reference heart rate of a log, from its own column: ppgkd.datasets.own.reference and
// ppgkd.inference.predict_dataset.

import { roundHalfEven } from "../engine/rounding.js";
import { REFERENCE_BPM } from "./columns.js";
import { decimals, significant } from "./number_text.js";
import { differences, median } from "./statistics.js";

const PLAUSIBLE_BPM = [25, 240];
const LONGEST_GAP_S = 8;
const REFERENCE_GAP_S = 4;
const HELD_S = 60;
const MIN_HELD = 10;

/**
 * @typedef {object} Reference
 * @property {number[]} timeS times of its values in seconds from the first sample, rising
 * @property {number[]} bpm each the mean of the 8 s around its time
 * @property {string[]} notes for the owner of the log
 */

/**
 * Take the reference from the cells of its column.
 *
 * @param {Float64Array} cells one for each row, NaN where there is no value
 * @param {Float64Array} rowS time of each row from the first sample
 * @returns {Reference} without values, and with a note, if the column tells no reference
 */
export function referenceOf(cells, rowS) {
  const rows = [];
  cells.forEach((bpm, row) => Number.isFinite(bpm) && rows.push(row));
  if (!rows.length) return without(`${REFERENCE_BPM} has no value, so there is no reference`);
  const timeS = rows.map((row) => rowS[row]);
  const everyS = timeS.length > 1 ? median(differences(timeS)) : 0;
  if (everyS > LONGEST_GAP_S) {
    return without(
      `${REFERENCE_BPM} has a value every ${significant(everyS, 3)} s; for a reference it needs one ` +
        `every ${LONGEST_GAP_S} s at least`,
    );
  }
  const values = rows.map((row) => cells[row]);
  const plausible = values.map((bpm) => bpm >= PLAUSIBLE_BPM[0] && bpm <= PLAUSIBLE_BPM[1]);
  const notes = [...heldNotes(timeS, values, plausible), ...implausibleNotes(plausible)];
  return {
    timeS: timeS.filter((_, i) => plausible[i]),
    bpm: values.filter((_, i) => plausible[i]).map(Math.fround),
    notes,
  };
}

/**
 * Reference at the centres of windows, interpolated.
 *
 * @param {Reference} reference
 * @param {number[]} centreS seconds from the first sample, rising
 * @returns {?(?number)[]} null where there is none, and if there is none at all
 */
export function referenceAt({ timeS, bpm }, centreS) {
  const last = timeS.length - 1;
  if (last < 0) return null;
  const atS = timeS.map(toMicroseconds); // a gap may end at a centre
  let after = 0;
  return centreS.map(toMicroseconds).map((centre) => {
    while (after <= last && atS[after] < centre) after += 1;
    if (atS[after] === centre) return bpm[after];
    if (after === 0 || after > last) return null;
    const gapS = atS[after] - atS[after - 1];
    if (gapS > REFERENCE_GAP_S) return null;
    const slope = (bpm[after] - bpm[after - 1]) / gapS;
    return bpm[after - 1] + slope * (centre - atS[after - 1]);
  });
}

/** Seconds, rounded to microseconds: the times of a clock are right to some nanoseconds. */
function toMicroseconds(seconds) {
  return roundHalfEven(seconds * 1e6) / 1e6;
}

function without(note) {
  return { timeS: [], bpm: [], notes: [note] };
}

function implausibleNotes(plausible) {
  const n = plausible.filter((is) => !is).length;
  const [lower, upper] = PLAUSIBLE_BPM;
  const total = plausible.length;
  return n
    ? [`references outside ${lower} to ${upper} BPM, which count as missing: ${n} of ${total}`]
    : [];
}

/** Say if one value stands for long, as of a strap that lost contact. */
function heldNotes(timeS, values, plausible) {
  const isHeld = (i) => plausible[i] && plausible[i - 1] && values[i] === values[i - 1];
  let longest = { heldS: 0 };
  for (let first = 0; first < values.length; first += 1) {
    const start = first;
    while (first + 1 < values.length && isHeld(first + 1)) first += 1;
    const heldS = first - start + 1 >= MIN_HELD ? timeS[first] - timeS[start] : 0;
    if (heldS > longest.heldS) longest = { heldS, bpm: values[start] };
  }
  if (longest.heldS <= HELD_S) return [];
  return [
    `the reference is ${significant(longest.bpm, 6)} BPM without a change for ` +
      `${decimals(longest.heldS, 0)} s, and a strap that lost contact keeps its last value: look at it`,
  ];
}

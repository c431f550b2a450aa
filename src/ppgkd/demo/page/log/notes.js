// Notes about a log for its owner: ppgkd.datasets.own.notes.

import { countMissing } from "./clock.js";
import { significant } from "./number_text.js";
import { median } from "./statistics.js";

const GRAVITY_MS2 = 9.81;
const USUAL_G = [0.25, 4];

/** Name the columns that are not used. @param {string[]} unused */
export function unusedColumnNotes(unused) {
  return unused.length ? [`columns not used: ${unused.join(", ")}`] : [];
}

/** Say how many samples are missing. @param {import("./clock.js").Clock} clock */
export function gapNotes(clock) {
  const nMissing = countMissing(clock);
  if (!nMissing) return [];
  let gaps = 0;
  let longest = 0;
  for (let i = 1; i < clock.sampleIndex.length; i += 1) {
    const gap = clock.sampleIndex[i] - clock.sampleIndex[i - 1] - 1;
    gaps += gap > 0 ? 1 : 0;
    longest = Math.max(longest, gap);
  }
  return [
    `samples missing: ${nMissing}, gaps: ${gaps}, longest gap: ` +
      `${significant(longest / clock.rateHz, 3)} s; windows that overlap a gap are not valid`,
  ];
}

/** Say how many cells have no finite number. @param {Float32Array[]} values */
export function lostCellNotes(values) {
  let lost = 0;
  for (const samples of values) for (const one of samples) lost += Number.isFinite(one) ? 0 : 1;
  return lost ? [`cells without a number, which count as missing samples: ${lost}`] : [];
}

/**
 * Say if the acceleration cannot be in g.
 *
 * @param {Float32Array[]} acceleration its axes
 */
export function unitNotes(acceleration) {
  if (!acceleration.length) return [];
  const magnitude = Float64Array.from(acceleration[0], (_, row) =>
    Math.sqrt(acceleration.reduce((sum, axis) => sum + axis[row] ** 2, 0)),
  ).filter(Number.isFinite);
  if (!magnitude.length) return [];
  const typical = median(magnitude);
  if (typical >= USUAL_G[0] && typical <= USUAL_G[1]) return [];
  return [
    `the acceleration must be in g, but its median magnitude is ${significant(typical, 3)}, and ` +
      `gravity alone is 1: ${guess(typical)}`,
  ];
}

function guess(typical) {
  if (typical > 0.8 * GRAVITY_MS2 && typical < 1.25 * GRAVITY_MS2) {
    return "this looks like m/s²: divide it by 9.80665";
  }
  if (typical > 800 && typical < 1250) return "this looks like mg: divide it by 1000";
  if (typical > USUAL_G[1]) return "divide raw counts by the counts per g";
  return "was gravity removed, or is the unit another one?";
}

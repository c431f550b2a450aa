// Which samples are missing from a sensor that sends batches: ppgkd.datasets.own.lost_from_batches.

import { missingByIntervals, stampGridS } from "./missing_samples.js";
import { isRegular, placesWhere } from "./stamp_lateness.js";
import { differences, median } from "./statistics.js";

const LEAST_BATCHES = 20;
const MOST_SHORT = 0.1;
const COARSE = 0.25;

/**
 * Number of samples missing before each row, where the rows of one batch share a stamp.
 *
 * What a batch lacks is counted behind its rows, since their stamp does not say where it was; before
 * those of the first.
 *
 * @param {Float64Array} sinceS time stamps from the first, in order
 * @returns {?Int32Array} null if the rows are not those of batches of one size
 */
export function missingFromBatches(sinceS) {
  const starts = [0];
  for (let row = 1; row < sinceS.length; row += 1) {
    if (sinceS[row] > sinceS[row - 1]) starts.push(row);
  }
  const count = starts.map((first, i) => (starts[i + 1] ?? sinceS.length) - first);
  const size = count.reduce((most, one) => Math.max(most, one), 0);
  if (starts.length < LEAST_BATCHES || size < 2) return null;
  const short = placesWhere(count.slice(1, -1), (rows) => rows < size);
  if (short.length / (count.length - 2) > MOST_SHORT || isRegular(short)) return null;
  const stampS = Float64Array.from(starts, (row) => sinceS[row]);
  const periodS = median(differences(stampS)) / size;
  if (stampGridS(stampS) > COARSE * periodS) return null;
  const lost = missingByIntervals(stampS);
  if (!lost) return null;
  const missing = new Int32Array(sinceS.length);
  const firstPlace = size - count[0];
  starts.forEach((first, batch) => {
    const place = batch ? (batch + lost[batch]) * size : firstPlace;
    missing.fill(place - first - firstPlace, first, first + count[batch]);
  });
  return missing;
}

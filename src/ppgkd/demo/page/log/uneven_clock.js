// The clock of a sensor whose rate drifts: the part of ppgkd.datasets.own.clock for points about
// every second.

import { blockMeans, blockStarts, interpolate } from "./stamp_lateness.js";
import { quantile } from "./statistics.js";

const ROWS_PER_POINT = 32;

/**
 * Clock through the means of neighbouring points.
 *
 * @param {object} fitted what `fitClock` knows: the points of blocks of `size` rows, and the stamps
 * @returns {import("./clock.js").Clock}
 */
export function unevenClock({ firstS, sinceS, place, levelS, sampleIndex, size, rateUncertainty }) {
  const starts = blockStarts(place.length, Math.max(1, Math.floor(ROWS_PER_POINT / size)));
  const meanIndex = blockMeans(place, starts);
  const meanS = blockMeans(levelS, starts);
  const last = sampleIndex[sampleIndex.length - 1];
  const [beginsS, endsS] = interpolate([0, last], meanIndex, meanS);
  const points = [[0, beginsS], ...Array.from(meanIndex, (at, i) => [at, meanS[i]]), [last, endsS]];
  let latestS = -Infinity;
  const rising = points.filter(([at, s], i) => {
    const isLater = s > latestS;
    latestS = Math.max(latestS, s);
    return i === 0 || (isLater && at > points[i - 1][0]);
  });
  const clock = {
    firstS: firstS + beginsS,
    rateHz: last / (endsS - beginsS),
    rateUncertainty,
    sampleIndex,
    nodeIndex: rising.map(([at]) => at),
    nodeS: rising.map(([, s]) => s - beginsS),
    jitterS: 0,
  };
  const ownS = interpolate(sampleIndex, clock.nodeIndex, clock.nodeS);
  const lateS = sinceS.map((s, row) => s - beginsS - ownS[row]);
  return { ...clock, jitterS: quantile(lateS, 0.95) - quantile(lateS, 0.05) };
}

// Short gaps of lost samples, bridged by a line: ppgkd.datasets.gaps and ppgkd.windows.gaps.

import { dropLostSamples } from "./lost_samples.js";

const BRIDGED_S = 0.2;
const ALWAYS_S = 0.05;
const BRIDGED_SHARE = 0.1;

/** Samples of a larger magnitude count as missing. */
export const LARGEST_SAMPLE = 1e15;

/**
 * Replace short gaps, NaN, by a line between the samples on their sides; at the ends, by the
 * nearest sample.
 *
 * @param {Float32Array} samples one channel; it is changed
 * @param {number} rateHz
 * @param {number} longestS longest gap that is bridged; a single sample always is
 */
export function bridgeShortGaps(samples, rateHz, longestS = BRIDGED_S) {
  const longest = Math.max(Math.trunc(longestS * rateHz + 1e-6), 1);
  const n = samples.length;
  let i = 0;
  while (i < n) {
    if (!Number.isNaN(samples[i])) {
      i += 1;
      continue;
    }
    const first = i;
    while (i < n && Number.isNaN(samples[i])) i += 1;
    if (i - first > longest || (first === 0 && i === n)) continue;
    if (first === 0) samples.fill(samples[i], 0, i);
    else if (i === n) samples.fill(samples[first - 1], first);
    else drawLine(samples, first, i);
  }
}

function drawLine(samples, first, end) {
  const left = samples[first - 1];
  const slope = (samples[end] - left) / (end - first + 1);
  for (let i = first; i < end; i += 1) samples[i] = slope * (i - first + 1) + left;
}

/**
 * Bridge the short gaps of a raw window, and write NaN where samples remain missing.
 *
 * @param {Float32Array[]} window its channels, which are changed
 * @param {boolean[]} isPpg which channels are PPG
 * @param {number} rateHz
 */
export function withoutLostSamples(window, isPpg, rateHz) {
  window.forEach((samples, channel) => {
    for (let i = 0; i < samples.length; i += 1) {
      if (!(Math.abs(samples[i]) <= LARGEST_SAMPLE)) samples[i] = NaN;
    }
    if (isPpg[channel]) dropLostSamples(samples);
    bridgeShortGaps(samples, rateHz, ALWAYS_S);
    let missing = 0;
    for (const sample of samples) missing += Number.isNaN(sample) ? 1 : 0;
    if (missing && missing / samples.length <= BRIDGED_SHARE) bridgeShortGaps(samples, rateHz);
  });
}

// Samples that were written in place of lost ones, such as zeros: ppgkd.windows.signal_checks.

const LOST_GAP = 3;
const LONE_GAP = 10;

/**
 * Replace samples that were written in place of lost ones by NaN.
 *
 * They have one value, below or above all others, and are isolated from them. At most half of the
 * samples can be lost.
 *
 * @param {Float32Array} samples one channel of a raw window; it is changed
 */
export function dropLostSamples(samples) {
  dropExtreme(samples, 1);
  dropExtreme(samples, -1);
}

function dropExtreme(samples, sign) {
  let extreme = Infinity;
  for (const sample of samples) {
    if (sign * sample < extreme && Number.isFinite(sample)) extreme = sign * sample;
  }
  let count = 0;
  let others = 0;
  let nearest = Infinity;
  let farthest = -Infinity;
  for (const sample of samples) {
    if (!Number.isFinite(sample)) continue;
    const value = sign * sample;
    if (value === extreme) {
      count += 1;
      continue;
    }
    others += 1;
    if (value < nearest) nearest = value;
    if (value > farthest) farthest = value;
  }
  const wanted = count === 1 ? LONE_GAP : LOST_GAP;
  // differences in float32, as in Python
  const gap = Math.fround(nearest - extreme);
  const range = Math.fround(farthest - nearest);
  if (farthest > nearest && count <= others && gap > wanted * range) {
    for (let i = 0; i < samples.length; i += 1) {
      if (sign * samples[i] === extreme) samples[i] = NaN;
    }
  }
}

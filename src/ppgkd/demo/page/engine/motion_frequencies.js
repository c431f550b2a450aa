// Which frequencies of a window are those of motion: ppgkd.inference.motion_frequencies.

import { BPM_MIN, N_CLASSES } from "./grid.js";
import { roundHalfEven } from "./rounding.js";

export const HALF_WIDTH_HZ = 0.125;

const N_TO_EACH_SIDE = 2;
const HIGHEST_HZ = 8;
const MOVING_G = 0.03;
const MOTION_SHARE = 0.05;
const HALF_SHARE = 0.3;

/** The power spectrum of windows of one length and rate, up to 8 Hz. */
export class PowerSpectrum {
  /**
   * @param {number} nSamples of a preprocessed window
   * @param {number} rateHz of it
   */
  constructor(nSamples, rateHz) {
    const nFft = 2 * nSamples;
    this.stepHz = rateHz / nFft;
    this.length = Math.min(Math.trunc((HIGHEST_HZ * nFft) / rateHz) + 1, nSamples + 1);
    this.nFft = nFft;
    this.cosine = Float64Array.from({ length: nFft }, (_, i) => Math.cos((2 * Math.PI * i) / nFft));
    this.sine = Float64Array.from({ length: nFft }, (_, i) => Math.sin((2 * Math.PI * i) / nFft));
  }

  /**
   * @param {Float32Array} samples one channel of a preprocessed window
   * @returns {Float64Array} power at each frequency
   */
  of(samples) {
    const power = new Float64Array(this.length);
    for (let k = 0; k < this.length; k += 1) {
      let real = 0;
      let imaginary = 0;
      for (let i = 0, angle = 0; i < samples.length; i += 1) {
        real += samples[i] * this.cosine[angle];
        imaginary += samples[i] * this.sine[angle];
        angle += k;
        if (angle >= this.nFft) angle -= this.nFft;
      }
      power[k] = real * real + imaginary * imaginary;
    }
    return power;
  }
}

/**
 * Frequencies of motion; a window at rest has none.
 *
 * @param {Float32Array[]} acc axes of a preprocessed window, in g
 * @param {Float64Array[]} power of each
 * @param {number} stepHz between two frequencies
 * @param {number} length number of frequencies
 * @returns {Uint8Array} 1 for each frequency of motion
 */
export function motionFrequencies(acc, power, stepHz, length) {
  const found = new Uint8Array(length);
  if (!acc.length || rootMeanSquare(acc) < MOVING_G) return found;
  const motion = new Float64Array(length);
  for (const axis of power) for (let k = 0; k < length; k += 1) motion[k] += axis[k];
  const slope = motion.map((value, k) => value * (k * stepHz) ** 2);
  const highest = motion.reduce((most, value) => Math.max(most, value), 0);
  const steepest = slope.reduce((most, value) => Math.max(most, value), 0);
  for (let k = 0; k < length; k += 1) {
    if (motion[k] > MOTION_SHARE * highest || slope[k] > MOTION_SHARE * steepest) found[k] = 1;
  }
  for (let k = 0; 2 * k < length; k += 1) {
    if (!(motion[2 * k] > HALF_SHARE * highest)) continue;
    for (let near = k - N_TO_EACH_SIDE; near <= k + N_TO_EACH_SIDE; near += 1) {
      if (near >= 0 && near < length) found[near] = 1;
    }
  }
  return found;
}

/**
 * Index of the frequency nearest to each class, to look classes up among motion's frequencies.
 *
 * @param {number} stepHz
 * @returns {Int32Array}
 */
export function frequencyOfClasses(stepHz) {
  return Int32Array.from({ length: N_CLASSES }, (_, i) => roundHalfEven((BPM_MIN + i) / 60 / stepHz));
}

function rootMeanSquare(acc) {
  let sum = 0;
  for (const axis of acc) for (const sample of axis) sum += sample * sample;
  return Math.sqrt(sum / acc[0].length);
}

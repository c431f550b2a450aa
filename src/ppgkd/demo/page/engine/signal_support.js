// How well a window's signal supports an estimate: ppgkd.inference.signal_support.

import { HALF_WIDTH_HZ } from "./motion_frequencies.js";

const MULTIPLES = [1, 2, 3, 1 / 2, 3 / 2, 5 / 2, 1 / 3, 2 / 3, 4 / 3, 5 / 3];
const TINY = 2.2250738585072014e-308;

/**
 * Measure how well a window supports an estimate.
 *
 * @param {Float64Array[]} ppgPower power spectrum of each PPG channel
 * @param {Uint8Array} motion 1 for each frequency of motion
 * @param {number} stepHz between two frequencies
 * @param {number} bpm the estimate
 * @returns {{pulse: number, notDouble: number, notTriple: number, notHalf: number}} each 0 to 1
 */
export function signalSupport(ppgPower, motion, stepHz, bpm) {
  const share = new Float64Array(MULTIPLES.length);
  const freeShare = new Float64Array(MULTIPLES.length);
  let pulse = 0;
  for (const power of ppgPower) {
    const slope = power.map((value, k) => value * (k * stepHz) ** 2);
    const free = slope.map((value, k) => (motion[k] ? 0 : value));
    const around = powerAround(slope, bpm, stepHz);
    const freeAround = powerAround(free, bpm, stepHz);
    const total = Math.max(sum(slope), TINY);
    pulse = Math.max(pulse, sum(freeAround.subarray(0, 3)) / Math.max(sum(free), TINY));
    for (let i = 0; i < MULTIPLES.length; i += 1) {
      share[i] += around[i] / total;
      freeShare[i] += freeAround[i] / total;
    }
  }
  const harmonics = sum(share.subarray(0, 3));
  return {
    pulse,
    notDouble: part(harmonics, sum(freeShare.subarray(3, 6))),
    notTriple: part(harmonics, sum(freeShare.subarray(6))),
    notHalf: part(share[0], share[1]),
  };
}

function powerAround(power, bpm, stepHz) {
  const cumulative = new Float64Array(power.length + 1);
  for (let k = 0; k < power.length; k += 1) cumulative[k + 1] = cumulative[k] + power[k];
  return Float64Array.from(MULTIPLES, (multiple) => {
    const centreHz = (bpm / 60) * multiple;
    const first = clip(Math.ceil((centreHz - HALF_WIDTH_HZ) / stepHz), power.length);
    const end = clip(Math.floor((centreHz + HALF_WIDTH_HZ) / stepHz) + 1, power.length);
    return cumulative[end] - cumulative[first];
  });
}

function part(one, other) {
  return one / Math.max(one + other, TINY);
}

function clip(index, length) {
  return Math.min(Math.max(index, 0), length);
}

function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

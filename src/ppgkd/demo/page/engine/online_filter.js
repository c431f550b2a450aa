// The online filter over the probabilities: ppgkd.inference.online_filter.

import { BPM_MIN, DECODE_HALF_WIDTH_BPM, N_CLASSES } from "./grid.js";

/** Online filter of one recording: a belief over the classes, given all windows so far. */
export class BeliefFilter {
  /** @param {object} card model card of the student, which has the transition */
  constructor(card) {
    this.kernel = kernelOf(card.filter_sd_bpm, card.filter_jump_probability);
    this.evidence = card.filter_evidence;
    this.keptOnMotion = 1 - card.filter_motion_discount;
    this.belief = new Float64Array(N_CLASSES).fill(1 / N_CLASSES);
  }

  /**
   * Update the belief with the probabilities of the next window.
   *
   * @param {Float32Array} probabilities of each class
   * @param {?Uint8Array} onMotion 1 for each class at a frequency of motion; null, there are none
   * @returns {Float64Array} the belief
   */
  update(probabilities, onMotion) {
    const spread = new Float64Array(N_CLASSES);
    for (let from = 0; from < N_CLASSES; from += 1) {
      const before = this.belief[from];
      const row = from * N_CLASSES;
      for (let to = 0; to < N_CLASSES; to += 1) spread[to] += before * this.kernel[row + to];
    }
    const window = new Float64Array(N_CLASSES);
    let total = 0;
    let alone = 0;
    for (let i = 0; i < N_CLASSES; i += 1) {
      const kept = onMotion?.[i] ? this.keptOnMotion : 1;
      window[i] = (probabilities[i] * kept) ** this.evidence;
      spread[i] *= window[i];
      total += spread[i];
      alone += window[i];
    }
    // if the window excludes all classes of the belief, the window replaces it
    this.belief = total > 0 ? spread.map((p) => p / total) : window.map((p) => p / alone);
    return this.belief;
  }
}

/**
 * Estimate and spread of a distribution over the classes. Of modes that are equal in the precision
 * of a window's probabilities the lowest is taken.
 *
 * @param {Float64Array} probabilities
 * @returns {{bpm: number, sdBpm: number}}
 */
export function decodeBpm(probabilities) {
  let mode = 0;
  const rounded = Float32Array.from(probabilities);
  for (let i = 1; i < N_CLASSES; i += 1) if (rounded[i] > rounded[mode]) mode = i;
  const first = Math.max(mode - DECODE_HALF_WIDTH_BPM, 0);
  const last = Math.min(mode + DECODE_HALF_WIDTH_BPM, N_CLASSES - 1);
  let weighted = 0;
  let weight = 0;
  for (let i = first; i <= last; i += 1) {
    weighted += probabilities[i] * (BPM_MIN + i);
    weight += probabilities[i];
  }
  const bpm = weighted / weight;
  let variance = 0;
  for (let i = 0; i < N_CLASSES; i += 1) variance += probabilities[i] * (BPM_MIN + i - bpm) ** 2;
  return { bpm, sdBpm: Math.sqrt(variance) };
}

/** Probability of each class after each class, row by row; the rows sum to one. */
function kernelOf(sdBpm, jumpProbability) {
  const kernel = new Float64Array(N_CLASSES * N_CLASSES);
  for (let from = 0; from < N_CLASSES; from += 1) {
    const row = kernel.subarray(from * N_CLASSES, (from + 1) * N_CLASSES);
    let total = 0;
    for (let to = 0; to < N_CLASSES; to += 1) {
      row[to] = Math.exp(-0.5 * ((to - from) / sdBpm) ** 2);
      total += row[to];
    }
    for (let to = 0; to < N_CLASSES; to += 1) {
      row[to] = (1 - jumpProbability) * (row[to] / total) + jumpProbability / N_CLASSES;
    }
  }
  return kernel;
}

// The estimates of a recording, as they arrive, and what they come to.

import { N_CLASSES } from "./engine/grid.js";
import { REASONS } from "./engine/validity.js";
import { median, quantile } from "./log/statistics.js";

/** The estimates of one recording. */
export class Results {
  /**
   * @param {object} read what the worker says when it has read the recording
   * @param {?(?number)[]} referenceBpm reference of each window; null where there is none
   */
  constructor({ nWindows, signal, notes, card }, referenceBpm) {
    this.nWindows = nWindows;
    this.signal = signal;
    this.notes = notes;
    this.card = card;
    this.referenceBpm = referenceBpm;
    this.durationS = signal[0].length / card.rate_hz;
    this.estimates = [];
    this.probabilities = new Float32Array(nWindows * N_CLASSES);
  }

  get length() {
    return this.estimates.length;
  }

  /** @param {object[]} estimates of the next windows */
  add(estimates) {
    for (const { probabilities, ...estimate } of estimates) {
      this.probabilities.set(probabilities, this.length * N_CLASSES);
      this.estimates.push(estimate);
    }
  }

  /** The result in one line, as ppgkd predict says it. */
  get summary() {
    const valid = this.estimates.filter((one) => one.valid);
    const counts = REASONS.map((reason) => [
      reason,
      this.estimates.filter((one) => one.reason === reason).length,
    ]);
    const byReason = counts.filter(([, n]) => n).map(([reason, n]) => `, ${reason}: ${n}`);
    const bpm = valid.map((one) => one.bpm);
    const result = bpm.length
      ? `median ${median(bpm).toFixed(0)} BPM, from ${quantile(bpm, 0).toFixed(0)} to ${quantile(bpm, 1).toFixed(0)}`
      : "no estimate can be trusted";
    return (
      `windows of ${this.card.window_s} s: ${this.length}, valid: ${valid.length}` +
      `${byReason.join("")}; ${result}`
    );
  }

  /** Share of the estimates that are valid. */
  get validShare() {
    return this.estimates.filter((one) => one.valid).length / this.length;
  }

  /**
   * Mean absolute error, over the windows that have a reference and an estimate.
   *
   * @param {boolean} validOnly
   * @returns {?number} null if there are none
   */
  maeBpm(validOnly) {
    const errors = this.estimates.flatMap((one, i) => {
      const reference = this.referenceBpm?.[i] ?? null;
      const counts = reference !== null && Number.isFinite(one.bpm) && (one.valid || !validOnly);
      return counts ? [Math.abs(one.bpm - reference)] : [];
    });
    return errors.length ? errors.reduce((sum, one) => sum + one, 0) / errors.length : null;
  }
}

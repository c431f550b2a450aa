// A student on the samples of a recording, one estimate per stride: ppgkd.inference.stream.

import { withoutLostSamples } from "./gaps.js";
import { N_CLASSES } from "./grid.js";
import { frequencyOfClasses, motionFrequencies, PowerSpectrum } from "./motion_frequencies.js";
import { BeliefFilter, decodeBpm } from "./online_filter.js";
import { preprocess, resamplingMatrix } from "./preprocessing.js";
import { roundHalfEven } from "./rounding.js";
import { signalSupport } from "./signal_support.js";
import { NO_EVIDENCE, reasonAgainst, RecentEvidence } from "./validity.js";

/** Estimates the heart rate window by window; the network itself is run by the caller. */
export class HeartRateStream {
  /** @param {object} card model card of the student */
  constructor(card) {
    this.card = card;
    this.nWindow = Math.round(card.window_s * card.rate_hz);
    this.isPpg = card.channels.map((name) => name.startsWith("ppg"));
    this.matrix = resamplingMatrix(card);
    this.spectrum = new PowerSpectrum(this.matrix.nSamples, card.model_rate_hz);
    this.frequencyOfClass = frequencyOfClasses(this.spectrum.stepHz);
    this.filter = new BeliefFilter(card);
    this.evidence = new RecentEvidence();
    this.windows = 0;
  }

  /**
   * First sample of a window; a stride need not be an integer number of samples.
   *
   * @param {number} window its number, from 0
   */
  startOf(window) {
    return roundHalfEven(window * this.card.stride_s * this.card.rate_hz);
  }

  /**
   * How many windows a recording has.
   *
   * @param {number} nSamples
   */
  countWindows(nSamples) {
    let count = 0;
    while (this.startOf(count) + this.nWindow <= nSamples) count += 1;
    return count;
  }

  /**
   * Centres of the first windows, in seconds from the first sample.
   *
   * @param {number} nWindows
   */
  centresS(nWindows) {
    const { rate_hz: rateHz, window_s: lengthS } = this.card;
    return Array.from({ length: nWindows }, (_, window) => this.startOf(window) / rateHz + lengthS / 2);
  }

  /**
   * Take a window from a recording, for the network: short gaps are bridged.
   *
   * @param {Float32Array[]} signal channels of the recording
   * @param {number} window its number
   * @returns {Float32Array[]}
   */
  rawWindow(signal, window) {
    const start = this.startOf(window);
    const raw = signal.map((samples) => samples.slice(start, start + this.nWindow));
    withoutLostSamples(raw, this.isPpg, this.card.rate_hz);
    return raw;
  }

  /**
   * Make the estimate of the next window, in the order of time.
   *
   * @param {Float32Array[]} raw from `rawWindow`
   * @param {{bpm: number, sdBpm: number, probabilities: Float32Array}} output of the network
   */
  estimate(raw, output) {
    const hasSignal = Number.isFinite(output.bpm);
    const facts = hasSignal ? this.#factsOf(raw) : null;
    const belief = this.filter.update(output.probabilities, facts ? this.#onMotion(facts) : null);
    let { bpm, sdBpm } = decodeBpm(belief);
    let evidence = NO_EVIDENCE;
    if (facts) {
      const support = signalSupport(facts.ppgPower, facts.motion, this.spectrum.stepHz, bpm);
      evidence = this.evidence.update(this.windows, support, output.bpm, bpm);
    } else {
      bpm = NaN;
      sdBpm = NaN;
    }
    const startS = this.startOf(this.windows) / this.card.rate_hz;
    this.windows += 1;
    const reason = reasonAgainst(this.card, bpm, sdBpm, evidence);
    return {
      startS,
      endS: startS + this.card.window_s,
      bpm,
      sdBpm,
      valid: reason === "",
      reason,
      windowBpm: output.bpm,
      windowSdBpm: hasSignal ? output.sdBpm : NaN,
    };
  }

  /** Power spectra of a window as the network sees it, and its frequencies of motion. */
  #factsOf(raw) {
    const window = preprocess(raw, this.matrix, this.isPpg);
    const power = window.map((samples) => this.spectrum.of(samples));
    const acc = window.filter((_, channel) => !this.isPpg[channel]);
    const accPower = power.filter((_, channel) => !this.isPpg[channel]);
    const { stepHz, length } = this.spectrum;
    return {
      ppgPower: power.filter((_, channel) => this.isPpg[channel]),
      motion: motionFrequencies(acc, accPower, stepHz, length),
    };
  }

  #onMotion({ motion }) {
    if (!this.card.filter_motion_discount) return null;
    return Uint8Array.from({ length: N_CLASSES }, (_, i) => motion[this.frequencyOfClass[i]]);
  }
}

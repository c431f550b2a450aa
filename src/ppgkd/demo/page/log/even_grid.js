// Samples of a sensor on an even grid at the rate of the model, by the sensor's own clock:
// ppgkd.datasets.own.even_grid.

import { bridgeShortGaps, LARGEST_SAMPLE } from "../engine/gaps.js";
import { indexOf, isEven, localRatesHz, secondsOf } from "./clock.js";
import { onlyPredictReads } from "./log_error.js";
import { percent, significant } from "./number_text.js";
import { resample, resampleAt } from "./resampling.js";
import { quantile } from "./statistics.js";

const SAME_RATE = 5e-4;
const ROUNDING = 1e-6;
const TOLD_JITTER = 0.5;
const TOLD_UNCERTAINTY = 1e-3;

/** Even times at which the samples of a log are given. */
export class EvenGrid {
  /**
   * @param {import("./clock.js").Clock} clock the sensor's
   * @param {number} rateHz sampling rate to use
   */
  constructor(clock, rateHz) {
    this.clock = clock;
    this.rateHz = rateHz;
  }

  /** Whether the sensor's samples are used as they are, because their rate is the same. */
  get isOwn() {
    const error = Math.abs(this.clock.rateHz / this.rateHz - 1);
    return isEven(this.clock) && error <= Math.max(SAME_RATE, 2 * this.clock.rateUncertainty);
  }

  /** Rate of the samples on the grid; not quite `rateHz` if they are the sensor's own. */
  get trueRateHz() {
    return this.isOwn ? this.clock.rateHz : this.rateHz;
  }

  /** Times from the first sample, as if the samples had the rate `rateHz`. */
  seconds(trueS) {
    return trueS.map((s) => s * (this.trueRateHz / this.rateHz));
  }

  /**
   * Put the sensor's samples on the grid.
   *
   * @param {Float32Array[]} signal channels from `fillGaps`; their short gaps are bridged
   * @returns {Float32Array[]}
   */
  resampled(signal) {
    if (this.isOwn) return signal;
    const { clock, rateHz } = this;
    bridge(signal, clock);
    if (!isEven(clock)) return resampleAt(signal, this.#places());
    return signal.map((samples) => resample(samples, clock.rateHz, rateHz));
  }

  /** Fractional index of the sensor's sample at each time of the grid. */
  #places() {
    const last = this.clock.sampleIndex[this.clock.sampleIndex.length - 1];
    const [endS] = secondsOf(this.clock, [last]);
    const n = Math.trunc(endS * this.rateHz + 1e-6) + 1;
    return clipped(indexOf(this.clock, ticks(n, this.rateHz)), last);
  }

  /**
   * Put the samples of several sensors on the grid, and their channels below each other.
   *
   * @param {import("./sensors.js").Sensor[]} sensors the first has the clock of the grid
   * @returns {Float32Array[]}
   */
  joined([first, ...others]) {
    const signal = this.resampled(fillGaps(first.values, first.clock));
    const n = signal[0].length;
    const aligned = ({ values, clock }) => this.#aligned(fillGaps(values, clock), clock, n);
    return [...signal, ...others.flatMap(aligned)];
  }

  /** Put samples of another sensor on the grid; NaN before its first sample and after the last. */
  #aligned(signal, clock, n) {
    bridge(signal, clock); // resampling spreads NaN
    const rateHz = this.trueRateHz;
    const seconds = ticks(n, rateHz, this.clock.firstS - clock.firstS);
    const last = signal[0].length - 1;
    const places = indexOf(clock, seconds);
    let found;
    if (clock.rateHz <= rateHz * (1 + SAME_RATE)) {
      found = resampleAt(signal, clipped(places, last));
    } else {
      // a lower rate needs a filter, and an even grid of the sensor's own rate before it
      const nOwn = Math.ceil((n * clock.rateHz) / rateHz) + 1;
      const own = indexOf(clock, ticks(nOwn, clock.rateHz, seconds[0]));
      const even = resampleAt(signal, clipped(own, last));
      found = even.map((samples) => resample(samples, clock.rateHz, rateHz).subarray(0, n));
    }
    const isOutside = (i) => places[i] < -1 - ROUNDING || places[i] > last + 1 + ROUNDING;
    return found.map((samples) => samples.map((sample, i) => (isOutside(i) ? NaN : sample)));
  }

  /** Notes for the owner of the log. */
  get notes() {
    const { clock, rateHz } = this;
    const notes = [];
    if (!isEven(clock)) {
      const localHz = localRatesHz(clock);
      const [slowest, fastest] = [0, 1].map((end) => significant(quantile(localHz, end), 4));
      notes.push(
        `the sensor's rate is not constant, ${slowest} to ${fastest} Hz: by the time stamps, its ` +
          `samples are put on an even grid of ${significant(rateHz, 4)} Hz`,
      );
    } else if (!this.isOwn) {
      const own = significant(clock.rateHz, 5);
      notes.push(`resampled from its own rate, ${own} Hz, to ${significant(rateHz, 4)} Hz`);
    }
    if (clock.jitterS * clock.rateHz > TOLD_JITTER) {
      notes.push(
        `time stamps lie up to ${significant(1e3 * clock.jitterS, 3)} ms behind the samples ` +
          "(batches, queues or rounding); only samples that never arrive count as missing",
      );
    }
    if (clock.rateUncertainty > TOLD_UNCERTAINTY) {
      notes.push(
        `its rate, ${significant(clock.rateHz, 4)} Hz, is known to ` +
          `${percent(2 * clock.rateUncertainty)}; a longer recording would tell it better`,
      );
    }
    return notes;
  }
}

/**
 * Insert NaN for missing samples.
 *
 * @param {Float32Array[]} values samples of the rows
 * @param {import("./clock.js").Clock} clock when they were sampled
 * @returns {Float32Array[]} one sample for each tick of the clock
 */
export function fillGaps(values, { sampleIndex }) {
  return values.map((samples) => {
    const filled = new Float32Array(sampleIndex[sampleIndex.length - 1] + 1).fill(NaN);
    for (let row = 0; row < samples.length; row += 1) filled[sampleIndex[row]] = samples[row];
    return filled;
  });
}

/** Bridge short gaps before samples are resampled. */
function bridge(signal, clock) {
  for (const samples of signal) {
    if (samples.some((sample) => Math.abs(sample) > LARGEST_SAMPLE)) {
      throw onlyPredictReads("it has samples that are infinite or beyond 1e15, and another rate");
    }
    bridgeShortGaps(samples, clock.rateHz);
  }
}

function ticks(n, rateHz, fromS = 0) {
  return Float64Array.from({ length: n }, (_, i) => i / rateHz + fromS);
}

function clipped(places, last) {
  return places.map((place) => Math.min(Math.max(place, 0), last));
}

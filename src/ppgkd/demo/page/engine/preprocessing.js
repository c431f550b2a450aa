// Band-limiting, resampling and normalisation of a raw window: ppgkd.windows.preprocessing.

const TRANSITION_HZ = 0.2;
const AMPLITUDE_FLOOR = Math.fround(1e-6);
const LEAST_FLOAT32 = 1.1754943508222875e-38;

/**
 * Make the matrix that band-limits one raw window and resamples it to the models' rate.
 *
 * @param {object} card model card of the student
 * @returns {{values: Float64Array, nRaw: number, nSamples: number}} row by row, (nSamples, nRaw)
 */
export function resamplingMatrix(card) {
  const nRaw = Math.round(card.window_s * card.rate_hz);
  const nSamples = Math.round(card.window_s * card.model_rate_hz);
  const topHz = Math.min(card.high_hz, card.rate_hz / 2, card.model_rate_hz / 2);
  const values = new Float64Array(nSamples * nRaw);
  const analysis = new Float64Array(nRaw);
  for (let order = 1; order < Math.min(nRaw, nSamples); order += 1) {
    const gain = passBand(order / (2 * card.window_s), card.low_hz, topHz);
    if (!(gain > 0)) continue;
    for (let j = 0; j < nRaw; j += 1) {
      analysis[j] = ((gain * 2) / nRaw) * Math.cos((order * Math.PI * (j + 0.5)) / nRaw);
    }
    for (let i = 0; i < nSamples; i += 1) {
      const cosine = Math.cos((order * Math.PI * (i + 0.5)) / nSamples);
      const row = i * nRaw;
      for (let j = 0; j < nRaw; j += 1) values[row + j] += cosine * analysis[j];
    }
  }
  return { values, nRaw, nSamples };
}

/**
 * Band-limit, resample and normalise one raw window.
 *
 * @param {Float32Array[]} window its channels; one that has NaN becomes zeros, as for the network
 * @param {{values: Float64Array, nRaw: number, nSamples: number}} matrix
 * @param {boolean[]} isPpg which channels are PPG
 * @returns {Float32Array[]}
 */
export function preprocess(window, matrix, isPpg) {
  return window.map((samples, channel) => {
    const whole = samples.every(Number.isFinite);
    if (!whole) return new Float32Array(matrix.nSamples);
    const filtered = multiply(matrix, samples);
    if (isPpg[channel]) scale(filtered, samples);
    return Float32Array.from(filtered);
  });
}

function multiply({ values, nRaw, nSamples }, samples) {
  const raw = Float64Array.from(samples);
  const product = new Float64Array(nSamples);
  for (let i = 0; i < nSamples; i += 1) {
    let sum = 0;
    const row = i * nRaw;
    for (let j = 0; j < nRaw; j += 1) sum += values[row + j] * raw[j];
    product[i] = sum;
  }
  return product;
}

/** Divide by the standard deviation, unless that is only the rounding noise of the level. */
function scale(filtered, raw) {
  let level = 0;
  for (const sample of raw) level = Math.max(level, Math.abs(sample));
  let power = 0;
  for (const value of filtered) power += value * value;
  const floor = Math.max(Math.fround(AMPLITUDE_FLOOR * level), LEAST_FLOAT32);
  const sd = Math.max(Math.sqrt(power / filtered.length), floor);
  for (let i = 0; i < filtered.length; i += 1) filtered[i] /= sd;
}

function passBand(frequencyHz, lowHz, highHz) {
  const rise = clip((frequencyHz - lowHz) / TRANSITION_HZ + 0.5);
  const fall = clip((highHz - frequencyHz) / TRANSITION_HZ + 0.5);
  return Math.sin((Math.PI / 2) * rise) ** 2 * Math.sin((Math.PI / 2) * fall) ** 2;
}

function clip(value) {
  return Math.min(Math.max(value, 0), 1);
}

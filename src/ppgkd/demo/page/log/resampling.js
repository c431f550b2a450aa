// Resampling with a short zero-phase filter: ppgkd.datasets.resampling and
// scipy.signal.resample_poly; and interpolation at the places of an uneven clock.

const KAISER_BETA = 5;
const HALF_LENGTH = 10;
const MAX_FACTOR = 1000;

/**
 * Resample a channel.
 *
 * NaN spreads by the length of the filter. The signal is extended by its first and last value.
 *
 * @param {Float32Array} samples
 * @param {number} fromHz
 * @param {number} toHz
 * @returns {Float32Array} the first sample keeps its time
 */
export function resample(samples, fromHz, toHz) {
  const [up, down] = fractionOf(toHz / fromHz);
  if (up === down) return samples;
  const { filter, centre } = paddedFilter(up, down);
  const n = samples.length;
  const at = (i) => samples[Math.min(Math.max(i, 0), n - 1)];
  const result = new Float32Array(Math.ceil((n * up) / down));
  for (let k = 0; k < result.length; k += 1) {
    // place among the samples of both rates' common multiple
    const place = k * down + centre;
    let sum = 0;
    let sample = Math.floor(place / up);
    for (let tap = place % up; tap < filter.length; tap += up, sample -= 1) {
      sum += at(sample) * filter[tap];
    }
    result[k] = sum;
  }
  return result;
}

/**
 * Interpolate channels at places between their samples, by a sinc with a Kaiser window.
 *
 * @param {Float32Array[]} channels extended by their first and last value; NaN spreads
 * @param {Float64Array} places fractional indices
 * @returns {Float32Array[]}
 */
export function resampleAt(channels, places) {
  const results = channels.map(() => new Float32Array(places.length));
  const last = channels[0].length - 1;
  const weights = new Float64Array(2 * HALF_LENGTH);
  places.forEach((place, k) => {
    const first = Math.floor(place) + 1 - HALF_LENGTH;
    let total = 0;
    for (let tap = 0; tap < weights.length; tap += 1) {
      const [weight, counts] = sincWeight(place - (first + tap));
      total += weight;
      // where a weight is zero, NaN must not count: the place is that of a sample
      weights[tap] = counts ? weight : NaN;
    }
    channels.forEach((samples, channel) => {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap += 1) {
        if (Number.isNaN(weights[tap])) continue;
        sum += weights[tap] * samples[Math.min(Math.max(first + tap, 0), last)];
      }
      results[channel][k] = sum / total;
    });
  });
  return results;
}

/** Weight of a sample at some distance, and whether it counts. */
function sincWeight(distance) {
  const sinc = distance === 0 ? 1 : Math.sin(Math.PI * distance) / (Math.PI * distance);
  const inside = Math.sqrt(Math.max(1 - (distance / HALF_LENGTH) ** 2, 0));
  return [sinc * besselI0(KAISER_BETA * inside), Math.abs(sinc) >= 1e-9];
}

/** The filter with SciPy's zeros around it: where they meet NaN, they count, too. */
function paddedFilter(up, down) {
  const filter = lowPass(up, down);
  const half = (filter.length - 1) / 2;
  const nBefore = down - (half % down);
  const length = Math.ceil((nBefore + filter.length) / up) * up;
  const padded = new Float64Array(length);
  padded.set(filter, nBefore);
  return { filter: padded, centre: half + nBefore };
}

/**
 * The fraction nearest to a number with a denominator of at most `MAX_FACTOR`.
 *
 * @param {number} value
 * @returns {[number, number]} numerator and denominator
 */
export function fractionOf(value) {
  // continued fraction, as Python's Fraction.limit_denominator, on the exact value of the number
  let [n, d] = exactFraction(value);
  if (d <= BigInt(MAX_FACTOR)) return [Number(n), Number(d)];
  const whole = [n, d];
  let [p0, q0, p1, q1] = [0n, 1n, 1n, 0n];
  for (;;) {
    const a = n / d;
    const q2 = q0 + a * q1;
    if (q2 > BigInt(MAX_FACTOR)) break;
    [p0, q0, p1, q1] = [p1, q1, p0 + a * p1, q2];
    [n, d] = [d, n - a * d];
  }
  const k = (BigInt(MAX_FACTOR) - q0) / q1;
  const bound = [p0 + k * p1, q0 + k * q1];
  // the nearer of the two; Python takes the convergent if they are as near
  const takesConvergent = 2n * d * (q0 + k * q1) <= whole[1];
  return (takesConvergent ? [p1, q1] : bound).map(Number);
}

function exactFraction(value) {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  const divisor = greatestDivisor(BigInt(scaled), denominator);
  return [BigInt(scaled) / divisor, denominator / divisor];
}

function greatestDivisor(a, b) {
  return b ? greatestDivisor(b, a % b) : a;
}

/** Windowed sinc with the cutoff of the slower rate, of gain `up`. */
function lowPass(up, down) {
  const slower = Math.max(up, down);
  const half = HALF_LENGTH * slower;
  const filter = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = (i - half) / slower;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const inside = Math.sqrt(Math.max(1 - ((i - half) / half) ** 2, 0));
    return sinc * besselI0(KAISER_BETA * inside);
  });
  const total = filter.reduce((sum, value) => sum + value, 0);
  return filter.map((value) => (value / total) * up);
}

/** Modified Bessel function of order zero, by its series. */
function besselI0(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

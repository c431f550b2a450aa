// Medians, quantiles and lines, as NumPy has them.

/** @param {ArrayLike<number>} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Quantile, interpolated between the two nearest values.
 *
 * @param {ArrayLike<number>} values
 * @param {number} share from 0 to 1
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/**
 * The value of a sample that is nearest to its median, not a mean of two.
 *
 * @param {ArrayLike<number>} values
 */
export function nearestMedian(values) {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) / 2;
  const below = Math.floor(place);
  // a half is rounded to the even index, as NumPy does
  return sorted[place === below || below % 2 === 0 ? below : below + 1];
}

/** @param {ArrayLike<number>} values */
export function mean(values) {
  let total = 0;
  for (let i = 0; i < values.length; i += 1) total += values[i];
  return total / values.length;
}

/**
 * Fit a line by least squares.
 *
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 * @returns {{slope: number, start: number}}
 */
export function fitLine(x, y) {
  const meanX = mean(x);
  const meanY = mean(y);
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < x.length; i += 1) {
    xy += (x[i] - meanX) * (y[i] - meanY);
    xx += (x[i] - meanX) ** 2;
  }
  const slope = xy / xx;
  return { slope, start: meanY - slope * meanX };
}

/** Difference of the largest and the smallest value. @param {ArrayLike<number>} values */
export function rangeOf(values) {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    least = Math.min(least, values[i]);
    most = Math.max(most, values[i]);
  }
  return most - least;
}

/** Differences of neighbours. @param {ArrayLike<number>} values */
export function differences(values) {
  return Float64Array.from({ length: Math.max(values.length - 1, 0) }, (_, i) => values[i + 1] - values[i]);
}

/**
 * Median of each value and its neighbours to both sides; mirrored at the ends.
 *
 * @param {Float64Array} values
 * @param {number} halfWidth smaller than the number of values
 */
export function runningMedian(values, halfWidth) {
  const last = values.length - 1;
  const at = (i) => values[i < 0 ? -i : i > last ? 2 * last - i : i];
  return values.map((_, centre) =>
    median(Float64Array.from({ length: 2 * halfWidth + 1 }, (_, i) => at(centre - halfWidth + i))),
  );
}

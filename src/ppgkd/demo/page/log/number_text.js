// Numbers as Python's formats write them.

/** As `{value:.4g}` writes it. @param {number} value @param {number} digits */
export function significant(value, digits) {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    const sign = power[0] === "-" ? "-" : "+";
    return `${trimmed(mantissa)}e${sign}${power.replace(/^[-+]/, "").padStart(2, "0")}`;
  }
  return trimmed(value.toFixed(Math.max(digits - 1 - exponent, 0)));
}

/** As `{value:.6f}` writes it. @param {number} value @param {number} places */
export function decimals(value, places) {
  return value.toFixed(places);
}

/** As `{share:.1%}` writes it. @param {number} share @param {number} places */
export function percent(share, places = 1) {
  return `${(100 * share).toFixed(places)}%`;
}

/** With commas between thousands. @param {number} value a whole number */
export function count(value) {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

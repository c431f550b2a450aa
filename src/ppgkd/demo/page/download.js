// The estimates as the table that ppgkd predict writes.

/**
 * Write the estimates as CSV.
 *
 * @param {object[]} estimates
 */
export function csvOf(estimates) {
  const dated = estimates.length > 0 && "startTime" in estimates[0];
  const columns = {
    start_s: (one) => number(one.logStartS),
    end_s: (one) => number(one.logEndS),
    ...(dated ? { start_time: (one) => one.startTime, end_time: (one) => one.endTime } : {}),
    bpm: (one) => number(one.bpm),
    sd_bpm: (one) => number(one.sdBpm),
    valid: (one) => (one.valid ? "True" : "False"),
    reason: (one) => one.reason,
    window_bpm: (one) => number(one.windowBpm),
    window_sd_bpm: (one) => number(one.windowSdBpm),
  };
  const rows = estimates.map((one) => Object.values(columns).map((of) => of(one)).join(","));
  return `${[Object.keys(columns).join(","), ...rows].join("\n")}\n`;
}

/**
 * Let the browser save the estimates.
 *
 * @param {object[]} estimates
 * @param {string} name of the recording's file
 */
export function save(estimates, name) {
  const url = URL.createObjectURL(new Blob([csvOf(estimates)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name.replace(/\.[^.]*$/, "")}-heart-rate.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function number(value) {
  return Number.isFinite(value) ? String(Number(value.toFixed(3))) : "";
}

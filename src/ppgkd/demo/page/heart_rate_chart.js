// Heart rate over time: the filtered estimate with its spread, the reference, and what is not valid.

import { axis, colour, makeChart, timeAxis, VALUE_AXIS_SIZE } from "./chart.js";

export const SYNC = "windows";

/**
 * Make the chart.
 *
 * @param {HTMLElement} place
 * @param {import("./results.js").Results} results
 * @param {(chart: object) => void} onCursor called when the cursor moves
 */
export function heartRateChart(place, results, onCursor) {
  const line = () => colour("--estimate");
  const chart = makeChart(
    place,
    {
      height: 260,
      scales: {
        x: { time: false, range: (u, min, max) => rangeOf(u, min, max, results) },
        y: { range: (u, min, max) => around(min, max) },
      },
      cursor: { sync: { key: SYNC, setSeries: false }, y: false, points: { show: false } },
      axes: [
        timeAxis("time at the window's end"),
        axis("BPM", { size: VALUE_AXIS_SIZE, space: 34 }),
      ],
      series: [
        {},
        { stroke: "transparent", width: 0, points: { show: false } },
        { stroke: "transparent", width: 0, points: { show: false } },
        { stroke: line, width: 2, points: { show: false } },
        { stroke: () => colour("--reference"), width: 1.5, dash: [5, 4], points: { show: false } },
      ],
      bands: [{ series: [1, 2], fill: () => withAlpha(line(), 0.2) }],
      hooks: { drawClear: [(u) => shadeInvalid(u, results)], setCursor: [onCursor] },
    },
    dataOf(results),
  );
  return { chart, update: () => chart.setData(dataOf(results)) };
}

/** Time of the last window's end, in seconds. @param {import("./results.js").Results} results */
export function endS({ nWindows, card }) {
  return (nWindows - 1) * card.stride_s + card.window_s;
}

/**
 * Range of time: what the visitor has chosen by dragging, else the whole recording.
 *
 * uPlot asks for it with the range of the data, which may be part of the recording, and with that
 * of the drag.
 */
export function rangeOf(u, min, max, results) {
  const { card } = results;
  const times = u.data[0];
  const isWhole = !times.length || (min <= times[0] && max >= times[times.length - 1]);
  return isWhole ? [card.window_s - card.stride_s, endS(results)] : [min, max];
}

function dataOf({ estimates, referenceBpm }) {
  const known = (value) => (Number.isFinite(value) ? value : null);
  return [
    estimates.map((one) => one.endS),
    estimates.map((one) => known(one.bpm + one.sdBpm)),
    estimates.map((one) => known(one.bpm - one.sdBpm)),
    estimates.map((one) => known(one.bpm)),
    estimates.map((_, i) => referenceBpm?.[i] ?? null),
  ];
}

/** Round numbers around the values, 30 to 209 BPM at most. */
function around(min, max) {
  if (min === null) return [30, 209];
  return [Math.max(30, Math.floor((min - 2) / 10) * 10), Math.min(210, Math.ceil((max + 2) / 10) * 10)];
}

function shadeInvalid(u, { estimates, card }) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  u.ctx.fillStyle = colour("--invalid");
  for (let i = 0; i < estimates.length; i += 1) {
    if (estimates[i].valid) continue;
    const first = i;
    while (i + 1 < estimates.length && !estimates[i + 1].valid) i += 1;
    const from = u.valToPos(estimates[first].endS - card.stride_s / 2, "x", true);
    const to = u.valToPos(estimates[i].endS + card.stride_s / 2, "x", true);
    u.ctx.fillRect(from, top, to - from, height);
  }
  u.ctx.restore();
}

function withAlpha(hex, alpha) {
  return `${hex}${Math.round(255 * alpha).toString(16).padStart(2, "0")}`;
}

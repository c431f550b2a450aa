// One window: its estimate in words, and its signal.

import { axis, colour, makeChart, timeAxis, VALUE_AXIS_SIZE } from "./chart.js";
import { roundHalfEven } from "./engine/rounding.js";
import { CHANNEL_COLOURS } from "./legend.js";
import { clock } from "./text.js";

const facts = document.getElementById("facts");

/** The window that the visitor looks at. */
export class WindowView {
  /** @param {import("./results.js").Results} results */
  constructor(results) {
    this.results = results;
    const { channels } = results.card;
    const rows = channels.map((name, row) => ({ name, row }));
    this.charts = [
      this.#chart("ppg-chart", rows.filter(({ name }) => name.startsWith("ppg")), "PPG (counts)"),
      this.#chart("acc-chart", rows.filter(({ name }) => name.startsWith("acc")), "acceleration (g)"),
    ].filter(Boolean);
  }

  /** @param {number} number of the window, from 0 */
  show(number) {
    const { card, signal, estimates } = this.results;
    const start = roundHalfEven(number * card.stride_s * card.rate_hz);
    const n = Math.round(card.window_s * card.rate_hz);
    const time = Array.from({ length: n }, (_, i) => (start + i) / card.rate_hz);
    for (const { chart, rows } of this.charts) {
      const samples = rows.map(({ row }) =>
        Array.from(signal[row].subarray(start, start + n), (value) =>
          Number.isNaN(value) ? null : value,
        ),
      );
      chart.setData([time, ...samples]);
    }
    facts.textContent = this.#said(estimates[number], number);
  }

  #said(one, number) {
    const when = one.startTime
      ? `${one.startTime} to ${one.endTime}`
      : `${clock(one.logStartS)} to ${clock(one.logEndS)}`;
    const reference = this.results.referenceBpm?.[number];
    return [
      `${when}:`,
      Number.isFinite(one.bpm) ? `${one.bpm.toFixed(1)} BPM, spread ${one.sdBpm.toFixed(1)}` : "no estimate",
      `(this window alone: ${Number.isFinite(one.windowBpm) ? one.windowBpm.toFixed(1) : "none"});`,
      one.valid ? "valid." : `not valid: ${one.reason}.`,
      Number.isFinite(reference ?? NaN) ? `Reference ${reference.toFixed(1)} BPM.` : "",
    ].join(" ");
  }

  #chart(id, rows, label) {
    const place = document.getElementById(id);
    place.replaceChildren();
    if (!rows.length) return null;
    const options = {
      height: 150,
      scales: { x: { time: false } },
      cursor: { show: false },
      axes: [
        timeAxis(""),
        axis(label, { size: VALUE_AXIS_SIZE, space: 26 }),
      ],
      series: [
        {},
        ...rows.map((_, i) => ({
          stroke: () => colour(CHANNEL_COLOURS[i % CHANNEL_COLOURS.length]),
          width: 1.25,
          points: { show: false },
        })),
      ],
    };
    return { chart: makeChart(place, options, [[0], ...rows.map(() => [null])]), rows };
  }
}

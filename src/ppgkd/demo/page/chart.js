// Time lines in uPlot, in the colours of the page.

import uPlot from "./packages/uPlot.esm.js";
import { clock } from "./text.js";

/** A colour of the style sheet, as the colour scheme has it now. @param {string} name */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Make a chart that is as wide as its place.
 *
 * @param {HTMLElement} place
 * @param {object} options of uPlot, without its width
 * @param {(?number)[][]} data
 */
export function makeChart(place, options, data) {
  place.replaceChildren();
  const chart = new uPlot({ ...options, width: place.clientWidth || 600, legend: { show: false } }, data, place);
  const observer = new ResizeObserver(() => {
    if (!chart.root.isConnected) observer.disconnect();
    else if (place.clientWidth && place.clientWidth !== chart.width) {
      chart.setSize({ width: place.clientWidth, height: options.height });
    }
  });
  observer.observe(place);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => chart.root.isConnected && chart.redraw(false));
  return chart;
}

/**
 * Options of an axis.
 *
 * @param {string} label
 * @param {object} more options of uPlot
 */
export function axis(label, more = {}) {
  return {
    label,
    labelSize: 18,
    labelGap: 2,
    gap: 4,
    labelFont: "13px system-ui, sans-serif",
    font: "12px system-ui, sans-serif",
    stroke: () => colour("--soft"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { stroke: () => colour("--line"), width: 1, size: 4 },
    ...more,
  };
}

/**
 * Options of an axis of time.
 *
 * @param {string} label empty: none
 * @param {object} more options of uPlot
 */
export function timeAxis(label, more = {}) {
  const values = (u, ticks) => ticks.map(clock);
  // whole seconds, then minutes
  const incrs = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];
  return axis(label, { values, incrs, size: 26, labelSize: label ? 18 : 0, space: 64, ...more });
}

/** Width of the axis of values: the same in all charts, so that their times stand in line. */
export const VALUE_AXIS_SIZE = 52;

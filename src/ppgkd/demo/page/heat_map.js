// The student's distribution of each window, as an image behind a chart's axes.

import { axis, colour, makeChart, timeAxis, VALUE_AXIS_SIZE } from "./chart.js";
import { BPM_MIN, N_CLASSES } from "./engine/grid.js";
import { endS, rangeOf, SYNC } from "./heart_rate_chart.js";

const MOST_COLUMNS = 4096;
/** Probability of a class that is drawn in full. */
const FULL = 0.15;

/**
 * Make the chart.
 *
 * @param {HTMLElement} place
 * @param {import("./results.js").Results} results
 */
export function heatMap(place, results) {
  const image = new Image(results);
  const chart = makeChart(
    place,
    {
      height: 220,
      scales: {
        x: { time: false, range: (u, min, max) => rangeOf(u, min, max, results) },
        y: { range: [BPM_MIN, BPM_MIN + N_CLASSES - 1] },
      },
      cursor: { sync: { key: SYNC, setSeries: false }, y: false, points: { show: false } },
      axes: [
        timeAxis("time at the window's end"),
        axis("BPM", { size: VALUE_AXIS_SIZE, space: 34 }),
      ],
      series: [{}, { stroke: "transparent", points: { show: false } }],
      hooks: { drawClear: [(u) => image.draw(u)] },
    },
    dataOf(results),
  );
  return { chart, update: () => chart.setData(dataOf(results)) };
}

function dataOf({ estimates }) {
  return [estimates.map((one) => one.endS), estimates.map(() => null)];
}

/** The distributions as pixels: a column for each window, or for several of a long recording. */
class Image {
  constructor(results) {
    this.results = results;
    this.perColumn = Math.ceil(results.nWindows / MOST_COLUMNS);
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.ceil(results.nWindows / this.perColumn);
    this.canvas.height = N_CLASSES;
    this.painted = 0;
    this.ink = "";
  }

  draw(u) {
    this.#paint();
    const { card, nWindows } = this.results;
    const left = u.valToPos(card.window_s - card.stride_s / 2, "x", true);
    const right = u.valToPos(endS(this.results) + card.stride_s / 2, "x", true);
    const top = u.valToPos(BPM_MIN + N_CLASSES - 0.5, "y", true);
    const bottom = u.valToPos(BPM_MIN - 0.5, "y", true);
    const width = ((right - left) * this.canvas.width * this.perColumn) / nWindows;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.clip();
    u.ctx.imageSmoothingEnabled = false;
    u.ctx.drawImage(this.canvas, left, top, width, bottom - top);
    u.ctx.restore();
  }

  /** Paint the windows that are new; all of them in another colour scheme. */
  #paint() {
    const ink = colour("--estimate");
    if (ink !== this.ink) this.painted = 0;
    this.ink = ink;
    const first = Math.floor(this.painted / this.perColumn);
    const end = Math.ceil(this.results.length / this.perColumn);
    this.painted = this.results.length;
    if (end <= first) return;
    const context = this.canvas.getContext("2d");
    const pixels = context.createImageData(end - first, N_CLASSES);
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(ink.slice(at, at + 2), 16));
    for (let column = first; column < end; column += 1) {
      for (let one = 0; one < N_CLASSES; one += 1) {
        const at = 4 * ((N_CLASSES - 1 - one) * (end - first) + column - first);
        const share = Math.min(this.#mean(column, one) / FULL, 1);
        pixels.data.set([red, green, blue, 255 * Math.sqrt(share)], at);
      }
    }
    context.putImageData(pixels, first, 0);
  }

  #mean(column, one) {
    const { probabilities, length } = this.results;
    const first = column * this.perColumn;
    const end = Math.min(first + this.perColumn, length);
    let sum = 0;
    for (let window = first; window < end; window += 1) sum += probabilities[window * N_CLASSES + one];
    return sum / (end - first);
  }
}

// What is shown of a recording, while it runs and after it.

import { save } from "./download.js";
import { heartRateChart } from "./heart_rate_chart.js";
import { heatMap } from "./heat_map.js";
import { channelMarks, rateMarks, showLegend } from "./legend.js";
import { WindowView } from "./window_view.js";

/** Least time from one drawing to the next, and how many times that of the drawing it is. */
const REDRAWN_MS = 200;
const REST = 10;

const element = (id) => document.getElementById(id);

/** The section of the results. */
export class View {
  /** The one that is on the page. */
  static latest = null;

  /**
   * @param {import("./results.js").Results} results
   * @param {object} about what they are of
   */
  constructor(results, about) {
    View.latest = this;
    this.results = results;
    this.drawnAt = 0;
    this.drawingMs = 0;
    this.drawn = null;
    this.shown = null;
    element("results").hidden = false;
    element("of").textContent = about.name;
    element("about").replaceChildren(...about.lines.map((text) => paragraph(text, about.isSimulated)));
    element("notes").replaceChildren(...results.notes.map((note) => item(note)));
    showLegend(element("legend"), rateMarks(Boolean(results.referenceBpm)));
    showLegend(element("channels"), channelMarks(results.card.channels));
    this.charts = [];
    this.window = null;
    this.made = this.#makeCharts();
    this.slider = element("window");
    this.slider.max = String(results.nWindows - 1);
    this.slider.oninput = () => this.#choose(Number(this.slider.value));
    element("download").disabled = true;
    element("download").onclick = () => save(results.estimates, about.file);
  }

  /** Make the charts one by one, so that the page answers in between. */
  async #makeCharts() {
    const { results } = this;
    await pause();
    if (View.latest !== this) return;
    this.charts.push(heartRateChart(element("rate-chart"), results, (u) => this.#follow(u)));
    await pause();
    if (View.latest !== this) return; // the visitor has chosen another recording
    this.charts.push(heatMap(element("heat-chart"), results));
    await pause();
    if (View.latest === this) this.window = new WindowView(results);
  }

  /** Show the estimates that have arrived, at most some times in a second. */
  async update() {
    const now = performance.now();
    if (this.drawn || now - this.drawnAt < Math.max(REDRAWN_MS, REST * this.drawingMs)) return;
    this.drawn = this.#draw();
    await this.drawn;
    this.drawn = null;
    if (this.shown === null) this.#show(0);
    this.drawnAt = performance.now();
    this.drawingMs = this.drawnAt - now;
  }

  /** Show the result. */
  async finish() {
    await this.made;
    await this.drawn;
    await this.#draw();
    if (View.latest !== this) return;
    this.#choose(Math.floor((this.results.nWindows - 1) / 2));
    element("download").disabled = false;
  }

  /** Draw the charts one by one, so that the page answers in between. */
  async #draw() {
    for (const chart of this.charts) {
      chart.update();
      await pause();
      if (View.latest !== this) return;
    }
    const { results } = this;
    element("summary").textContent = results.summary;
    element("rate-chart").setAttribute("aria-label", `Heart rate over time: ${results.summary}`);
    const boxes = [
      [`${Math.round(100 * results.validShare)} %`, "of the estimates are valid"],
      [bpm(results.maeBpm(true)), "mean absolute error of the valid ones"],
      [bpm(results.maeBpm(false)), "mean absolute error of all"],
    ];
    element("numbers").replaceChildren(
      ...boxes.filter(([number]) => number !== null).map(([number, label]) => box(number, label)),
    );
  }

  /** Follow the cursor of a chart. */
  #follow(chart) {
    const { idx, left } = chart.cursor;
    if (left < 0) {
      setTimeout(() => this.#mark()); // the pointer has left: the cursor stays at the window shown
    } else if (Number.isInteger(idx) && idx !== this.shown) {
      this.#show(idx);
    }
  }

  /** Show the window of the slider. */
  #choose(number) {
    this.#show(Math.min(number, this.results.length - 1));
    this.#mark();
  }

  /** Put the cursors of the charts at the window that is shown. */
  #mark() {
    if (this.shown === null) return;
    const { endS } = this.results.estimates[this.shown];
    for (const { chart } of this.charts) {
      if (chart.root.isConnected) chart.setCursor({ left: chart.valToPos(endS, "x"), top: 1 });
    }
  }

  #show(number) {
    if (!this.window || number >= this.results.length) return;
    this.shown = number;
    this.slider.value = String(number);
    this.slider.setAttribute("aria-valuetext", `window ${number + 1} of ${this.results.nWindows}`);
    this.window.show(number);
  }
}

/** Let the browser do what is waiting. */
function pause() {
  return new Promise((resume) => setTimeout(resume));
}

function bpm(value) {
  return value === null ? null : `${value.toFixed(2)} BPM`;
}

function paragraph(text, isSimulated) {
  const made = document.createElement("p");
  made.textContent = text;
  made.className = isSimulated && text.startsWith("Simulated") ? "simulated" : "note";
  return made;
}

function item(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}

function box(number, label) {
  const made = document.createElement("div");
  const value = document.createElement("b");
  value.textContent = number;
  const said = document.createElement("span");
  said.textContent = label;
  made.append(value, said);
  return made;
}

// What the page is doing: ready, running, or why it cannot.

import { clock } from "./text.js";

const message = document.getElementById("message");
const progress = document.getElementById("progress");
const bar = document.getElementById("bar");
const speed = document.getElementById("speed");

/** The line above the results, and the progress bar. */
export class State {
  ready() {
    this.#say("Choose a recording, or a log of your own.");
  }

  /** @param {string} name of what is run */
  start(name) {
    this.#say(`Reading ${name}`);
    document.getElementById("results").hidden = true;
    bar.removeAttribute("value");
    speed.textContent = "";
    progress.hidden = false;
  }

  /**
   * @param {import("./results.js").Results} results so far
   * @param {number} seconds since the start
   */
  progress(results, seconds) {
    bar.max = results.nWindows;
    bar.value = results.length;
    const doneS = results.length * results.card.stride_s;
    speed.textContent = `${clock(doneS)} of ${clock(results.durationS)}, ${times(doneS, seconds)}`;
    if (message.textContent !== "Running") this.#say("Running");
  }

  /**
   * @param {import("./results.js").Results} results
   * @param {number} seconds that it took
   */
  done(results, seconds) {
    const took = seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0);
    this.#say(
      `Done: ${clock(results.durationS)} in ${took} s, ${times(results.durationS, seconds)}.`,
    );
    progress.hidden = true;
  }

  /** @param {string} text */
  fail(text) {
    this.#say(text);
    document.getElementById("results").hidden = true;
    message.classList.add("bad");
    progress.hidden = true;
  }

  #say(text) {
    message.classList.remove("bad");
    message.textContent = text;
  }
}

function times(doneS, seconds) {
  const factor = doneS / Math.max(seconds, 1e-3);
  const rounded = factor < 10 ? factor.toFixed(1) : Math.round(factor).toLocaleString("en");
  return `${rounded} times real time`;
}

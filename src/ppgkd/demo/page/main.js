// The page: what the visitor chooses is run by a worker, and shown while it runs.

import { showChoices } from "./choices.js";
import { missingFeature } from "./features.js";
import { Results } from "./results.js";
import { showCard } from "./model_card.js";
import { State } from "./state.js";
import { View } from "./view.js";

const GONE = "The program that runs the student cannot be loaded. Either the server of this page has been stopped, and ppgkd demo, started again, opens the page anew; or this browser is older than 2023.";

const state = new State();
let worker = null;

/**
 * Run the student.
 *
 * @param {object} request message for the worker
 * @param {object} about what the results are of
 */
function run(request, about) {
  worker?.terminate();
  const own = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker = own;
  own.addEventListener("error", (event) => {
    event.preventDefault();
    state.fail(event.message ? `This browser cannot run the student: ${event.message}.` : GONE);
  });
  state.start(about.name);
  let results = null;
  let view = null;
  own.addEventListener("message", async ({ data }) => {
    if (data.type === "error") state.fail(data.message);
    if (data.type === "read") {
      results = new Results(data, about.referenceBpm ?? data.referenceBpm);
      view = new View(results, about);
    }
    if (data.type === "estimates") {
      results.add(data.estimates);
      state.progress(results, data.seconds);
      view.update();
    }
    if (data.type === "done") {
      await view.finish();
      if (worker === own) state.done(results, data.seconds);
    }
  });
  own.postMessage(request);
}

/**
 * Say why a choice cannot be run. What ran before it ends, so that no other result stays below.
 *
 * @param {string} message
 */
function refuse(message) {
  worker?.terminate();
  state.fail(message);
}

async function start() {
  const missing = missingFeature();
  if (missing) {
    state.fail(missing);
    return;
  }
  const response = await fetch("about.json");
  if (!response.ok) throw new Error(`about.json cannot be loaded: ${response.status}.`);
  const about = await response.json();
  showCard(about);
  showChoices(about, run, refuse);
  state.ready();
}

start().catch((error) => state.fail(`The page cannot start: ${error.message}`));

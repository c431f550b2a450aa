// What the student can be run on: test recordings of the study, and a log of the visitor's.

import { significant } from "./log/number_text.js";
import { clock } from "./text.js";

const NEAR_RATE = 0.05;

/**
 * Show what can be chosen.
 *
 * @param {object} about about.json
 * @param {(request: object, about: object) => void} run runs the student
 * @param {(message: string) => void} fail says why a choice cannot be run
 */
export function showChoices(about, run, fail) {
  showRecordings(about.recordings, run);
  showOwn(about.models, run, fail);
  document.getElementById("choose").hidden = false;
}

function showRecordings(recordings, run) {
  const place = document.getElementById("recordings");
  if (!recordings.length) return;
  const title = document.createElement("h2");
  title.textContent = recordings.length > 1 ? "Test recordings of the study" : "A test recording of the study";
  const list = document.createElement("div");
  list.className = "choices";
  for (const recording of recordings) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    const name = document.createElement("b");
    name.textContent = recording.dataset.title;
    const said = document.createElement("span");
    said.textContent =
      `${recording.name}: the recording with the median error of ` +
      `${recording.n_recordings} tested${recording.dataset.is_simulated ? "; simulated" : ""}`;
    button.append(name, said);
    button.addEventListener("click", () => {
      press(button);
      run({ recording }, aboutRecording(recording));
    });
    list.append(button);
  }
  place.append(title, list);
}

function aboutRecording(recording) {
  const { dataset, model } = recording;
  const part =
    recording.start_s > 0 || recording.whole_s > 301
      ? `The 5 minutes with the most motion, from ${clock(recording.start_s)} of ${clock(recording.whole_s)}.`
      : "All of the recording.";
  return {
    name: `${dataset.title}, ${recording.name}`,
    file: `${recording.name}.csv`,
    referenceBpm: recording.reference_bpm,
    lines: [
      dataset.is_simulated ? "Simulated: this shows that the student works, and nothing about wrists." : "",
      `${part} It is the recording whose error is the median of the ${recording.n_recordings} that are tested.`,
      `The student that is run has not learned from this person${model.card.fold ? `: it is that of fold ${model.card.fold}, while logs of your own are run by the one that is shipped` : ""}.`,
      dataset.is_simulated ? "" : `Terms: ${dataset.terms} Cite: ${dataset.citation}`,
    ].filter(Boolean),
    isSimulated: dataset.is_simulated,
  };
}

function showOwn(models, run, fail) {
  const rate = document.getElementById("rate");
  const input = document.getElementById("file");
  rate.value = significant(models[0].card.rate_hz, 6);
  document.getElementById("rates").textContent =
    `This folder has the student for sensors of ${ratesOf(models).join(", ")} Hz.`;
  const take = ([file, ...more]) => {
    const refused = more.length
      ? `Here are ${more.length + 1} files; one log is run at a time.`
      : refusal(file, rate.value, models);
    press(null);
    if (refused) {
      fail(refused);
      return;
    }
    const rateHz = Number(rate.value);
    const model = nearest(models, rateHz);
    run({ file, model, rateHz }, aboutLog(file));
  };
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files);
    input.value = ""; // the same file may be chosen again
  });
  document.getElementById("own").addEventListener("submit", (event) => event.preventDefault());
  acceptDrops(document.getElementById("drop"), take);
}

function aboutLog(file) {
  return {
    name: file.name,
    file: file.name,
    referenceBpm: null,
    lines: ["Run by the student that is shipped. The log has not left this browser."],
    isSimulated: false,
  };
}

/** Why a log cannot be run, before it is read; empty if it can. */
function refusal(file, rateText, models) {
  const rateHz = Number(rateText);
  if (!(rateHz > 0 && rateHz < Infinity)) {
    return `The rate is ${rateText || "empty"}; it must be a positive number of Hz.`;
  }
  const suffix = /\.[^.]*$/.exec(file.name)?.[0] ?? "";
  if (suffix.toLowerCase() !== ".csv") {
    return (
      `The recording ${file.name} ends in '${suffix}'; this page reads .csv: one row per sample, ` +
      `with the columns ${models[0].card.channels.join(", ")}.`
    );
  }
  const { card } = nearest(models, rateHz);
  if (Math.abs(rateHz / card.rate_hz - 1) <= NEAR_RATE) return "";
  const rates = ratesOf(models).map((one) => significant(one, 6)).join(", ");
  return (
    `This folder has the student for sensors of ${rates} Hz, the recording has ` +
    `${significant(rateHz, 6)} Hz. Make a file of the same weights for that rate: ppgkd export ` +
    `student.onnx --rate ${significant(rateHz, 6)} --output student-${significant(rateHz, 6)}hz.onnx`
  );
}

function ratesOf(models) {
  return models.map(({ card }) => card.rate_hz).sort((a, b) => a - b);
}

function nearest(models, rateHz) {
  const off = ({ card }) => Math.abs(rateHz / card.rate_hz - 1);
  return models.reduce((best, model) => (off(model) < off(best) ? model : best));
}

/** Take what is dropped anywhere on the page: one file, or several. */
function acceptDrops(place, take) {
  const over = (is) => (event) => {
    event.preventDefault();
    place.classList.toggle("over", is);
  };
  document.addEventListener("dragover", over(true));
  document.addEventListener("dragleave", over(false));
  document.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
}

function press(pressed) {
  for (const button of document.querySelectorAll(".choices button")) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
}

// What is known of the student: its model card.

const lead = document.getElementById("lead");

/**
 * Show the student that is run on logs.
 *
 * @param {object} about about.json
 */
export function showCard({ study, models }) {
  const { card } = models[0];
  lead.textContent =
    `${card.student} of the study ${study}, a heart-rate model for wrist PPG, is run by this ` +
    "browser. Nothing leaves it.";
  document.title = `The student at work: ${study}`;
  document.getElementById("columns").textContent = card.channels.join(", ");
  const held = card.fold === "final" ? "people of the folds, by students that had not seen them" : people(card);
  const rows = [
    ["Student", `${card.student}, strategy ${card.strategy}, teacher ${card.teacher}`],
    ["Learned from", card.trained_on.join(", ")],
    ["Test error of this file", `${interval(card)}, single windows, on ${held}`],
    ["Input", `${card.channels.join(", ")}; windows of ${card.window_s} s every ${card.stride_s} s`],
    ["Terms of the data", card.terms],
    ["Code", card.revision],
  ];
  document.getElementById("card").replaceChildren(...rows.flatMap(([name, text]) => row(name, text)));
  document.getElementById("model").hidden = false;
}

/** Test error of a student with its interval. @param {object} card */
export function interval(card) {
  const [mae, lower, upper] = [
    card.test_mae_bpm,
    card.test_mae_lower_bpm,
    card.test_mae_upper_bpm,
  ].map((bpm) => bpm.toFixed(2));
  return `MAE ${mae} BPM (95 % interval ${lower} to ${upper})`;
}

function people({ subjects_held_out: held }) {
  return `${held.length} people whom it has not seen`;
}

function row(name, text) {
  const term = document.createElement("dt");
  term.textContent = name;
  const said = document.createElement("dd");
  said.textContent = text;
  return [term, said];
}

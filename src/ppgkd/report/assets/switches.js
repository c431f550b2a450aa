/**
 * What is switched off in all figures of the page: field of the data to its values.
 * @type {Map<string, Set<string>>}
 */
const switchedOff = new Map();

/** Told when anything was switched. */
const switched = new EventTarget();

/**
 * Whether a row of the data is shown.
 * @param {Record<string, unknown>} row
 * @returns {boolean}
 */
function isOn(row) {
  for (const [field, values] of switchedOff) {
    if (field in row && values.has(row[field])) return false;
  }
  return true;
}

/**
 * Checkboxes of a figure, which are its legend too. They are the same in all figures of the page.
 * @param {{field: string, title: string, series: object[]}} about
 * @param {Record<string, string>} dark - Colour to the one in its place on a dark page.
 * @returns {HTMLFieldSetElement}
 */
function switchBoxes(about, dark) {
  const boxes = document.createElement("fieldset");
  boxes.className = "switches";
  const legend = boxes.appendChild(document.createElement("legend"));
  legend.textContent = about.title;
  const row = boxes.appendChild(document.createElement("div"));
  for (const series of about.series) row.append(switchBox(about.field, series, dark));
  return boxes;
}

function switchBox(field, series, dark) {
  const label = document.createElement("label");
  const box = label.appendChild(document.createElement("input"));
  box.type = "checkbox";
  if (series.look) label.append(swatch(series.look, dark));
  label.append(series.label);
  const show = () => {
    box.checked = !switchedOff.get(field)?.has(series.value);
  };
  box.addEventListener("change", () => {
    const off = switchedOff.get(field) ?? new Set();
    box.checked ? off.delete(series.value) : off.add(series.value);
    switchedOff.set(field, off);
    switched.dispatchEvent(new Event("change"));
  });
  switched.addEventListener("change", show);
  show();
  return label;
}

/**
 * Marker of a series.
 * @param {{colour: string, marker: string}} look
 * @param {Record<string, string>} dark
 * @returns {SVGElement}
 */
function swatch(look, dark) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg");
  drawn.setAttribute("viewBox", "-1.3 -1.3 2.6 2.6");
  drawn.setAttribute("aria-hidden", "true");
  const path = drawn.appendChild(document.createElementNS(space, "path"));
  path.setAttribute("d", look.marker);
  path.style.setProperty("--on-light", look.colour);
  path.style.setProperty("--on-dark", dark[look.colour]);
  return drawn;
}

/** Narrowest panel, in px, that may stand beside another. */
const NARROWEST = 230;

/**
 * Vega-Lite of a figure for this page: as wide as its column, without what is switched off, in the
 * colours of the page's scheme.
 * @param {object} spec - As the study's file has it, without data.
 * @param {Record<string, object[]>} data - Data of all figures by name.
 * @param {number} width - Of the column, in px.
 * @param {number} excess - By how much it was wider than that when it was drawn before, in px.
 * @param {boolean} isDark
 * @returns {object}
 */
function specForPage(spec, data, width, excess, isDark) {
  const about = spec.usermeta;
  const shown = spec.concat.filter((_, at) => isOn(about.panels[at]));
  const columns = columnsWithin(spec, shown.length, width);
  const room = panelRoom(spec, columns, width);
  const less = Math.ceil(excess / columns);
  const page = {
    ...spec,
    columns,
    concat: shown.map((panel) => ({
      ...(about.switches.length ? withoutLegends(panel) : panel), // the checkboxes are the legend
      width: (columns < spec.columns ? room : Math.min(panel.width, room)) - less,
    })),
    datasets: Object.fromEntries(
      namesOfData(spec).map((name) => [name, data[name].filter(isOn)]),
    ),
    config: configForPage(spec, room),
  };
  return isDark ? inColours(page, about.dark) : page;
}

function columnsWithin(spec, panels, width) {
  let columns = Math.max(1, Math.min(spec.columns ?? 1, panels));
  while (columns > 1 && panelRoom(spec, columns, width) < NARROWEST) columns -= 1;
  return columns;
}

function panelRoom(spec, columns, width) {
  const { axis_width: axis, gap } = spec.usermeta;
  const { left, right } = spec.config.padding;
  return Math.floor((width - left - right - (columns - 1) * gap) / columns) - axis - 1;
}

function configForPage(spec, room) {
  const whole = room + spec.usermeta.axis_width;
  const { config } = spec;
  return {
    ...config,
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    title: { ...config.title, limit: whole },
    axis: { ...config.axis, titleLimit: whole },
    legend: { ...config.legend, gradientLength: Math.min(200, room) },
  };
}

/** The same with no legend of any encoding. */
function withoutLegends(part) {
  if (Array.isArray(part)) return part.map(withoutLegends);
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, one]) => [key, key === "legend" ? null : withoutLegends(one)]),
  );
}

/** Names of the datasets of a specification. */
function namesOfData(spec, found = new Set()) {
  if (spec.data?.name) found.add(spec.data.name);
  for (const part of [...(spec.concat ?? []), ...(spec.layer ?? [])]) namesOfData(part, found);
  return [...found];
}

/** The same with every colour replaced by the one in its place. */
function inColours(part, colours) {
  if (typeof part === "string") return colours[part] ?? part;
  if (Array.isArray(part)) return part.map((one) => inColours(one, colours));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, one]) => [
      key,
      key === "datasets" || key === "usermeta" ? one : inColours(one, colours),
    ]),
  );
}

// What the marks in the charts mean.

/** Colours of a sensor's channels, in their order: names of the style sheet. */
export const CHANNEL_COLOURS = ["--axis-x", "--axis-y", "--axis-z"];

/**
 * Marks of the heart rate's chart.
 *
 * @param {boolean} hasReference
 * @returns {[string, string][]} class of each mark, and what it means
 */
export function rateMarks(hasReference) {
  return [
    ["estimate", "filtered estimate"],
    ["band", "its spread"],
    ...(hasReference ? [["reference", "reference"]] : []),
    ["invalid", "not valid"],
  ];
}

/**
 * Marks of the charts of the signal.
 *
 * @param {string[]} channels
 * @returns {[string, string][]}
 */
export function channelMarks(channels) {
  return ["ppg", "acc"].flatMap((sensor) =>
    channels
      .filter((name) => name.startsWith(sensor))
      .map((name, i) => [`channel-${i % CHANNEL_COLOURS.length}`, name]),
  );
}

/**
 * Show a legend.
 *
 * @param {HTMLElement} place
 * @param {[string, string][]} marks
 */
export function showLegend(place, marks) {
  place.replaceChildren(
    ...marks.map(([name, text]) => {
      const part = document.createElement("span");
      const mark = document.createElement("i");
      mark.className = name;
      part.append(mark, text);
      return part;
    }),
  );
}

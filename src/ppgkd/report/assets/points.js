/** How far from a point, in px, it is still meant; a finger is less exact than a mouse. */
const REACH = { mouse: 16, pen: 20, touch: 32 };

/**
 * Points of a drawn figure that can be asked, panel by panel and from left to right.
 * @param {object} view - The Vega view.
 * @returns {{x: number, y: number, halfWidth: number, halfHeight: number, datum: object}[]}
 *     Centre and half size, in px from the upper left corner of the drawing.
 */
function pointsOf(view) {
  const [left, top] = view.origin();
  const padding = view.padding();
  const found = [];
  collect(view.scenegraph().root, left + padding.left, top + padding.top, [0], found);
  found.sort((a, b) => a.panel - b.panel || a.x - b.x || a.y - b.y);
  return found;
}

function collect(mark, left, top, panel, found) {
  for (const item of mark.items) {
    if (mark.marktype === "group") {
      panel[0] += 1;
      for (const part of item.items) {
        collect(part, left + (item.x ?? 0), top + (item.y ?? 0), panel, found);
      }
    } else if (canBeAsked(mark, item)) {
      const { x1, x2, y1, y2 } = item.bounds;
      found.push({
        x: left + (x1 + x2) / 2,
        y: top + (y1 + y2) / 2,
        halfWidth: (x2 - x1) / 2,
        halfHeight: (y2 - y1) / 2,
        panel: panel[0],
        datum: item.datum,
      });
    }
  }
}

function canBeAsked(mark, item) {
  const isFilled = item.fill && item.fill !== "transparent";
  return isFilled && ["symbol", "rect"].includes(mark.marktype) && item.datum?.name !== undefined;
}

/**
 * The point that is meant by a place of the drawing.
 * @returns {number} Its index; -1 if none is near.
 */
function nearestPoint(points, x, y, reach) {
  let nearest = -1;
  let least = reach;
  points.forEach((point, at) => {
    const aside = Math.max(0, Math.abs(x - point.x) - point.halfWidth);
    const above = Math.max(0, Math.abs(y - point.y) - point.halfHeight);
    const away = Math.hypot(aside, above) + 0.01 * Math.hypot(x - point.x, y - point.y);
    if (away < least) [nearest, least] = [at, away];
  });
  return nearest;
}

/**
 * Lead to a table's row: open what it is folded into, bring it into view and name it in the page's
 * address, which marks it.
 * @param {string} id - The row's id.
 * @returns {boolean} Whether the page has this row.
 */
function leadToRow(id) {
  const row = id && document.getElementById(id);
  if (!row) return false;
  for (let part = row.parentElement; part; part = part.parentElement) {
    if (part instanceof HTMLDetailsElement) part.open = true;
  }
  if (location.hash !== addressOf(id)) location.hash = addressOf(id);
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "center", inline: "nearest" });
  return true;
}

/** Lead to the row that the page's address names. */
function leadToAddress() {
  const named = location.hash.slice(1);
  try {
    const row = document.getElementById(decodeURIComponent(named));
    if (row instanceof HTMLTableRowElement) leadToRow(row.id);
  } catch {
    // a stray % in the address names no row
  }
}

/**
 * Address of a row within the page.
 * @param {string} id
 * @returns {string}
 */
function addressOf(id) {
  return "#" + encodeURIComponent(id);
}

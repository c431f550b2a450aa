/** What a figure can be asked with, as long as nothing was asked. */
const HOW_TO_ASK = "Point at a mark, tap it, or step through them with the arrow keys.";

/** What a figure says of one of its points: beside the point, and in a line below the figure. */
class Answer {
  /**
   * @param {HTMLElement} plot - What the figure is drawn in.
   * @param {HTMLElement} line - The line below it, which a screen reader reads out.
   */
  constructor(plot, line) {
    this.line = line;
    this.ring = plot.appendChild(document.createElement("div"));
    this.ring.className = "ring";
    this.box = plot.appendChild(document.createElement("div"));
    this.box.className = "tooltip";
    this.clear();
  }

  clear() {
    this.ring.hidden = this.box.hidden = true;
    this.line.textContent = HOW_TO_ASK;
  }

  /** Hide what lies on the figure; the line below keeps its answer and its link. */
  leave() {
    this.ring.hidden = this.box.hidden = true;
  }

  /** @param {{x: number, y: number, halfWidth: number, halfHeight: number, datum: object}} point */
  show(point) {
    this.#say(point.datum);
    this.#fill(point.datum);
    this.#place(point);
  }

  #say({ name, facts, row }) {
    const numbers = facts.map(([word, number]) => `${word} ${number}`).join(", ");
    const strong = document.createElement("strong");
    strong.textContent = name;
    this.line.replaceChildren(strong, `: ${numbers}. `);
    if (row && document.getElementById(row)) {
      const link = this.line.appendChild(document.createElement("a"));
      link.href = addressOf(row);
      link.textContent = "Row in the table";
      link.addEventListener("click", (event) => {
        event.preventDefault();
        leadToRow(row);
      });
    }
  }

  #fill({ name, facts }) {
    const title = document.createElement("strong");
    title.textContent = name;
    const table = document.createElement("dl");
    for (const [word, number] of facts) {
      table.appendChild(document.createElement("dt")).textContent = word;
      table.appendChild(document.createElement("dd")).textContent = number;
    }
    this.box.replaceChildren(title, table);
  }

  #place(point) {
    const half = Math.max(8, Math.min(20, Math.max(point.halfWidth, point.halfHeight) + 4));
    Object.assign(this.ring.style, {
      left: `${point.x - half}px`,
      top: `${point.y - half}px`,
      width: `${2 * half}px`,
      height: `${2 * half}px`,
    });
    this.ring.hidden = this.box.hidden = false;
    const room = this.box.parentElement.clientWidth;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const isLeft = point.x + half + 8 + width > room;
    const beside = isLeft ? point.x - half - 8 - width : point.x + half + 8;
    const above = point.y - half - 8 - height;
    const fits = beside >= 0;
    this.box.style.left = `${fits ? beside : Math.max(0, Math.min(point.x - width / 2, room - width))}px`;
    this.box.style.top = `${fits ? point.y - height / 2 : above}px`;
  }
}

const darkScheme = matchMedia("(prefers-color-scheme: dark)");

/** What Vega-Embed shall do: draw, and leave the rest to this script. */
const EMBEDDED = {
  mode: "vega-lite",
  renderer: "svg",
  actions: false,
  tooltip: false,
  hover: false,
  defaultStyle: false,
};

/** A figure of the page that can be asked, in place of its picture. */
class LiveFigure {
  #data;
  #spec;
  #points = [];
  #asked = -1;
  #width = 0;
  #drawing = 0;
  #drawn = null;

  /**
   * @param {HTMLElement} figure - With the picture and the specification.
   * @param {Record<string, object[]>} data - Data of all figures by name.
   */
  constructor(figure, data) {
    this.#data = data;
    this.figure = figure;
    this.#spec = JSON.parse(figure.querySelector("script.figure-spec").textContent);
    const picture = figure.querySelector("img");
    this.plot = document.createElement("div");
    this.plot.className = "plot";
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "application");
    const finding = picture.alt.replace(/\.?$/, ".");
    this.plot.setAttribute("aria-label", `${finding} Arrow keys step through its points.`);
    this.canvas = this.plot.appendChild(document.createElement("div"));
    this.line = document.createElement("p");
    this.line.className = "asked";
    this.line.setAttribute("aria-live", "polite");
    this.answer = new Answer(this.plot, this.line);
    this.controls = this.#spec.usermeta.switches.map((one) =>
      switchBoxes(one, this.#spec.usermeta.dark),
    );
    picture.after(...this.controls, this.plot, this.line);
    this.#listen();
  }

  /** Draw it, unless it is as it should be. */
  async draw() {
    const drawing = ++this.#drawing;
    const width = this.plot.clientWidth || this.figure.clientWidth;
    let drawn = await this.#embed(width);
    const excess = drawn.width - width; // labels may reach beyond the panels
    if (excess > 0) {
      drawn.finalize();
      drawn = await this.#embed(width, excess);
    }
    if (drawing !== this.#drawing) return drawn.finalize(); // another was asked for meanwhile
    this.#drawn?.finalize();
    this.#drawn = drawn;
    this.#width = width;
    this.canvas.replaceChildren(drawn.drawing);
    this.#points = pointsOf(drawn.view);
    this.#asked = -1;
    this.answer.clear();
    this.figure.classList.add("live");
  }

  async #embed(width, excess = 0) {
    const spec = specForPage(this.#spec, this.#data, width, excess, darkScheme.matches);
    const { view, finalize } = await vegaEmbed(document.createElement("div"), spec, EMBEDDED);
    const drawing = view.container().querySelector("svg");
    drawing.setAttribute("aria-hidden", "true"); // its box says what it shows, its line what is asked
    return { view, finalize, drawing, width: Number(drawing.getAttribute("width")) };
  }

  /** Draw it again if its column is of another width. */
  resized() {
    if (Math.abs(this.plot.clientWidth - this.#width) > 1) this.draw();
  }

  #listen() {
    this.plot.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.#ask(this.#at(event));
    });
    this.plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") this.answer.leave();
    });
    this.plot.addEventListener("click", (event) => {
      const at = this.#at(event);
      this.#ask(at);
      // a finger asks, and the link below leads; a mouse has asked already
      if (at >= 0 && event.pointerType !== "touch") leadToRow(this.#points[at].datum.row);
    });
    this.plot.addEventListener("keydown", (event) => this.#press(event));
    this.plot.addEventListener("blur", () => this.answer.leave());
  }

  #at(event) {
    const corner = this.canvas.getBoundingClientRect();
    const reach = REACH[event.pointerType] ?? REACH.mouse;
    return nearestPoint(this.#points, event.clientX - corner.left, event.clientY - corner.top, reach);
  }

  #ask(at) {
    if (at < 0) return this.answer.leave();
    if (at !== this.#asked || this.answer.box.hidden) this.answer.show(this.#points[at]);
    this.#asked = at;
  }

  #press(event) {
    const last = this.#points.length - 1;
    const to = {
      ArrowRight: Math.min(this.#asked + 1, last),
      ArrowDown: Math.min(this.#asked + 1, last),
      ArrowLeft: Math.max(this.#asked - 1, 0),
      ArrowUp: Math.max(this.#asked - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined && last >= 0) {
      event.preventDefault();
      this.#ask(to);
    } else if (event.key === "Enter" && this.#asked >= 0) {
      leadToRow(this.#points[this.#asked].datum.row);
    } else if (event.key === "Escape") {
      this.answer.leave();
    }
  }
}

/** Put figures that can be asked in place of the pictures, as they come near. */
function enliven() {
  const data = JSON.parse(document.getElementById("figure-data").textContent);
  const live = new Map();
  const near = new Set();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        isIntersecting ? near.add(target) : near.delete(target);
        if (isIntersecting) drawNear(target);
      }
    },
    { rootMargin: "600px" },
  );
  const outdated = new Set();
  function drawNear(figure) {
    if (!live.has(figure)) live.set(figure, new LiveFigure(figure, data));
    else if (!outdated.has(figure)) return live.get(figure).resized();
    outdated.delete(figure);
    live.get(figure).draw();
  }
  function drawAgain() {
    for (const figure of live.keys()) outdated.add(figure);
    for (const figure of near) drawNear(figure);
  }
  for (const figure of document.querySelectorAll("figure.chart")) watch.observe(figure);
  const resized = new ResizeObserver(() => near.forEach(drawNear));
  resized.observe(document.body);
  switched.addEventListener("change", drawAgain);
  darkScheme.addEventListener("change", drawAgain);
}

addEventListener("hashchange", leadToAddress);
leadToAddress();
if (document.getElementById("figure-data")) enliven();

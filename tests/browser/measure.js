/** What a reader meets in this page as it is laid out now: widths, tables, sizes of text, contrast. */
() => {
  /** Red, green, blue from 0 to 255 and opacity from 0 to 1; null if there is no colour. */
  const colour = (text) => {
    const found = /rgba?\(([^)]+)\)/.exec(text);
    if (!found) return null;
    const [red, green, blue, opacity = 1] = found[1].split(/[,\s/]+/).map(Number);
    return { rgb: [red, green, blue], opacity };
  };
  const over = (top, below, opacity) => top.map((part, i) => part * opacity + below[i] * (1 - opacity));
  /** Relative luminance, WCAG 2.2. */
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255).map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  /** Background of an element: its own and its ancestors', one over the other. */
  const background = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const own = colour(getComputedStyle(at).backgroundColor);
      if (own && own.opacity > 0) layers.push(own);
      if (own && own.opacity === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer.rgb, below, layer.opacity), [255, 255, 255]);
  };
  const opacityOf = (element) => {
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    return opacity;
  };
  /** Background of a text in a drawing: the shapes drawn before it that lie behind all of it. */
  const drawnBackground = (text) => {
    const drawing = text.ownerSVGElement;
    const place = text.getBoundingClientRect();
    let below = background(drawing);
    for (const shape of drawing.querySelectorAll("rect, path, circle, polygon")) {
      if (!(text.compareDocumentPosition(shape) & Node.DOCUMENT_POSITION_PRECEDING)) continue;
      const style = getComputedStyle(shape);
      const fill = colour(style.fill);
      const box = shape.getBoundingClientRect();
      const behind = box.left <= place.left && box.right >= place.right && box.top <= place.top && box.bottom >= place.bottom;
      if (fill && behind) below = over(fill.rgb, below, fill.opacity * Number(style.fillOpacity) * opacityOf(shape));
    }
    return below;
  };

  const HIDDEN = "script, style, template, noscript, svg title, svg desc, option, datalist";
  /** Whether a text can be read, and is not there for screen readers alone. */
  const isRead = (element) => {
    if (element.closest(HIDDEN)) return false;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1;
  };
  const texts = [];
  const read = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const words = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (!words || !element || !isRead(element)) continue;
      const style = getComputedStyle(element);
      const drawn = element instanceof SVGElement;
      if (drawn && style.stroke !== "none" && parseFloat(style.strokeWidth) >= 2) continue; // halo of another text
      const matrix = drawn ? element.getScreenCTM() : null;
      const scale = matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : 1;
      const ink = colour(drawn ? style.fill : style.color);
      const below = drawn ? drawnBackground(element) : background(element);
      texts.push({
        words: words.slice(0, 60),
        px: parseFloat(style.fontSize) * scale,
        contrast: ink ? contrast(over(ink.rgb, below, ink.opacity * opacityOf(element)), below) : null,
      });
    }
  };
  read(document.body);

  // A picture cannot be looked into, so it is laid out once more where it stands.
  for (const image of document.querySelectorAll('img[src^="data:image/svg+xml"]')) {
    if (!image.checkVisibility()) continue;
    const [head, body] = image.src.split(/,(.*)/s);
    const source = head.endsWith("base64") ? new TextDecoder().decode(Uint8Array.from(atob(body), (c) => c.charCodeAt(0))) : decodeURIComponent(body);
    const drawing = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
    drawing.setAttribute("width", image.clientWidth);
    drawing.removeAttribute("height");
    const place = document.createElement("div");
    place.style.cssText = "position: absolute; left: -99999px; top: 0;";
    place.style.backgroundColor = getComputedStyle(image).backgroundColor;
    place.append(drawing);
    image.parentElement.append(place);
    read(place);
    place.remove();
  }

  const tables = [...document.querySelectorAll("table")].filter((table) => table.checkVisibility()).map((table) => {
    let box = table.parentElement;
    while (box && !["auto", "scroll"].includes(getComputedStyle(box).overflowX)) box = box.parentElement;
    const place = box?.getBoundingClientRect();
    return {
      words: table.innerText.slice(0, 60),
      boxed: Boolean(box) && box !== document.documentElement && box !== document.body,
      left: place?.left ?? null,
      right: place?.right ?? null,
      focusable: (box?.tabIndex ?? -1) >= 0,
      name: box?.getAttribute("aria-label") ?? "",
      cut: box ? box.scrollWidth > box.clientWidth + 1 : false,
      rows: table.querySelectorAll("td").length,
    };
  });

  const page = document.documentElement;
  return {
    scroll_width_px: page.scrollWidth,
    client_width_px: page.clientWidth,
    texts,
    tables,
    headings: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((one) => [Number(one.tagName[1]), one.innerText]),
    background: background(document.body),
    ink: colour(getComputedStyle(document.body).color).rgb,
    background_luminance: luminance(background(document.body)),
  };
}

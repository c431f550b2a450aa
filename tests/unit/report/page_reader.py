"""What a browser makes of a page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input", "base"}


@dataclass
class Page(HTMLParser):
    """What a browser makes of a page: its attributes, and its text by section."""

    html: str
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    before_first_table: str = ""
    verdict: str = ""
    spans: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table" and "table" not in self.tags:
            self.before_first_table = self.text
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "span":
            self.spans.append((dict(attrs).get("class") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"
        if tag == "section" and not self.verdict:
            self.verdict = self.text

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            return
        self.words.append(data)
        if self.open and self.open[-1] == "span":
            kind, so_far = self.spans[-1]
            self.spans[-1] = (kind, so_far + data)


@dataclass
class Table:
    """A table of a page: its label, its body's rows, and whether it is in a box that scrolls."""

    label: str
    boxed: bool
    body_rows: int = 0
    row_heads: int = 0
    in_body: bool = False


@dataclass
class Outline(HTMLParser):
    """The structure of a page: headings, tables, figures, places and links."""

    html: str
    headings: list[int] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.places.append(given["id"])
        if tag == "a" and given["href"].startswith("#"):
            self.links.append(given["href"][1:])
        if tag == "img":
            self.alternatives.append(given.get("alt", ""))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "div":
            scrolls = given.get("role") == "region" and given.get("tabindex") == "0"
            self.boxes.append(given.get("aria-label", "") if scrolls else "")
        if tag == "table":
            label = next((box for box in reversed(self.boxes) if box), "")
            self.tables.append(Table(label, boxed=bool(label)))
        if tag == "tbody":
            self.tables[-1].in_body = True
        if self.tables and self.tables[-1].in_body:
            self.tables[-1].body_rows += tag == "tr"
            self.tables[-1].row_heads += tag == "th" and given.get("scope") == "row"

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self.boxes.pop()
        if tag == "tbody":
            self.tables[-1].in_body = False

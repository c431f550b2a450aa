"""What a figure's Vega-Lite says: its panels, its data, and what is drawn of them."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from ppgkd.report.figures.chart import Chart, static_svg, vega_lite

Row = dict[str, Any]


class Drawn:
    """A figure as it is written."""

    def __init__(self, chart: Chart | None) -> None:
        assert chart is not None
        self.spec = vega_lite(chart)
        self.panels: list[Row] = self.spec["concat"]
        self.facts: Row = self.spec["usermeta"]["facts"]

    def titles(self) -> list[tuple[str, str]]:
        """Title and second line of each panel."""
        return [(p["title"]["text"], p["title"].get("subtitle", "")) for p in self.panels]

    def layers(self, panel: int, mark: str) -> list[Row]:
        """Layers of one kind of mark."""
        found = self.panels[panel].get("layer", [self.panels[panel]])
        return [layer for layer in found if layer["mark"]["type"] == mark]

    def rows(self, panel: int, layer: Row) -> list[Row]:
        """Rows of a layer's data that pass its filters."""
        name = {**self.spec, **self.panels[panel], **layer}["data"]["name"]
        filters = [f["filter"] for f in layer.get("transform", [])]
        return [row for row in self.spec["datasets"][name] if all(_passes(row, f) for f in filters)]

    def points(self, panel: int = 0) -> list[Row]:
        """Rows of the points of a panel that can be asked."""
        (layer,) = (layer for layer in self.layers(panel, "point") if layer["mark"].get("filled"))
        column = layer["encoding"]["y"]["field"]
        return [row for row in self.rows(panel, layer) if row[column] is not None]

    def text(self) -> str:
        """All words of the picture for print."""
        return " ".join(ElementTree.fromstring(static_svg(self.spec)).itertext())

    def words(self, panel: int = 0) -> list[str]:
        """Words that lines and corners of a panel are named by."""
        return [layer["mark"].get("text", "") for layer in self.layers(panel, "text")]

    def switches(self) -> dict[str, list[str]]:
        """What can be switched off: field to values."""
        return {
            switch["field"]: [series["value"] for series in switch["series"]]
            for switch in self.spec["usermeta"]["switches"]
        }


def _passes(row: Row, condition: Row) -> bool:
    value = row[condition["field"]]
    if "oneOf" in condition:
        return value in condition["oneOf"]
    return bool(value == condition["equal"])


def elements(svg: str) -> Iterator[ElementTree.Element]:
    """Every element of a picture."""
    return ElementTree.fromstring(svg).iter()

"""What a published teacher is worth: the studies that are run, and the figures made of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.benchmark_module import benchmark_module

from ppgkd.schema.strict_yaml import read_plain_yaml
from ppgkd.study.parse import parse_study

benchmark = benchmark_module("pretrained")
BASE = Path(__file__).parents[2] / "studies/pretrained.yaml"
STUDENT = "spectral_resnet-4000"


@pytest.mark.parametrize("withheld", benchmark.WITHHELD)
def test_labels_of_the_dataset_are_withheld_as_asked(withheld: str) -> None:
    base = read_plain_yaml(BASE, "a study")
    for labelled, given in benchmark.LABELLED.items():
        study = parse_study(benchmark.make_study(base, withheld, labelled, STUDENT))
        roles = study.config["datasets"][withheld]
        assert roles.get("train", 0) == pytest.approx(given * 2 / 3)
        assert roles.get("unlabelled", 0) == pytest.approx((1 - given) * 2 / 3)
        assert study.tested == (withheld,)
        assert study.teachers[0].estimates is not None
        assert study.teachers[0].estimates.datasets == (withheld,)


def test_the_share_is_that_of_what_all_labels_give() -> None:
    def errors(of_a: float, of_b: float) -> pd.DataFrame:
        table = pd.DataFrame({"windows": [10.0, 30.0], "error": [10 * of_a, 30 * of_b]})
        return table.set_axis(["a", "b"])

    rows = benchmark.judge(
        "some",
        {
            ("none", "labels"): errors(20, 20),
            ("none", "labels and teacher"): errors(10, 14),
            ("all", "labels"): errors(10, 10),
        },
    )
    assert [row["mae_bpm"][0] for row in rows] == pytest.approx([20, 13, 10])
    assert [row["share"] for row in rows] == pytest.approx([0, 0.7, 1])
    # one of the two people gains 10 BPM, the other 6
    assert rows[1]["gain_bpm"] == pytest.approx((7, 6, 10))

"""Are forecasts over people right, and do the intervals of ``ppgkd plan`` hold, over all draws?

Each pair of draws of a finished study is taken for a study of its own: from its smaller numbers of
people the larger ones are forecast. ``ppgkd plan`` is asked how many people are needed for the
error that was measured with a larger number; its interval holds if it has that number.

    python benchmarks/people.py results/people results/people_all
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from ppgkd.scaling.forecast import MIN_SIZES, forecast_people
from ppgkd.scaling.people_curve import PeopleCurve, make_people_curves


def curves_of(results: Path) -> Iterator[PeopleCurve]:
    """Curves of a study's students from scratch, over each pair of draws."""
    cells, subjects = (
        pd.read_parquet(results / "people" / name) for name in ("cells.parquet", "subjects.parquet")
    )
    for (strategy, _, _), curve in make_people_curves(cells, subjects)[0].items():
        if strategy != "scratch":
            continue
        n_draws = curve.errors_bpm.shape[1]
        for pair in combinations(range(n_draws), 2):
            yield replace(curve, errors_bpm=curve.errors_bpm[:, pair])


def forecasts_of(curve: PeopleCurve) -> Iterator[dict[str, float]]:
    """Forecasts of the larger numbers of people from the smaller ones."""
    for at in range(MIN_SIZES - 1, len(curve.people) - 1):
        seen = curve.up_to(curve.people[at])
        forecast = forecast_people(seen, other_people=False)
        for people, error in zip(curve.people[at + 1 :], curve.mae_bpm[at + 1 :], strict=True):
            middle, lower, upper = (v[0] for v in forecast.predict(people, measured=True))
            _, fewest, most = forecast.people_for(float(error))
            yield {
                "times": people / seen.people[-1],
                "off": abs(middle / error - 1),
                "last_off": abs(seen.mae_bpm[-1] / error - 1),
                "interval_holds": float(lower <= error <= upper),
                "plan_holds": float(fewest <= people <= most),
            }


def main(folders: list[str]) -> None:
    """Print a table over the given studies."""
    for folder in folders:
        rows = pd.DataFrame(row for c in curves_of(Path(folder)) for row in forecasts_of(c))
        reach = np.where(rows["times"] <= 2.5, "up to 2.5 times", "2.5 times and more")
        table = rows.groupby(reach).agg(
            forecasts=("off", "size"),
            off=("off", "mean"),
            last_value_off=("last_off", "mean"),
            intervals_that_hold=("interval_holds", "mean"),
            plans_that_hold=("plan_holds", "mean"),
        )
        print(f"{folder}\n{table.round(3).to_string()}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

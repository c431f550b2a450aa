"""Choose the weights of the score of a valid estimate, on datasets that were left out in turn.

The study's folds must be datasets (``studies/validity.yaml``): the estimates on each dataset are
then those of a student that has not seen it. Every dataset counts the same, right and wrong
estimates count the same, and a dataset is left out of the fit in turn, too: the table has its
probability of passing for right and for wrong estimates, and the share of valid ones that is wrong.
The datasets of ``--judged`` are in no fit. `ppgkd.evaluation.fit_validity` has the result.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from data import markdown
from numpy.typing import NDArray
from scipy.optimize import minimize

from ppgkd.evaluation.estimators import evidence_of
from ppgkd.evaluation.fit_validity import MIN_NOT_DOUBLE, MIN_PROBABILITY, RIGHT_BPM
from ppgkd.inference.validity import Score, score_terms
from ppgkd.runtime.artifacts import write_json

ENOUGH = 50
"""Estimates of one kind from which on a dataset counts in full."""

PENALTY = 0.03
"""Of the squared weights of standardised terms."""


def main() -> None:
    """Fit, print the table, write the JSON."""
    options = _options()
    predictions = pd.concat(
        pd.read_parquet(study / "recommended" / "predictions.parquet") for study in options.studies
    ).reset_index(drop=True)
    fitted = sorted(set(predictions["dataset"]) - set(options.judged))
    rows = []
    for dataset in [*fitted, *options.judged]:
        score = fit_score(predictions, [name for name in fitted if name != dataset])
        rows.append([dataset, *_passing(predictions[predictions["dataset"] == dataset], score)])
    score = fit_score(predictions, fitted)
    header = ["left out", "estimates", "wrong", "right pass", "wrong pass", "valid", "valid, wrong"]
    print(markdown(header, rows))
    weights = {name: round(value, 2) for name, value in score._asdict().items()}
    print(f"fitted on {', '.join(fitted)}: {weights}")
    write_json(options.output, {"fitted": fitted, "judged": options.judged, "weights": weights})


def fit_score(predictions: pd.DataFrame, datasets: Collection[str]) -> Score:
    """Fit the weights to the filtered estimates on some datasets."""
    rows = predictions[predictions["dataset"].isin(datasets)]
    terms, right = _terms(rows), _right(rows)
    groups = rows["dataset"].to_numpy()
    weight = np.zeros(len(rows))
    for kind in (True, False):
        for dataset in datasets:
            of_kind = (groups == dataset) & (right == kind)
            count = max(int(of_kind.sum()), 1)
            weight[of_kind] = min(count / ENOUGH, 1) / count
        weight[right == kind] /= 2 * weight[right == kind].sum()
    mean = weight @ terms
    sd = np.sqrt(weight @ np.square(terms - mean))
    inputs = np.concatenate([np.ones((len(rows), 1)), (terms - mean) / sd], axis=1)
    sign = np.where(right, 1.0, -1.0)

    def loss(x: NDArray[np.float64]) -> float:
        return float(weight @ np.logaddexp(0, -sign * (inputs @ x)) + PENALTY * x[1:] @ x[1:])

    found = minimize(loss, np.zeros(inputs.shape[1]), method="BFGS").x
    slopes = found[1:] / sd
    return Score(float(found[0] - slopes @ mean), *map(float, slopes))


def _terms(rows: pd.DataFrame) -> NDArray[np.float64]:
    return score_terms(rows["filtered_sd_bpm"].to_numpy(np.float64), evidence_of(rows, "filtered"))


def _right(rows: pd.DataFrame) -> NDArray[np.bool_]:
    return ((rows["filtered_bpm"] - rows["hr_bpm"]).abs() <= RIGHT_BPM).to_numpy()


def _passing(rows: pd.DataFrame, score: Score) -> list[str]:
    right = _right(rows)
    passes = score.probability(_terms(rows)) >= MIN_PROBABILITY
    passes &= (rows["filtered_not_double"] >= MIN_NOT_DOUBLE).to_numpy()
    shares = [
        (~right).mean(),
        passes[right].mean() if right.any() else np.nan,
        passes[~right].mean() if (~right).any() else np.nan,
        passes.mean(),
        (~right[passes]).mean() if passes.any() else np.nan,
    ]
    return [f"{len(rows):,}", *(f"{share:.1%}" for share in shares)]


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("studies", type=Path, nargs="+", help="finished studies, results/<study>")
    parser.add_argument("--judged", nargs="*", default=["wrist_exercise"], help="in no fit")
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks/validity_weights.json")
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

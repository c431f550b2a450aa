"""Choose the weights of the score of a valid estimate, on datasets that were left out in turn.

The study's folds must be datasets (``studies/validity.yaml``): the estimates on each dataset are
then those of a student that has not seen it. Every dataset counts the same, right and wrong
estimates count the same, and a dataset is left out of the fit in turn, too: the table has the
shares of its right and of its wrong estimates that pass, of its valid ones that are wrong, and the
least `not_half` of a right one, below which `MIN_NOT_HALF` must lie.
The datasets of ``--judged`` are in no fit. Made windows, which have no rate or one that no student
knows, are in all. `ppgkd.evaluation.fit_validity` has the result.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from data import SPEC, markdown
from numpy.typing import NDArray
from scipy.optimize import minimize

from ppgkd.evaluation.estimators import evidence_of
from ppgkd.evaluation.filtered import track
from ppgkd.evaluation.fit_validity import MIN_NOT_DOUBLE, MIN_NOT_HALF, RIGHT_BPM
from ppgkd.evaluation.made_windows import made_windows
from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.inference.online_filter import Transition
from ppgkd.inference.validity import Score, score_terms
from ppgkd.models.build import load_model
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.splits.study_windows import input_channels

MADE = "made"

ENOUGH = 50
"""Estimates of one kind from which on a dataset counts in full."""

WRONG_PASS = 0.05
"""Largest share of the wrong estimates that may be valid, mean over the datasets left out."""

PENALTY = 0.03
"""Of the squared weights of standardised terms."""


def main() -> None:
    """Fit, print the table, write the JSON."""
    options = _options()
    predictions = pd.concat(
        part for study in options.studies for part in (_left_out(study), *_made(study))
    ).reset_index(drop=True)
    fitted = sorted(set(predictions["dataset"]) - {*options.judged, MADE})
    found = {}
    for dataset in [*fitted, *options.judged]:
        score = fit_score(predictions, [MADE, *(name for name in fitted if name != dataset)])
        of_dataset = predictions[predictions["dataset"] == dataset]
        found[dataset] = LeftOut(of_dataset, score)
    least = _least_probability([found[dataset] for dataset in fitted])
    rows = [[dataset, *one.row(least)] for dataset, one in found.items()]
    score = fit_score(predictions, [MADE, *fitted])
    header = ["left out", "estimates", "wrong", "right pass", "wrong pass", "valid", "valid, wrong"]
    header.append("least not_half, right")
    print(markdown(header, rows))
    weights = {name: round(value, 2) for name, value in score._asdict().items()}
    print(f"fitted on {', '.join(fitted)}: {weights}; least probability {least:.2f}")
    content = {"fitted": fitted, "judged": options.judged, "weights": weights, "least": least}
    write_json(options.output, content)


def _left_out(study: Path) -> pd.DataFrame:
    return pd.read_parquet(study / "recommended" / "predictions.parquet")


def _made(study: Path) -> Iterator[pd.DataFrame]:
    """Estimates on made windows by the recommended student of each fold."""
    student = read_json(study / "recommended" / "choice.json")["student"]
    for path in sorted(study.glob(f"fold*/students/*/*/{student}/seed*/model.safetensors")):
        if "-" in path.relative_to(study).parts[0]:  # a subset of a fold's training people
            continue
        network, _, inputs = load_model(path)
        transition = Transition(**read_json(path.parents[5] / "filter.json"))
        made = made_windows(SPEC, input_channels(inputs), (BPM_MIN, BPM_MAX))
        yield track(network, made, transition).assign(dataset=MADE)


def fit_score(predictions: pd.DataFrame, datasets: Collection[str]) -> Score:
    """Fit the weights to the filtered estimates on some datasets."""
    rows = predictions[predictions["dataset"].isin(datasets)]
    terms, right = _terms(rows), _right(rows)
    groups = rows["dataset"].to_numpy()
    weight = np.zeros(len(rows))
    for kind in (True, False):
        for dataset in dict.fromkeys(groups):
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


class LeftOut:
    """Estimates on one dataset, by a score that was fitted without it."""

    def __init__(self, rows: pd.DataFrame, score: Score) -> None:
        self.right = _right(rows)
        self.least_not_half = float(rows["filtered_not_half"][self.right].min())
        probability = score.probability(_terms(rows))
        # bounds of their own, see `ppgkd.inference.validity.ValidityRule`
        doubled = rows["filtered_not_double"] < MIN_NOT_DOUBLE
        halved = rows["filtered_not_half"] < MIN_NOT_HALF
        self.probability = np.where(doubled | halved, 0.0, probability)

    def wrong_pass(self, least: float) -> float:
        """Share of the wrong estimates that are valid."""
        return float((self.probability[~self.right] >= least).mean())

    def row(self, least: float) -> list[str]:
        """Cells of the table."""
        valid = self.probability >= least
        shares = [
            (~self.right).mean(),
            valid[self.right].mean(),
            self.wrong_pass(least),
            valid.mean(),
            (~self.right[valid]).mean(),
        ]
        percent = (f"{share:.1%}" for share in shares)
        return [f"{len(valid):,}", *percent, f"{self.least_not_half:.2f}"]


def _least_probability(left_out: list[LeftOut]) -> float:
    """Choose the lowest at which few wrong estimates are valid, in the mean over the datasets."""
    for least in np.arange(0.5, 1.0, 0.05):
        if np.mean([one.wrong_pass(least) for one in left_out]) <= WRONG_PASS:
            return round(float(least), 2)
    raise SystemExit("Wrong estimates are valid at any probability: more evidence is needed.")


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

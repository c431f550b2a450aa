"""The recommended student on people whom it has not seen, over folds and seeds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ppgkd.datasets.cohort import read_cohort, write_cohort
from ppgkd.evaluation.estimators import as_estimates, reasons
from ppgkd.evaluation.filtered import track
from ppgkd.evaluation.fit_validity import fit_bounds, learned_range_bpm
from ppgkd.evaluation.made_windows import made_windows
from ppgkd.evaluation.quality import assess
from ppgkd.evaluation.recommended import assess_recommended, predict_recommended
from ppgkd.inference.online_filter import Transition
from ppgkd.models.build import build_model, load_model, save_model
from ppgkd.models.capacity import InputShape, SpectralMLPShape
from ppgkd.runtime.artifacts import write_json
from ppgkd.simulation.subject import Cohort
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.study.cell import Cell, fold_folder
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

INPUTS = InputShape(ppg_channels=2, acc_channels=3, n_samples=200, rate_hz=25.0)
SPEC = WindowSpec(length_s=8.0, stride_s=2.0, rate_hz=25.0, low_hz=0.4, high_hz=8.0)
SUBJECTS = ("sim-01", "sim-02", "sim-03")
COVERAGE = 0.75
CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")

FOLDS: tuple[int | None, ...] = (0, 1)
TRANSITIONS = {0: Transition(2.0, 1e-3, 2.0), 1: Transition(6.0, 1e-2, 2.0)}


def cells(folds: tuple[int | None, ...] = FOLDS) -> list[Cell]:
    return [
        Cell("soft", "big", "spectral_mlp-small", seed, fold) for seed in (0, 1) for fold in folds
    ]


def lay_out(folder: Path, folds: tuple[int | None, ...]) -> Path:
    """A finished study of untrained students: in each fold another subject is tested."""
    write_cohort(Cohort(n_subjects=3, duration_s=40, seed=2), folder / "cohort.npz")
    recordings = read_cohort(folder / "cohort.npz")
    write_windows(recordings, "simulated", SPEC, folder / "windows.parquet")
    for number, fold in enumerate(folds):
        turned = np.roll(SUBJECTS, number)
        splits = pd.DataFrame(
            {"dataset": "simulated", "subject": turned, "role": ["test", "val", "train"]}
        )
        (folder / fold_folder(fold)).mkdir(exist_ok=True)
        splits.to_csv(folder / fold_folder(fold) / "splits.csv", index=False)
        write_json(folder / fold_folder(fold) / "filter.json", asdict(TRANSITIONS[fold or 0]))
    for number, cell in enumerate(cells(folds)):
        network = build_model(SpectralMLPShape(6), INPUTS, seed=number)
        save_model(folder / cell.path / "model.safetensors", network, SpectralMLPShape(6), INPUTS)
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("study"), FOLDS)


@pytest.fixture(scope="module")
def predictions(study: Path) -> pd.DataFrame:
    return predict_recommended(cells(), study, [study / "windows.parquet"], SPEC, COVERAGE)


def of_cell(predictions: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    rows = (predictions["seed"] == cell.seed) & (predictions["fold"] == cell.fold)
    return predictions[rows].reset_index(drop=True)


def tracked(study: Path, cell: Cell, role: str) -> pd.DataFrame:
    network, _, _ = load_model(study / cell.path / "model.safetensors")
    splits = study / fold_folder(cell.fold) / "splits.csv"
    windows = read_study_windows([study / "windows.parquet"], splits, INPUTS)
    return track(network, getattr(windows, role), TRANSITIONS[cell.fold or 0])


# Predicting


def test_every_cell_estimates_the_test_windows_of_its_fold(
    study: Path, predictions: pd.DataFrame
) -> None:
    assert len(predictions) == sum(len(of_cell(predictions, cell)) for cell in cells())
    for cell in cells():
        expected = tracked(study, cell, "test")
        found = of_cell(predictions, cell)
        assert set(found["subject"]) == {SUBJECTS[-cell.fold] if cell.fold else SUBJECTS[0]}
        pd.testing.assert_frame_equal(found[list(expected)], expected)


def test_valid_is_what_the_validation_subjects_of_the_fold_allow(
    study: Path, predictions: pd.DataFrame
) -> None:
    for cell in cells():
        found, val = of_cell(predictions, cell), tracked(study, cell, "val")
        learned_bpm = learned_range_bpm(tracked(study, cell, "train")["hr_bpm"].to_numpy())
        network, _, _ = load_model(study / cell.path / "model.safetensors")
        made = made_windows(SPEC, CHANNELS, learned_bpm)
        of_made = track(network, made, TRANSITIONS[cell.fold or 0])
        bounds = fit_bounds(learned_bpm, val, of_made, COVERAGE)
        for flag, estimator in (("valid", "single"), ("filtered_valid", "filtered")):
            rule = bounds.rule(online_filter=estimator == "filtered")
            np.testing.assert_array_equal(found[flag], reasons(found, estimator, rule) < 0)


def test_a_study_without_folds_names_none(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, (None,))
    windows = [folder / "windows.parquet"]
    found = predict_recommended(cells((None,)), folder, windows, SPEC, COVERAGE)
    assert found["fold"].isna().all()
    assert found["fold"].dtype == "Int64"
    assert set(found["subject"]) == {"sim-01"}
    assert set(found["seed"]) == {0, 1}


def test_the_table_can_be_kept_as_parquet(predictions: pd.DataFrame, tmp_path: Path) -> None:
    predictions.to_parquet(tmp_path / "predictions.parquet", index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "predictions.parquet"), predictions)


# Assessing


def table() -> pd.DataFrame:
    """Three subjects; the filter halves every error but the last subject's, which it doubles."""
    hr_bpm = np.array([60.0, 62.0, 64.0, 100.0, 102.0, 104.0, 150.0, 152.0])
    single = np.array([2.0, -4.0, 10.0, 6.0, -2.0, 20.0, 1.0, -3.0])
    factor = np.array([0.5] * 6 + [2.0] * 2)
    return pd.DataFrame(
        {
            "dataset": "walks",
            "subject": ["ada"] * 3 + ["bo"] * 3 + ["cy"] * 2,
            "recording": ["a"] * 3 + ["b"] * 3 + ["c"] * 2,
            "window": [0, 1, 2, 0, 1, 2, 0, 1],
            "activity": "unknown",
            "hr_bpm": hr_bpm,
            "pred_bpm": hr_bpm + single,
            "sd_bpm": [2.0, 2.0, 9.0, 3.0, 2.0, 12.0, 2.0, 2.0],
            "valid": [True, True, False, True, True, False, True, True],
            "filtered_bpm": hr_bpm + factor * single,
            "filtered_sd_bpm": [1.0, 1.0, 4.0, 2.0, 1.0, 6.0, 1.0, 1.0],
            "filtered_valid": [True] * 5 + [False] + [True] * 2,
            "motion_g": [0.05] * 8,
        }
    )


@pytest.fixture(scope="module")
def assessed() -> dict[str, Any]:
    return assess_recommended(table())


def test_each_estimator_is_assessed_by_its_own_columns(assessed: dict[str, Any]) -> None:
    for name, columns in (
        ("single", ("pred_bpm", "sd_bpm")),
        ("filtered", ("filtered_bpm", "filtered_sd_bpm")),
    ):
        bpm, sd_bpm = (table()[column] for column in columns)
        expected = assess(table().assign(pred_bpm=bpm, sd_bpm=sd_bpm))
        found = {key: value for key, value in assessed[name].items() if key != "abstention"}
        assert found == expected
    assert assessed["single"]["overall"]["mae_bpm"] == pytest.approx(48 / 8)
    assert assessed["filtered"]["overall"]["mae_bpm"] == pytest.approx((44 / 2 + 2 * 4) / 8)


def test_abstention_tells_the_share_kept_and_both_errors(assessed: dict[str, Any]) -> None:
    assert assessed["single"]["abstention"] == {
        "kept": pytest.approx(6 / 8),
        "mae_bpm": pytest.approx((2 + 4 + 6 + 2 + 1 + 3) / 6),
        "left_out_mae_bpm": pytest.approx((10 + 20) / 2),
        "wrong": pytest.approx(1 / 8),
        "kept_wrong": 0,
        "left_out_wrong": pytest.approx(1 / 2),
    }
    assert assessed["filtered"]["abstention"] == {
        "kept": pytest.approx(7 / 8),
        "mae_bpm": pytest.approx((1 + 2 + 5 + 3 + 1 + 2 + 6) / 7),
        "left_out_mae_bpm": pytest.approx(10),
        "wrong": 0,
        "kept_wrong": 0,
        "left_out_wrong": 0,
    }


@pytest.mark.parametrize(("kept", "missing"), [(True, "left_out_mae_bpm"), (False, "mae_bpm")])
def test_where_all_or_none_are_kept_the_other_error_is_none(kept: bool, missing: str) -> None:
    abstention = assess_recommended(table().assign(valid=kept))["single"]["abstention"]
    assert abstention["kept"] == float(kept)
    assert abstention[missing] is None


def test_the_gain_is_the_share_of_the_error_that_the_filter_takes_away(
    assessed: dict[str, Any],
) -> None:
    assert assessed["gain"]["share"] == pytest.approx(1 - (44 / 2 + 2 * 4) / 48)


def test_the_gains_interval_draws_subjects_with_both_their_errors() -> None:
    """Of two subjects, one in four draws is the first twice and one the second twice."""
    two = table()[lambda rows: rows["subject"] != "bo"].reset_index(drop=True)
    gain = assess_recommended(two)["gain"]
    assert gain["lower"] == pytest.approx(-1.0), "the second alone: errors are doubled"
    assert gain["upper"] == pytest.approx(0.5), "the first alone: they are halved"


def test_a_filter_that_halves_every_error_gains_half_for_certain() -> None:
    halved = table()
    halved["filtered_bpm"] = (halved["hr_bpm"] + halved["pred_bpm"]) / 2
    gain = assess_recommended(halved)["gain"]
    assert gain == {name: pytest.approx(0.5) for name in ("share", "lower", "upper")}


def test_the_assessment_is_fit_for_json(assessed: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "quality.json", assessed)


def test_as_estimates_puts_the_filters_columns_in_place_of_the_windows() -> None:
    found = as_estimates(table(), "filtered")
    assert found["pred_bpm"].tolist() == table()["filtered_bpm"].tolist()
    assert found["sd_bpm"].tolist() == table()["filtered_sd_bpm"].tolist()
    pd.testing.assert_frame_equal(as_estimates(table(), "single"), table())

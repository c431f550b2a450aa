"""Students planned from laws that are known exactly."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ppgkd.cli import main
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import InputShape, SpectralResNetShape, WaveformResNetShape
from ppgkd.runtime.artifacts import write_json, write_parquet
from ppgkd.scaling import fit_laws
from ppgkd.scaling.plan import (
    Constraints,
    compare_with_measured,
    plan_student,
    plan_students,
    read_and_plan,
)
from ppgkd.study.cell import Cell

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]

WIDTHS = (4, 6, 9, 13, 19, 27)
FRONT_END_MACS, FRONT_END_RAM_BYTES = 860_000, 9_000
GAIN_BPM = {"scratch": 0.0, "soft": 0.3}


def error_bpm(strategy: str, params: int) -> float:
    return 2 + 60 * params**-0.5 - GAIN_BPM[strategy]


@pytest.fixture(scope="module")
def study(sweep: Sweep, inputs: InputShape) -> tuple[dict[str, Any], pd.DataFrame]:
    """Laws and cells of a study whose errors lie on laws, soft below scratch."""
    sizes = [SpectralResNetShape(width).n_params(inputs) for width in WIDTHS]
    cells, subjects = sweep(
        lambda s, p, k, who: error_bpm(s, p),
        students=[("spectral_resnet", size) for size in sizes],
    )
    macs = {n: SpectralResNetShape(w).macs(inputs) for w, n in zip(WIDTHS, sizes, strict=True)}
    width = {n: w for w, n in zip(WIDTHS, sizes, strict=True)}
    cells["front_end_macs"] = FRONT_END_MACS
    cells["macs"] = cells["params"].map(macs) + FRONT_END_MACS
    cells["latency_p99_ms"] = 0.1 + 1e-6 * cells["macs"]
    cells["front_end_ram_bytes"] = FRONT_END_RAM_BYTES
    cells["ram_bytes"] = [max(FRONT_END_RAM_BYTES, 1_000 * width[n]) for n in cells["params"]]
    return {"inputs": asdict(inputs), **fit_laws(cells, subjects)}, cells


def test_the_cheapest_student_whose_predicted_error_is_low_enough_is_planned(
    study: tuple[dict[str, Any], pd.DataFrame], inputs: InputShape
) -> None:
    planned = plan_student(Constraints(max_mae_bpm=2.7), *study)
    meeting = [
        n
        for n in (SpectralResNetShape(w).n_params(inputs) for w in range(2, 60))
        if error_bpm("soft", n) <= 2.7
    ]
    assert planned.met
    assert (planned.strategy, planned.teacher) == ("soft", "spectral_resnet-50000")
    assert planned.params == min(meeting)
    assert planned.mae_bpm == pytest.approx(error_bpm("soft", planned.params), rel=1e-3)
    assert planned.mae_lower_bpm <= planned.mae_bpm <= planned.mae_upper_bpm


def test_latency_and_bytes_are_predicted_from_macs_and_parameters(
    study: tuple[dict[str, Any], pd.DataFrame], inputs: InputShape
) -> None:
    planned = plan_student(Constraints(max_mae_bpm=2.7), *study)
    width = next(
        w for w in range(2, 60) if SpectralResNetShape(w).n_params(inputs) == planned.params
    )
    macs = SpectralResNetShape(width).macs(inputs) + FRONT_END_MACS
    assert planned.macs == macs
    assert planned.flash_bytes == pytest.approx(4 * planned.params + 2_000)
    assert planned.latency_p99_ms == pytest.approx(0.1 + 1e-6 * macs, rel=1e-6)
    assert planned.onnx_bytes == pytest.approx(4 * planned.params + 5_000)


def test_a_plan_says_that_the_machine_was_busy_when_students_were_timed(
    study: tuple[dict[str, Any], pd.DataFrame],
) -> None:
    laws, cells = study
    busy = cells.assign(latency_busy=cells["student"] == cells["student"].iloc[0])
    quiet, marked = (plan_student(Constraints(max_mae_bpm=2.7), laws, c) for c in (cells, busy))
    assert "the machine was busy" not in str(quiet)
    assert "the machine was busy" in str(marked)
    assert "CPU time of the thread" in str(marked)
    assert quiet.latency_p99_ms == marked.latency_p99_ms


def test_without_a_bound_on_the_error_the_most_accurate_student_within_the_others_is_planned(
    study: tuple[dict[str, Any], pd.DataFrame], inputs: InputShape
) -> None:
    planned = plan_student(Constraints(max_bytes=25_000), *study)
    fitting = [
        n for n in (SpectralResNetShape(w).n_params(inputs) for w in range(2, 60)) if n <= 5_000
    ]
    assert planned.met
    assert planned.params == max(fitting)


@pytest.mark.parametrize("width", [9, 13, 15, 23, 27, 31])
def test_ram_grows_with_the_width_above_that_of_the_front_end(
    study: tuple[dict[str, Any], pd.DataFrame], inputs: InputShape, width: int
) -> None:
    bound = 1_000 * width + 1e-3
    planned = plan_student(Constraints(max_ram_bytes=bound), *study)
    assert planned.met
    assert planned.params == SpectralResNetShape(width).n_params(inputs)
    assert planned.ram_bytes == pytest.approx(bound)


def measured(cells: pd.DataFrame, core: str = "Cortex-M4F", factor: float = 1.0) -> pd.DataFrame:
    """Cells whose students were measured: 2 instructions for a MAC, and 20 kB of code."""
    return cells.assign(
        flash_bytes=20_000 + 4 * cells["params"],
        ram_bytes=(2_000 + cells["params"]).astype("int64"),
        instructions=(factor * 2 * cells["macs"]).astype("Int64"),
        measured_on=core,
    )


def test_instructions_are_predicted_from_macs_where_they_were_measured(
    study: tuple[dict[str, Any], pd.DataFrame],
) -> None:
    laws, cells = study
    planned = plan_student(Constraints(max_mae_bpm=2.7), laws, measured(cells))
    assert planned.instructions == pytest.approx(2 * planned.macs)
    assert planned.flash_bytes == pytest.approx(20_000 + 4 * planned.params)
    assert planned.measured_on == "Cortex-M4F"
    assert "instructions, of C measured on Cortex-M4F" in str(planned)
    assert planned.ram_bytes == pytest.approx(2_000 + planned.params)
    assert planned.ram_bytes < FRONT_END_RAM_BYTES, "that of the ONNX file is no bound"
    bound = 2.0 * planned.macs - 1
    bounded = plan_student(Constraints(max_instructions=bound), laws, measured(cells))
    assert bounded.met
    assert bounded.instructions is not None
    assert bounded.instructions <= bound


def test_without_measurements_instructions_are_not_planned(
    study: tuple[dict[str, Any], pd.DataFrame],
) -> None:
    planned = plan_student(Constraints(max_mae_bpm=2.7), *study)
    assert (planned.instructions, planned.measured_on) == (None, None)
    assert "bytes, of ONNX files without code" in str(planned)
    with pytest.raises(PpgkdError, match=r"'max_instructions' needs .* were not measured"):
        plan_student(Constraints(max_instructions=1e6), *study)
    with pytest.raises(PpgkdError, match="'cost' needs"):
        plan_student(Constraints(max_mae_bpm=2.7), *study, cost="instructions")


def test_the_command_plans_for_another_processor(
    study: tuple[dict[str, Any], pd.DataFrame], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laws, cells = study
    folder = folder_of((laws, measured(cells)), tmp_path)
    for model, row in measured(cells, "Cortex-M55", 0.5).groupby("model").first().iterrows():
        costs = {name: row[name] for name in ("flash_bytes", "ram_bytes", "instructions")}
        found = {"core": "Cortex-M55", "precision": "float32", "measured": True}
        path = folder / Path(str(model)).with_name("latency.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [found | {name: int(value) for name, value in costs.items()}]
        write_json(path, {"microcontroller": rows, "flash_bytes": 1, "ram_bytes": 1})
    assert main(["plan", "--max-mae", "2.7", "--core", "Cortex-M55", str(folder)]) == 0
    assert "instructions, of C measured on Cortex-M55" in capsys.readouterr().out
    assert main(["plan", "--max-mae", "2.7", "--core", "Cortex-M7", str(folder)]) == 1
    assert "were not measured on Cortex-M7" in capsys.readouterr().err


def test_what_the_front_end_alone_exceeds_no_student_meets(
    study: tuple[dict[str, Any], pd.DataFrame],
) -> None:
    bounds = {"max_macs": FRONT_END_MACS, "max_ram_bytes": FRONT_END_RAM_BYTES - 1}
    for name, bound in bounds.items():
        assert not plan_student(Constraints(**{name: bound}), *study).met


def test_a_bound_on_multiply_accumulates_counts_the_front_end(
    study: tuple[dict[str, Any], pd.DataFrame], inputs: InputShape
) -> None:
    bound = FRONT_END_MACS + SpectralResNetShape(8).macs(inputs)
    planned = plan_student(Constraints(max_macs=bound), *study)
    assert planned.params == SpectralResNetShape(8).n_params(inputs)
    assert planned.macs == bound


def test_a_dear_front_end_makes_the_family_without_it_the_cheaper(
    sweep: Sweep, inputs: InputShape
) -> None:
    """Of equal error: by parameters the small spectral one, by work the large waveform one."""
    sizes = {
        "spectral_resnet": [SpectralResNetShape(w).n_params(inputs) for w in (4, 6, 9, 13)],
        "waveform_resnet": [WaveformResNetShape(w).n_params(inputs) for w in (6, 8, 10, 12)],
    }
    students = [(family, n) for family, counts in sizes.items() for n in counts]
    cells, subjects = sweep(lambda s, p, k, who: 2.0, students=students)
    front_end = cells["family"].map({"spectral_resnet": FRONT_END_MACS, "waveform_resnet": 40_000})
    cells["front_end_macs"], cells["macs"] = front_end, front_end + 10 * cells["params"]
    laws = {"inputs": asdict(inputs), **fit_laws(cells, subjects)}
    for cost, family in (("params", "spectral_resnet"), ("macs", "waveform_resnet")):
        assert plan_student(Constraints(max_mae_bpm=2.5), laws, cells, cost).family == family


def test_a_student_of_the_sweep_keeps_its_name_and_a_new_one_has_its_count(
    study: tuple[dict[str, Any], pd.DataFrame], inputs: InputShape
) -> None:
    known = SpectralResNetShape(9).n_params(inputs)
    planned = plan_student(Constraints(max_mae_bpm=error_bpm("soft", known) + 1e-3), *study)
    assert (planned.student, planned.in_sweep) == (f"spectral_resnet-{known}", True)
    new = SpectralResNetShape(11).n_params(inputs)
    planned = plan_student(Constraints(max_mae_bpm=error_bpm("soft", new) + 1e-3), *study)
    assert (planned.student, planned.in_sweep) == (f"spectral_resnet-{new}", False)


def test_if_no_student_meets_the_constraints_the_nearest_is_planned_and_says_so(
    study: tuple[dict[str, Any], pd.DataFrame],
) -> None:
    planned = plan_student(Constraints(max_mae_bpm=1.0), *study)
    assert not planned.met
    assert str(planned).startswith("No student is predicted to meet the constraints; the nearest:")
    impossible = plan_student(Constraints(max_mae_bpm=2.1, max_bytes=7_000), *study)
    assert not impossible.met


def test_an_extrapolation_is_a_caveat(study: tuple[dict[str, Any], pd.DataFrame]) -> None:
    planned = plan_student(Constraints(max_mae_bpm=error_bpm("soft", 35_000)), *study)
    assert "outside the sizes of the sweep" in " ".join(planned.caveats)


def test_if_the_error_does_not_depend_on_size_the_smallest_of_the_sweep_is_planned(
    sweep: Sweep, inputs: InputShape
) -> None:
    sizes = [SpectralResNetShape(width).n_params(inputs) for width in WIDTHS]
    cells, subjects = sweep(
        lambda s, p, k, who: 2.0, students=[("spectral_resnet", n) for n in sizes]
    )
    fitted = {"inputs": asdict(inputs), **fit_laws(cells, subjects)}
    planned = plan_student(Constraints(max_mae_bpm=2.5), fitted, cells)
    caveats = " ".join(planned.caveats)
    assert (planned.params, planned.in_sweep) == (sizes[0], True)
    assert "does not depend on size" in caveats
    assert "outside the sizes of the sweep" not in caveats


def test_a_study_without_laws_says_why(sweep: Sweep, inputs: InputShape) -> None:
    cells, subjects = sweep(lambda s, p, k, who: 2.0)
    fitted = {"inputs": asdict(inputs), **fit_laws(cells, subjects)}
    with pytest.raises(
        PpgkdError, match=r"no law to plan with: spectral_resnet, from scratch: .* at least 4 sizes"
    ):
        plan_student(Constraints(max_mae_bpm=2.5), fitted, cells)


def test_constraints_in_a_study_without_laws_get_the_reason(
    sweep: Sweep, inputs: InputShape
) -> None:
    cells, subjects = sweep(lambda s, p, k, who: 2.0)
    fitted = {"inputs": asdict(inputs), **fit_laws(cells, subjects)}
    (planned,) = plan_students([{"max_bytes": 20_000}], fitted, cells)
    assert planned["constraints"]["max_bytes"] == 20_000
    assert "at least 4 sizes" in planned["reason"]


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bound_that_is_not_a_positive_number_is_refused(bad: float) -> None:
    with pytest.raises(PpgkdError, match=r"'max_bytes' is .*must be a positive number"):
        Constraints(max_bytes=bad)


def test_no_bound_at_all_is_refused() -> None:
    with pytest.raises(PpgkdError, match=r"at least one bound; there are .*max_macs"):
        Constraints()


def folder_of(study: tuple[dict[str, Any], pd.DataFrame], folder: Path) -> Path:
    write_json(folder / "scaling/laws.json", study[0])
    write_parquet(folder / "cells.parquet", study[1])
    return folder


def test_the_command_plans_from_a_studys_folder(
    study: tuple[dict[str, Any], pd.DataFrame], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(study, tmp_path)
    arguments = ["--max-mae", "2.7", "--max-latency-ms", "5", "--max-bytes", "64000"]
    assert main(["plan", *arguments, str(folder)]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == str(read_and_plan(Constraints(2.7, 5, 64_000), folder))
    assert "soft from spectral_resnet-50000" in printed
    assert "90 %" in printed


def test_the_command_refuses_tables_without_the_costs(
    study: tuple[dict[str, Any], pd.DataFrame], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laws, cells = study
    folder = folder_of((laws, cells.drop(columns="ram_bytes")), tmp_path)
    assert main(["plan", "--max-mae", "2", str(folder)]) == 1
    assert "has no ram_bytes" in capsys.readouterr().err


def test_the_command_names_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--max-mae", "2", str(tmp_path)]) == 1
    assert f"{tmp_path}/scaling/laws.json is missing" in capsys.readouterr().err


def test_measured_values_are_added_to_the_predicted_ones(
    study: tuple[dict[str, Any], pd.DataFrame], tmp_path: Path
) -> None:
    planned = asdict(plan_student(Constraints(max_mae_bpm=2.7), *study))
    cells = [Cell("soft", "spectral_resnet-50000", "spectral_resnet-9", seed) for seed in (0, 1)]
    for seed, cell in enumerate(cells):
        folder = tmp_path / cell.path
        folder.mkdir(parents=True)
        table = pd.DataFrame(
            {"subject": ["a", "a", "b"], "hr_bpm": [60.0] * 3, "pred_bpm": [61.0, 62, 60 + seed]}
        )
        table.to_parquet(folder / "predictions.parquet")
    write_json(
        tmp_path / cells[0].path / "latency.json",
        {"p99_ms": 0.5, "busy": True, "onnx_bytes": 9_000}
        | {"macs": 10, "flash_bytes": 20, "ram_bytes": 30, "microcontroller": []},
    )
    found = compare_with_measured(json.loads(json.dumps(planned)), cells, tmp_path, "Cortex-M4F")
    assert found["measured"]["mae_bpm"] == pytest.approx((1 + 2 + 0 + 1 + 2 + 1) / 6)
    assert found["measured"]["latency_p99_ms"] == 0.5
    assert found["measured"]["latency_busy"]
    assert [found["measured"][name] for name in ("macs", "flash_bytes", "ram_bytes")] == [
        10,
        20,
        30,
    ]
    assert found["measured"]["covered"] is False
    assert found["params"] == planned["params"]

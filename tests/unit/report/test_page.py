"""The page: made from a real configuration and hand-made results, read as a browser reads it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.unit.recording_summaries import recording_summaries

from ppgkd.evaluation.recommended import assess_recommended
from ppgkd.evaluation.summary import summarise_strategies, summarise_students
from ppgkd.report.page import Results, write_report
from ppgkd.report.tables import maybe_seen
from ppgkd.scaling.claims import FAILS, HOLDS, UNKNOWN
from ppgkd.study.parse import parse_study
from ppgkd.study.study import Study

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]

REPOSITORY = Path(__file__).resolve().parents[3]
TINY = REPOSITORY / "tests" / "studies" / "tiny.yaml"
LEVEL_BPM = [1.0, 2.0, 3.0]
TEACHER_METRICS = {
    "params": 50_123,
    "epochs": 9,
    "seed": 0,
    "val_mae_bpm": 1.9,
    "mae_bpm": 1.25,
    "mae_lower_bpm": 1.0,
    "mae_upper_bpm": 1.5,
    "n_windows": 30,
    "train_s": 3_600.0,
}
CONVERGED = {
    "converged": True,
    "reason": "the cost stopped falling",
    "n_evaluations": 9,
    "draws_converged": 0.998,
}
LAWS = [
    {
        "strategy": "soft",
        "teacher": "spectral_resnet-3000",
        "family": "spectral_resnet",
        "sizes": [350, 700, 1_000, 2_000, 4_000],
        "mae_bpm": [2.0, 1.9, 1.8, 1.7, 1.6],
        "notes": ["spectral_resnet-700, seed 1: not finished; the seed is left out at all sizes"],
        "chosen": "power_law_floor",
        "forms": {
            "power_law_floor": {
                "formula": "E + A N^-a",
                "parameters": {
                    "E": {"estimate": 1.23, "lower": 1.01, "upper": 1.45},
                    "A": {"estimate": 2.0, "lower": 1.0, "upper": 3.0},
                    "a": {"estimate": 0.67, "lower": 0.51, "upper": 0.89},
                },
                "identified": {"E": True, "A": False, "a": True},
                "aicc": -12.5,
                "held_out_ape": 4.2,
                "residual_sd": 0.021,
                "describe": "E + A N^-a, E = 1.23",
                "status": CONVERGED,
            }
        },
        "others": {
            "macs": {
                "curve": {"macs": [905_000.0, 1_020_000.0]},
                "formula": "E + A N^-a",
                "parameters": {"E": {"estimate": 1.11, "lower": 1.0, "upper": 1.2}},
                "identified": {"E": True},
                "describe": "E + A N^-a, E = 1.11",
                "status": CONVERGED,
            }
        },
        "held_out": [
            {
                "position": "largest",
                "size": 4_000.0,
                "form": "power_law_floor",
                "predicted_bpm": 1.62,
                "lower_bpm": 1.52,
                "upper_bpm": 1.72,
                "measured_bpm": 1.6,
                "covered": True,
                "nearest_bpm": 1.71,
                "line_bpm": 1.59,
            }
        ],
    },
    {
        "strategy": "dkd",
        "teacher": "spectral_resnet-3000",
        "family": "spectral_mlp",
        "sizes": [1_300],
        "mae_bpm": [3.0],
        "notes": [],
        "reason": "a law needs at least 4 sizes, found 1: 1,300",
    },
]
FITTED = {
    "levels": {"curve": 0.95, "parameters": 0.9, "prediction": 0.9},
    "draws": 1_000,
    "laws": LAWS,
    "skill": {"n": 1, "ape": 1.3, "coverage": 1.0, "over_nearest": 0.82, "over_line": None},
    "joint": [
        {
            "strategy": "dkd",
            "family": "spectral_resnet",
            "form": "capacity_gap",
            "reason": "none to speak of",
        }
    ],
}
EFFECTS = {"reason": "2 test subjects cannot tell the variance between people"}
FIGURES = (
    "error_vs_size",
    "error_vs_cost",
    "gain_over_scratch",
    "pareto",
    "residuals",
    "teacher_student",
    "bland_altman",
    "reliability",
    "risk_coverage",
)
FILE = {
    "p50_ms": 0.111,
    "p95_ms": 0.112,
    "p99_ms": 0.113,
    "busy": False,
    "front_end": {"p99_ms": 0.057},
    "onnx_bytes": 15_432,
    "peak_memory_bytes": 2_300_000,
    "macs": 1_234_567,
    "front_end_macs": 98_765,
    "flash_bytes": 20_600,
    "front_end_flash_bytes": 10_700,
    "ram_bytes": 40_800,
    "parameter_bytes": 3_688,
    "peak_activation_bytes": 45_678,
}
PROFILE = {
    **FILE,
    "int8": FILE | {"onnx_bytes": 21_098},
    "quantised": {"loss_bpm": 0.012, "max_loss_bpm": 0.1, "too_costly": False},
    "cpu": "Some Processor",
    "onnxruntime": "1.2.3",
    "microcontroller": [
        {
            "core": "Cortex-M4F",
            "clock_mhz": 120,
            "precision": "float32",
            "flash_bytes": 20_500,
            "ram_bytes": 40_500,
            "cycles": 11_000_000,
            "latency_ms": 92.0,
            "source": "a paper",
            "measured": False,
        }
    ],
    "not_measured": "the compiler is at lunch",
}
MEASURED = {
    "core": "Cortex-M4F",
    "precision": "float32",
    "measured": True,
    "flash_bytes": 25_412,
    "ram_bytes": 10_184,
    "stack_bytes": 808,
    "instructions": 1_408_564,
    "instructions_per_sample": 323,
    "cycles_per_instruction": 2.2,
    "clock_mhz": 120.0,
    "latency_ms": 25.82,
    "energy_uj": 613.6,
    "source": "a manual",
}
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


def study_of(**changes: Any) -> Study:
    config = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    return parse_study(config | changes)


def recordings_of(study: Study, **changes: Any) -> pd.DataFrame:
    return pd.concat([recording_summaries(dataset.name, **changes) for dataset in study.datasets])


@pytest.fixture
def study() -> Study:
    return study_of()


@pytest.fixture
def results(study: Study, sweep: Sweep, tmp_path: Path) -> Results:
    return make_results(study, sweep, tmp_path)


def make_results(study: Study, sweep: Sweep, folder: Path, error_bpm: float = 0.0) -> Results:
    cells, subjects = sweep(
        lambda strategy, params, seed, who: LEVEL_BPM[who] + error_bpm + 100 / params,
        strategies=tuple(study.config["strategies"]),
        students=[("spectral_resnet", 350), ("spectral_resnet", 1_000), ("spectral_mlp", 1_300)],
    )
    figures = {}
    for name in FIGURES:
        figures[name] = folder / f"{name}.json"
        figures[name].write_text('{"usermeta": {"facts": {}}}')
        svg = f"<svg xmlns='http://www.w3.org/2000/svg'><!--{name}--></svg>"
        figures[name].with_suffix(".svg").write_text(svg)
    roles = ("train", "val", "test")
    splits = [
        {"dataset": dataset.name, "subject": f"{dataset.name}-{role}", "role": role}
        for dataset in study.datasets
        for role in roles
    ]
    return Results(
        cells=cells,
        subjects=subjects,
        students=summarise_students(cells, subjects),
        strategies=summarise_strategies(subjects),
        laws=FITTED,
        effects=EFFECTS,
        plan=[],
        splits=pd.DataFrame(splits),
        recordings=recordings_of(study),
        teachers=[("spectral_resnet-3000", TEACHER_METRICS)],
        tuning=[],
        quality=quality_of_predictions(),
        profile=PROFILE,
        alignment=alignment_of(),
        figures=figures,
    )


@cache
def quality_of_predictions() -> dict[str, Any]:
    """Assessment of hand-made predictions: the filter halves every error."""
    rng = np.random.default_rng(0)
    error_bpm = rng.normal(0, 4, (len(LEVEL_BPM), 40)).ravel()
    hr_bpm = rng.uniform(50, 170, len(error_bpm))
    predictions = pd.DataFrame(
        {
            "dataset": "simulated",
            "subject": np.repeat([f"s{who}" for who in range(len(LEVEL_BPM))], 40),
            "recording": np.repeat([f"r{who}" for who in range(len(LEVEL_BPM))], 40),
            "window": np.tile(np.arange(40), len(LEVEL_BPM)),
            "activity": "unknown",
            "hr_bpm": hr_bpm,
            "pred_bpm": hr_bpm + error_bpm,
            "sd_bpm": np.abs(error_bpm) + 1,
            "valid": np.abs(error_bpm) < 6,
            "filtered_bpm": hr_bpm + error_bpm / 2,
            "filtered_sd_bpm": np.abs(error_bpm) / 2 + 1,
            "filtered_valid": np.abs(error_bpm) < 6,
            "motion_g": rng.uniform(0, 1, len(error_bpm)),
        }
    )
    return assess_recommended(predictions)


def alignment_of(**changes: Any) -> pd.DataFrame:
    row = {
        "dataset": "simulated",
        "recording": "r0",
        "subject": "s0",
        "role": "test",
        "n_windows": 40,
        "lag_s": 0.5,
        "lower_s": -0.5,
        "upper_s": 1.5,
        "mae_bpm": 2.0,
        "mae_at_lag_bpm": 1.9,
        "flagged": False,
    }
    return pd.DataFrame([row | changes])


def render(study: Study, results: Results, path: Path) -> Page:
    write_report(study, results, path)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def page(study: Study, results: Results, tmp_path: Path) -> Page:
    return render(study, results, tmp_path / "report" / "report.html")


def test_the_page_needs_no_network(page: Page) -> None:
    loading = {"src", "href", "srcset", "action", "poster", "data", "background", "style"}
    for tag, name, value in page.attributes:
        if name in loading and tag != "a":
            assert value.startswith(("#", "data:")), f"<{tag} {name}={value[:60]}>"
    assert not {"link", "iframe", "object", "base", "embed"} & set(page.tags)
    assert page.tags.count("script") == own_scripts(page)
    style = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    assert style
    assert not any("@import" in part or re.search(r"url\(\s*['\"]?http", part) for part in style)


def test_every_tag_that_is_opened_is_closed(page: Page) -> None:
    assert page.open == []


def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    places = {value for _, name, value in page.attributes if name == "id"}
    targets = [value for _, name, value in page.attributes if name == "href"]
    links = {value[1:] for value in targets if value.startswith("#")}
    assert links
    assert links <= places


def test_the_figures_are_in_the_page(page: Page, results: Results) -> None:
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert len(images) == len(results.figures) == len(FIGURES)
    assert all(image.startswith("data:image/svg+xml;base64,") for image in images)
    assert len(set(images)) == len(FIGURES)


def test_that_the_data_are_simulated_is_said_before_the_first_table(page: Page) -> None:
    assert "These data are simulated." in page.before_first_table
    assert "say nothing about real recordings" in page.before_first_table


REAL = {
    "study": "real",
    "datasets": {"bami1": {"train": 0.6, "val": 0.2, "test": 0.2}},
}


def test_a_study_of_real_recordings_has_no_such_warning(sweep: Sweep, tmp_path: Path) -> None:
    study = study_of(**REAL)
    page = render(study, make_results(study, sweep, tmp_path), tmp_path / "report.html")
    assert "simulated" not in page.before_first_table.lower()


def test_a_study_evaluated_on_real_recordings_says_if_it_trained_on_simulated_ones(
    sweep: Sweep, tmp_path: Path
) -> None:
    datasets = {"simulated": {"train": 1.0}, **REAL["datasets"]}  # type: ignore[dict-item]
    study = study_of(datasets=datasets)
    results = make_results(study, sweep, tmp_path)
    trained_on = (results.splits["dataset"] == "bami1") | (results.splits["role"] == "train")
    results = replace(results, splits=results.splits[trained_on])
    page = render(study, results, tmp_path / "report.html")
    assert "These data are simulated." not in page.before_first_table
    assert "simulated" in page.before_first_table.lower()


def test_a_real_study_lists_its_raw_files_with_their_checksums(
    sweep: Sweep, tmp_path: Path
) -> None:
    study = study_of(**REAL)
    page = render(study, make_results(study, sweep, tmp_path), tmp_path / "report.html")
    files = [file for entry in study.recordings("bami1") for file in entry.files]
    assert len(files) == 25
    for file in files:
        assert f"{file.sha256} {file.local}" in page.text


def test_every_dataset_has_its_terms_and_citation(page: Page, study: Study) -> None:
    for dataset in study.datasets:
        assert " ".join(dataset.title.split()) in page.text
        assert " ".join(dataset.citation.split()) in page.text
        assert " ".join(dataset.terms.split()) in page.text


def test_the_page_is_the_same_byte_for_byte_when_made_again(
    study: Study, results: Results, tmp_path: Path
) -> None:
    first, second = (
        render(study, results, tmp_path / name / "report.html").html for name in ("one", "two")
    )
    assert first == second


def test_only_the_page_is_left_in_its_folder(page: Page, tmp_path: Path) -> None:
    assert page.tags
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["report.html"]


def own_scripts(page: Page) -> int:
    """Number of scripts that the page should have: figures, their data, Vega, and its own."""
    return page.html.count('class="figure-spec"') + 3


EVIL = "<script>alert('x')</script>&<img src=http://evil.example/x onerror=alert(1)>"


def with_evil_teacher(results: Results) -> Results:
    return replace(results, teachers=[(EVIL, TEACHER_METRICS)])


def with_evil_student(results: Results) -> Results:
    tables = [
        table.replace({"spectral_resnet-1000": EVIL}) for table in (results.cells, results.students)
    ]
    return replace(results, cells=tables[0], students=tables[1])


def with_evil_students_teacher(results: Results) -> Results:
    teacher = {"spectral_resnet-50000": EVIL}
    tables = [table.replace(teacher) for table in (results.cells, results.students)]
    return replace(results, cells=tables[0], students=tables[1])


def with_evil_reasons(results: Results) -> Results:
    laws = [{**law, "reason": EVIL, "strategy": EVIL} for law in LAWS[1:]]
    return replace(results, laws={**FITTED, "laws": laws}, effects={"reason": EVIL})


def with_evil_subject(results: Results) -> Results:
    return replace(results, splits=results.splits.replace({"simulated-test": EVIL}))


def with_evil_recording(results: Results) -> Results:
    return replace(results, alignment=alignment_of(recording=EVIL, flagged=True))


def with_evil_person(results: Results) -> Results:
    """A test subject of a table of the user's own."""
    single = results.quality["single"]
    rows = [{**row, "subject": EVIL} for row in single["by_subject"]]
    return replace(results, quality={**results.quality, "single": {**single, "by_subject": rows}})


def with_evil_machine(results: Results) -> Results:
    return replace(results, profile={**results.profile, "cpu": EVIL})


CHANGES: Mapping[str, Callable[[Results], Results]] = {
    "a teacher's name": with_evil_teacher,
    "a student's name": with_evil_student,
    "the name of a student's teacher": with_evil_students_teacher,
    "a reason": with_evil_reasons,
    "a subject": with_evil_subject,
    "a recording": with_evil_recording,
    "a test subject": with_evil_person,
    "the machine": with_evil_machine,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_markup_in_names_is_shown_and_not_obeyed(
    change: Callable[[Results], Results], study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, change(results), tmp_path / "report.html")
    assert page.tags.count("script") == own_scripts(page)
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert all(image.startswith("data:") for image in images)
    assert "<script>alert('x')</script>" in page.text


def test_markup_in_a_datasets_description_and_in_the_configuration_is_not_obeyed(
    study: Study, results: Results, tmp_path: Path
) -> None:
    (dataset,) = study.datasets
    described = replace(dataset, title=f"title {EVIL}", terms=f"terms {EVIL}", citation=EVIL)
    hostile = replace(study, datasets=(described,), config={**study.config, "mirror": EVIL})
    page = render(hostile, results, tmp_path / "report.html")
    assert page.tags.count("script") == own_scripts(page)
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert all(image.startswith("data:") for image in images)
    assert page.text.count("<script>alert('x')</script>") >= 4


def gates_of(page: Page) -> dict[str, str]:
    """Class and text of the three gates in the verdict."""
    spans = [(kind, " ".join(text.strip(" ✓✗").split())) for kind, text in page.spans]
    return {text: kind for kind, text in spans if kind in ("yes", "no")}


def test_a_student_that_passes_every_gate_is_recommended_without_reservation(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, results, tmp_path / "report.html")
    found = gates_of(page)
    assert found["at least 80 % fewer parameters than the teacher"] == "yes"
    assert found["p99 under 15 ms"] == "yes"
    assert found["MAE under 2.5 BPM"] == "yes"
    assert "Recommended: spectral_resnet-1000" in page.verdict
    assert "misses a gate" not in page.verdict


def test_a_student_that_misses_a_gate_is_said_to_miss_it(
    study: Study, sweep: Sweep, tmp_path: Path
) -> None:
    results = make_results(study, sweep, tmp_path, error_bpm=5.0)
    page = render(study, results, tmp_path / "report.html")
    found = gates_of(page)
    assert found["at least 80 % fewer parameters than the teacher"] == "yes"
    assert found["p99 under 15 ms"] == "yes"
    assert found["MAE under 2.5 BPM"] == "no"
    assert "it misses a gate" in page.verdict
    assert "0 of 15 students pass all" in page.verdict


def test_the_gates_are_those_of_the_configuration(sweep: Sweep, tmp_path: Path) -> None:
    study = study_of(gates={"max_mae_bpm": 1.5, "max_latency_ms": 0.001, "min_reduction": 0.5})
    page = render(study, make_results(study, sweep, tmp_path), tmp_path / "report.html")
    found = gates_of(page)
    assert found["at least 50 % fewer parameters than the teacher"] == "yes"
    assert found["p99 under 0.001 ms"] == "no"
    assert found["MAE under 1.5 BPM"] == "no"


def with_more_people(results: Results) -> Results:
    """The same errors, each of five people."""
    parts = [
        results.subjects.assign(subject=results.subjects["subject"] + f"-{number}")
        for number in range(5)
    ]
    return replace(results, subjects=pd.concat(parts))


def test_the_verdict_gives_the_chosen_students_figures(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, with_more_people(results), tmp_path / "report.html")
    chosen = results.students[results.students["student"] == "spectral_resnet-1000"].iloc[0]
    assert f"{chosen['mae_bpm']:.2f} BPM" in page.verdict
    assert f"{chosen['mae_lower_bpm']:.2f} to {chosen['mae_upper_bpm']:.2f}" in page.verdict
    assert "spectral_resnet-1000 (1,000 parameters)" in page.verdict
    assert "98 % fewer parameters than the smallest teacher" in page.verdict
    assert "0.10 ms" in page.verdict
    assert "9.0 kB" in page.verdict


def test_there_is_a_row_for_every_student_and_every_cell(page: Page, results: Results) -> None:
    students, cells = (
        page.html.split(f'<h3 id="{name}">')[1].split("</table>")[0]
        for name in ("students", "cells")
    )
    assert students.count("<tr") == 1 + len(results.students)
    assert cells.count("<tr") == 1 + len(results.cells)


def test_a_law_has_its_intervals_and_a_missing_law_its_reason(page: Page) -> None:
    assert "1.23 (1.01 to 1.45)" in page.text
    assert "0.67 (0.51 to 0.89)" in page.text
    assert "4.2 %" in page.text
    reason = "a law needs at least 4 sizes, found 1: 1,300"
    trained = "decoupled distillation from spectral_resnet-3000"
    assert f"No law for spectral_mlp ({trained}): {reason}." in page.text


def test_a_missing_mixed_model_has_its_reason(page: Page) -> None:
    assert f"No mixed model: {EFFECTS['reason']}." in page.text


def test_effects_have_sign_interval_and_p(study: Study, results: Results, tmp_path: Path) -> None:
    effects = {
        "formula": "mae_bpm ~ C(strategy)",
        "n_rows": 30,
        "n_subjects": 5,
        "n_seeds": 2,
        "subject_sd_bpm": 1.11,
        "seed_sd_bpm": 0.22,
        "strategy_sd_bpm": 0.33,
        "residual_sd_bpm": 0.44,
        "baseline": "scratch",
        "contrasts": [
            {
                "strategy": "soft",
                "to": "scratch",
                "difference_bpm": -0.66,
                "lower_bpm": -1.16,
                "upper_bpm": -0.16,
                "p_value": 0.01,
                "p_holm": 0.02,
            }
        ],
        "at_capacity": [
            {
                "params": 1_000,
                "strategy": "soft",
                "to": "scratch",
                "difference_bpm": -0.77,
                "lower_bpm": -1.27,
                "upper_bpm": -0.27,
                "p_value": 0.01,
                "p_holm": 0.03,
            }
        ],
        "crossings": [
            {
                "strategy": "soft",
                "params": 2_345.6,
                "lower_params": 0.5,
                "upper_params": 8e9,
                "says": "better below it",
            }
        ],
        "checks": {
            "skewness": 0.31,
            "excess_kurtosis": -0.42,
            "spread_with_level": 0.53,
            "influence": [
                {
                    "strategy": "soft",
                    "difference_bpm": -0.6,
                    "lowest_bpm": -0.7,
                    "highest_bpm": -0.1,
                    "subject": "s4",
                    "without_bpm": -0.1,
                }
            ],
        },
        "warnings": ["The MLE may be on the boundary of the parameter space."],
        "terms": [
            {
                "name": "soft",
                "estimate_bpm": -0.75,
                "lower_bpm": -1.25,
                "upper_bpm": -0.25,
                "p_value": 0.0001,
            },
            {
                "name": "dkd",
                "estimate_bpm": 0.5,
                "lower_bpm": -0.5,
                "upper_bpm": 1.5,
                "p_value": 0.25,
            },
        ],
    }
    page = render(study, replace(results, effects=effects), tmp_path / "report.html")
    assert "soft −0.75 −1.25 to −0.25 < 0.001" in page.text
    assert "soft targets from scratch −0.66 −1.16 to −0.16 0.020" in page.text
    assert "soft targets 1,000 −0.77 −1.27 to −0.27 0.030" in page.text
    assert "better below it: 2,350 parameters (under 1 to over 10⁹, 95 %)" in page.text
    assert "skewness +0.31, excess kurtosis −0.42" in page.text
    assert "soft targets −0.60 −0.70 to −0.10 s4: −0.10 without" in page.text
    assert "dkd +0.50 −0.50 to +1.50 0.250" in page.text
    assert "between subjects 1.11" in page.text
    assert "The MLE may be on the boundary" in page.text


def test_a_teacher_that_its_own_students_beat_is_flagged(
    study: Study, results: Results, tmp_path: Path
) -> None:
    def page_of(mae_bpm: float) -> Page:
        teachers = [("spectral_resnet-50000", {**TEACHER_METRICS, "mae_bpm": mae_bpm})]
        name = f"{mae_bpm}.html"
        return render(study, replace(results, teachers=teachers), tmp_path / name)

    flag = "✗ worse than its students"
    assert flag not in page_of(0.5).text
    assert flag in page_of(9.0).text
    assert "12 of its 12" in page_of(9.0).text, "four strategies learn from it, three students each"


def test_a_teacher_has_one_row_weighted_by_windows(
    study: Study, results: Results, tmp_path: Path
) -> None:
    metrics = [{**TEACHER_METRICS, "mae_bpm": e, "n_windows": n} for e, n in ((1, 30), (5, 10))]
    teachers = [("spectral_resnet-50000", one) for one in metrics]
    page = render(study, replace(results, teachers=teachers), tmp_path / "report.html")
    assert "spectral_resnet-50000 2 50,123 1.90 2.00" in page.text


def trained_on(*datasets: str) -> dict[str, Any]:
    """Metrics of a teacher that was trained elsewhere."""
    return {**TEACHER_METRICS, "estimates": {"simulated": {"trained_on": [*datasets]}}}


def test_rows_of_a_teacher_that_may_have_seen_the_tested_people_are_marked(
    study: Study, results: Results, tmp_path: Path
) -> None:
    """`spectral_resnet-50000` is the teacher of the sweep's students."""

    def text_of(metrics: dict[str, Any]) -> str:
        marked = replace(results, teachers=[("spectral_resnet-50000", metrics)])
        return render(study, marked, tmp_path / "report.html").text

    assert "†" not in text_of(TEACHER_METRICS)
    assert "†" not in text_of(trained_on("bami1"))
    seen = text_of(trained_on("bami1", "simulated"))
    assert (
        "spectral_resnet-50000† may have learned from simulated, on which it and its students"
        in seen
    )
    assert "Rows with † are not results on unseen people." in seen
    assert "soft targets from spectral_resnet-50000†" in seen
    assert "spectral_resnet-50000† 1 50,123" in seen
    tables = seen.split("By the figures that")[0].split("Students")[-1]
    assert not re.search(r"from spectral_resnet-50000(?!†)", tables)


@pytest.mark.parametrize(
    ("learned", "seen"),
    [(["a"], ["a"]), (["c"], None), (["b", "a"], ["a", "b"]), (None, ["a", "b"])],
)
def test_a_tested_dataset_is_unseen_only_if_that_is_known(
    learned: list[str] | None, seen: list[str] | None
) -> None:
    roles = {"dataset": ["a", "b", "c"], "role": ["test", "test", "train"]}
    metrics = {"estimates": {"a": {"trained_on": learned}}}
    found = maybe_seen([("theirs", metrics), ("ours", {})], pd.DataFrame(roles))
    assert found == ({} if seen is None else {"theirs": seen})


def test_every_trial_of_the_tuning_is_shown_with_its_error(sweep: Sweep, tmp_path: Path) -> None:
    tuning = {"student": "spectral_resnet-350", "teacher": "spectral_resnet-3000"}
    study = study_of(tuning=tuning)
    trials = [
        {"settings": {"temperature": t, "label_weight": 0}, "val_mae_bpm": e}
        for t, e in ((1, 2.25), (4, 3.5))
    ]
    won = {"settings": trials[0]["settings"], "trials": trials}
    results = replace(make_results(study, sweep, tmp_path), tuning=[("soft", won)])
    page = render(study, results, tmp_path / "report.html")
    assert "temperature 1, label weight 0 2.25 ✓" in page.text
    assert "temperature 4, label weight 0 3.50" in page.text
    assert "each on the student spectral_resnet-350 from spectral_resnet-3000" in page.text


def test_a_study_with_folds_says_what_choosing_within_each_fold_gives(
    sweep: Sweep, tmp_path: Path
) -> None:
    study = study_of(
        folds=2,
        datasets={"simulated": {"train": 0.34, "val": 0.16, "test": 0.5}},
    )
    results = make_results(study, sweep, tmp_path)
    folds = {f"s{who}": who % 2 for who in range(len(LEVEL_BPM))}
    subjects = results.subjects.assign(fold=results.subjects["subject"].map(folds).astype("Int64"))
    cells = pd.concat([results.cells.assign(fold=fold) for fold in (0, 1)], ignore_index=True)
    results = replace(results, cells=cells.astype({"fold": "Int64"}), subjects=subjects)
    page = render(study, results, tmp_path / "report.html")
    assert "2 folds by subject: every subject was tested once" in page.text
    # spectral_resnet-1000 has the lowest validation error in both folds: level + 100 / 1000
    assert "validation subjects alone, the MAE is 2.10 BPM" in page.text


def test_errors_are_listed_by_dataset_if_several_are_tested(
    study: Study, results: Results, tmp_path: Path
) -> None:
    names = sorted(set(results.subjects["subject"]))
    rows = [
        {"dataset": "simulated" if name == names[0] else "elsewhere", "subject": name}
        for name in names
    ]
    splits = pd.DataFrame(rows).assign(role="test")
    page = render(study, replace(results, splits=splits), tmp_path / "report.html")
    table = page.text.split("By dataset and strategy")[1]
    rows = re.findall(r"(simulated|elsewhere) from scratch (\d+) (\d+\.\d+)", table)
    assert [(name, int(count)) for name, count, _ in rows] == [
        ("simulated", 1),
        ("elsewhere", len(names) - 1),
    ]
    chosen = re.search(r"(\S+) evaluated on the test subjects", table)
    assert chosen
    own = results.subjects[
        (results.subjects["strategy"] == "scratch") & (results.subjects["student"] == chosen[1])
    ]
    first = own[own["subject"] == names[0]]["mae_bpm"].mean()
    others = own[own["subject"] != names[0]]
    assert [float(mae) for *_, mae in rows] == pytest.approx(
        [first, np.average(others["mae_bpm"], weights=others["n_windows"])], abs=0.006
    )


# Datasets that were left out, on the first screen


LEFT_OUT: dict[str, Any] = {
    "study": "unseen",
    "folds": "datasets",
    "datasets": {
        "bami1": {"train": 0.8, "val": 0.2, "test": 1},
        "wrist_exercise": {"train": 1, "test": 1},
        "welltory": {"train": 1, "test": 1, "ppg": ["ppg_1"], "acceleration": "still"},
    },
    "inputs": {"ppg_channels": 1},
}


def errors_on(dataset: str, level: float, **changes: Any) -> dict[str, Any]:
    """Row of `ppgkd.evaluation.by_dataset.errors_by_dataset`; its errors follow from a level."""

    def figure(estimate: float) -> dict[str, float]:
        return {"estimate": estimate, "lower": estimate - 0.01, "upper": estimate + 0.01}

    row = {
        "dataset": dataset,
        "activity": None,
        "n_windows": 1_234,
        "n_subjects": 7,
        "mae_bpm": figure(level + 2),
        "filtered_mae_bpm": figure(level),
        "valid": figure(0.5),
        "valid_mae_bpm": figure(level / 2),
        "valid_wrong": figure(level / 100),
    }
    return row | changes


def render_left_out(
    sweep: Sweep,
    folder: Path,
    left_out: list[dict[str, Any]],
    same: list[dict[str, Any]],
    **changes: Any,
) -> Page:
    study = study_of(**LEFT_OUT | changes)
    results = make_results(study, sweep, folder)
    quality = {**results.quality, "by_dataset": left_out}
    tested = [
        {"dataset": name, "subject": f"s{who}", "role": "test"}
        for who, name in enumerate(study.tested)
    ]
    splits = pd.DataFrame(tested)
    results = replace(results, quality=quality, other_people=same, splits=splits)
    return render(study, results, folder / "report.html")


ERRORS = [errors_on("bami1", 3.0), errors_on("wrist_exercise", 30.0), errors_on("welltory", 2.0)]


def test_the_first_box_has_the_worst_dataset_left_out_beside_its_other_people(
    sweep: Sweep, tmp_path: Path
) -> None:
    same = [errors_on("bami1", 1.0), errors_on("wrist_exercise", 9.0, n_subjects=5)]
    page = render_left_out(sweep, tmp_path, ERRORS, same, other_people=3)
    assert "Worst dataset left out of training: wrist_exercise" in page.verdict
    assert "the other datasets alone other people of it, too" in page.verdict
    rows = [
        "people tested 7 5",
        "MAE, single windows 32.00 31.99 to 32.01 11.00 10.99 to 11.01",
        "MAE, online filter 30.00 29.99 to 30.01 9.00 8.99 to 9.01",
        "valid 50 % 49 % to 51 % 50 % 49 % to 51 %",
        "MAE of valid 15.00 14.99 to 15.01 4.50 4.49 to 4.51",
        "of valid, off by over 10 BPM 30 % 29 % to 31 % 9 % 8 % to 10 %",
    ]
    assert " ".join(rows) in page.verdict
    assert "is not known:" not in page.verdict


@pytest.mark.parametrize(
    ("worst", "changes", "reason"),
    [
        ("wrist_exercise", {}, "the study has no folds by subject; the key other_people adds them"),
        ("welltory", {"other_people": 3}, "which of its recordings are of one person"),
        (
            "wrist_exercise",
            {"other_people": 8},
            "it has too few people to test some of them in each",
        ),
    ],
)
def test_where_other_people_are_not_known_the_first_box_says_why(
    worst: str, changes: dict[str, int], reason: str, sweep: Sweep, tmp_path: Path
) -> None:
    rows = [errors_on("bami1", 3.0), errors_on(worst, 30.0)]
    same = [errors_on("bami1", 1.0)] if changes else []
    page = render_left_out(sweep, tmp_path, rows, same, **changes)
    sentence = f"What it errs by on {worst} after learning from other people of it is not known: "
    assert sentence + reason in page.verdict
    assert "other people of it, too" not in page.verdict


def test_few_people_of_the_worst_dataset_are_called_so(sweep: Sweep, tmp_path: Path) -> None:
    rows = [errors_on("bami1", 3.0), errors_on("wrist_exercise", 30.0, n_subjects=3)]
    page = render_left_out(sweep, tmp_path, rows, [])
    assert "3 people say little about others." in page.verdict
    page = render_left_out(sweep, tmp_path, ERRORS, [])
    assert "say little about others" not in page.verdict.split("Worst dataset")[1].split("Gates")[0]


def test_a_dataset_whose_valid_estimates_are_worse_than_the_worsts_is_named(
    sweep: Sweep, tmp_path: Path
) -> None:
    wrong = {"estimate": 0.123, "lower": 0.1, "upper": 0.2}
    rows = [errors_on("bami1", 3.0, valid_wrong=wrong), errors_on("welltory", 5.0)]
    page = render_left_out(sweep, tmp_path, rows, [])
    assert "the share of valid estimates off by over 10 BPM is largest on bami1: 12 %" in (
        page.verdict
    )
    page = render_left_out(sweep, tmp_path, ERRORS, [])
    assert "is largest on" not in page.verdict


def test_silence_on_all_datasets_left_out_is_said(sweep: Sweep, tmp_path: Path) -> None:
    none = {"estimate": None, "lower": None, "upper": None}
    silent = {"valid_mae_bpm": none, "valid_wrong": none}
    page = render_left_out(sweep, tmp_path, [{**row, **silent} for row in ERRORS], [])
    assert "No estimate on any dataset left out is valid." in page.verdict
    assert "MAE of valid – of valid, off by over 10 BPM –" in page.verdict


def test_all_datasets_and_activities_have_their_row_further_down(
    sweep: Sweep, tmp_path: Path
) -> None:
    walk = errors_on("wrist_exercise", 40.0, activity="walk", n_subjects=4)
    same = [errors_on("wrist_exercise", 9.0), {**walk, "n_subjects": 2}]
    page = render_left_out(sweep, tmp_path, [*ERRORS[:2], walk, ERRORS[2]], same, other_people=3)
    table = page.text.split("By dataset and activity")[-1].split("By dataset and strategy")[0]
    found = re.findall(r"(\w*) (all|walk|people of it, too) 1,234 (\d) (\d+\.\d\d)", table)
    assert [(what, n_people, mae) for _, what, n_people, mae in found] == [
        ("all", "7", "5.00"),
        ("all", "7", "32.00"),
        ("people of it, too", "7", "11.00"),
        ("walk", "4", "42.00"),
        ("all", "7", "4.00"),
    ]
    assert "The people of welltory are recordings" in table
    assert page.open == []


def test_a_study_that_leaves_no_dataset_out_has_neither(page: Page) -> None:
    assert "left out of training" not in page.verdict
    assert "By dataset and activity" not in page.text


def test_one_dataset_has_no_table_of_its_own(page: Page) -> None:
    assert "By dataset" not in page.text


def test_rejected_windows_are_counted_by_reason(
    study: Study, results: Results, tmp_path: Path
) -> None:
    assert "No window was rejected." in render(study, results, tmp_path / "one.html").text
    some = replace(results, recordings=recordings_of(study, clipped=7, no_reference=2))
    page = render(study, some, tmp_path / "two.html")
    assert "rejected: clipped" in page.text
    assert "rejected: no reference" in page.text
    assert "rejected: flat" not in page.text
    found = "3 0.75 120 21 6 65 % 0.50 11.50"
    assert found in page.text, "recordings, hours, kept, clipped, no reference, good, motion, peak"


def test_the_data_report_lies_where_its_link_leads(page: Page) -> None:
    leave = [value for _, name, value in page.attributes if name == "href" and value[0] != "#"]
    assert leave == ["../data/report.html"], "from results/<study>/report/report.html"


def test_activities_are_listed_if_any_are_labelled(
    study: Study, results: Results, tmp_path: Path
) -> None:
    assert "Activity of the windows" not in render(study, results, tmp_path / "one.html").text
    changes = {"windows_unknown": 10, "windows_walk": 30}
    some = replace(results, recordings=recordings_of(study, **changes))
    assert "walk 75 %, unknown 25 %" in render(study, some, tmp_path / "two.html").text


def test_the_whole_configuration_is_in_the_page(page: Page, study: Study) -> None:
    assert " ".join(yaml.safe_dump(study.config, sort_keys=False).split()) in page.text


def test_a_study_without_teachers_has_its_page_too(sweep: Sweep, tmp_path: Path) -> None:
    study = study_of(strategies={"scratch": {}})
    results = make_results(study, sweep, tmp_path)
    page = render(study, results, tmp_path / "report.html")
    assert "Recommended: " in page.verdict
    assert "from scratch" in page.verdict
    assert "which needs a study with a teacher" in page.verdict
    assert "1 strategy" in page.text
    assert "without distillation" in page.text
    assert "fewer than the smallest teacher" not in page.verdict


def test_a_law_has_its_identified_parameters(page: Page) -> None:
    assert "E + A N^-a E 1.23 (1.01 to 1.45); A not identified; a 0.67 (0.51 to 0.89)" in page.text
    assert "spectral_resnet-700, seed 1: not finished" in page.text


def test_what_was_predicted_stands_beside_what_it_was(page: Page) -> None:
    row = "largest 4,000 power law floor 1.62 1.52 to 1.72 1.60 ✓ 1.71 1.59"
    assert row in page.text
    assert "+0.82 over the error of the nearest size, not defined over a line" in page.text


def claim_of(verdict: str, **row: Any) -> dict[str, Any]:
    row = {"estimate": 0.31, "lower": 0.11, "upper": 0.51, "unit": "BPM", "p_holm": 0.004} | row
    return {
        "claim": f"A claim that {verdict}",
        "verdict": verdict,
        "why": "gain over scratch",
        "n_subjects": 19,
        "comparisons": [{"compared": "all of them", "verdict": verdict, **row}],
    }


def test_the_claims_have_their_verdicts_and_what_these_rest_on(
    study: Study, results: Results, tmp_path: Path
) -> None:
    without = {"estimate": None, "lower": None, "upper": None, "p_holm": None}
    claims = [
        claim_of(HOLDS),
        claim_of(FAILS, estimate=-0.2, p_holm=0.04),
        claim_of(UNKNOWN, **without),
    ]
    page = render(study, replace(results, claims=claims), tmp_path / "report.html")
    for verdict in (HOLDS, FAILS, UNKNOWN):
        assert (
            f"A claim that {verdict}: {verdict} . gain over scratch; 19 test subjects." in page.text
        )
    assert "all of them: +0.31 BPM (+0.11 to +0.51), p < 0.01" in page.text
    assert "all of them: −0.20 BPM (+0.11 to +0.51), p 0.04" in page.text
    assert "all of them: one run" in page.text


def test_claims_are_no_table_which_a_phone_would_have_to_scroll(
    study: Study, results: Results, tmp_path: Path
) -> None:
    html = render(study, replace(results, claims=[claim_of(HOLDS)]), tmp_path / "report.html").html
    claims = html[html.index('<h3 id="claims">') : html.index("<h4>The cheapest student")]
    assert "<table" not in claims
    assert "white-space: nowrap" not in claims


def test_the_cheapest_student_of_each_family_has_its_costs_or_is_said_to_lack(
    study: Study, results: Results, tmp_path: Path
) -> None:
    students = results.students.assign(val_mae_bpm=9.0, macs=results.students["params"])
    good = students["student"].isin(["spectral_resnet-350", "spectral_resnet-1000"])
    students.loc[good, "val_mae_bpm"] = 2.4
    told = replace(results, students=students, claims=[claim_of(HOLDS)])
    page = render(study, told, tmp_path / "report.html")
    part = page.text[page.text.index("The cheapest student of each family") :]
    assert "spectral_resnet-350, from scratch 350" in part
    assert "No student of spectral_mlp is so accurate on validation subjects." in part


def test_a_law_is_also_told_in_other_costs(page: Page) -> None:
    assert "multiply-accumulates 905,000 1,020,000 E + A N^-a: E 1.11 (1 to 1.2)" in page.text


def test_the_costs_of_a_student_have_the_front_ends_part_beside_them(
    study: Study, results: Results, tmp_path: Path
) -> None:
    costs = {"macs": 950_001, "front_end_macs": 860_002, "flash_bytes": 640_030}
    costs |= {"ram_bytes": 9_100, "instructions": 1_234_567, "measured_on": "Cortex-M33"}
    times = {"latency_p99_ms": 0.7654, "front_end_latency_p99_ms": 0.4321}
    told = replace(results, students=results.students.assign(**costs, **times))
    page = render(study, told, tmp_path / "report.html")
    row = "950,001 860,002 640 9.1 1,234,567 0.77 0.43"
    assert page.text.count(row) > len(results.students), "all students, and those on the front"


def test_a_planned_student_has_its_constraints_and_measured_results(
    study: Study, results: Results, tmp_path: Path
) -> None:
    planned = {
        "constraints": {"max_mae_bpm": 2.5, "max_latency_ms": None, "max_bytes": 64_000.0},
        "met": True,
        "strategy": "soft",
        "teacher": "spectral_resnet-3000",
        "student": "spectral_resnet-777",
        "params": 777,
        "mae_bpm": 2.41,
        "mae_lower_bpm": 2.31,
        "mae_upper_bpm": 2.51,
        "latency_p99_ms": 0.111,
        "onnx_bytes": 12_345.0,
        "flash_bytes": 20_100.0,
        "ram_bytes": 30_100.0,
        "instructions": 900_001.0,
        "in_sweep": False,
        "caveats": ["extrapolated"],
        "measured": {
            "mae_bpm": 2.61,
            "latency_p99_ms": 0.122,
            "latency_busy": True,
            "onnx_bytes": 12_346,
            "macs": 901_234,
            "flash_bytes": 20_200,
            "ram_bytes": 30_200,
            "instructions": 900_101,
            "covered": False,
        },
    }
    page = render(study, replace(results, plan=[planned]), tmp_path / "report.html")
    assert "mae bpm ≤ 2.5, bytes ≤ 64000" in page.text
    assert (
        "777 2.41 2.31 to 2.51 2.61 ✗ 0.11, 0.12 * 12.3, 12.3 901,234 20.1, 20.2 30.1, 30.2 "
        "900,000, 900,000" in page.text
    )
    assert "spectral_resnet-777, soft targets from spectral_resnet-3000: extrapolated." in page.text


def test_laws_in_both_sizes_are_listed_or_the_reason_why_not(
    study: Study, results: Results, tmp_path: Path
) -> None:
    told = {"E": {"estimate": 2.0, "lower": 1.5, "upper": 2.5}}
    untold = {"b": {"estimate": 1.0, "lower": 0.1, "upper": 5.0}}
    additive = {
        "describe": "E + A S^-a",
        "formula": "E + A S^-a + B T^-b",
        "parameters": told | untold,
        "identified": {"E": True, "b": False},
        "residual_sd": 0.031,
        "status": CONVERGED,
    }
    joint = [
        {"strategy": "soft", "family": "spectral_resnet", "form": "additive", **additive},
        {
            "strategy": "soft",
            "family": "spectral_resnet",
            "form": "capacity_gap",
            "reason": "no gap",
        },
    ]
    laws = {**FITTED, "joint": joint}
    page = render(study, replace(results, laws=laws), tmp_path / "report.html")
    assert "spectral_resnet, soft targets E + A S^-a + B T^-b: E 2 (1.5 to 2.5)" in page.text
    assert "b not identified; residual SD 3.1 %" in page.text
    assert "capacity gap: no law for spectral_resnet with soft targets; no gap." in page.text


def test_a_fit_that_did_not_converge_is_reported_with_its_reason(
    study: Study, results: Results, tmp_path: Path
) -> None:
    reason = "the maximum number of evaluations was reached"
    failed = CONVERGED | {"converged": False, "reason": reason}
    form = LAWS[0]["forms"]["power_law_floor"] | {"status": failed}
    law = {key: value for key, value in LAWS[0].items() if key not in ("chosen", "held_out")}
    law |= {"forms": {"power_law_floor": form}, "reason": f"no fit converged ({reason})"}
    page = render(study, replace(results, laws={**FITTED, "laws": [law]}), tmp_path / "report.html")
    assert f"no fit converged ({reason})." in page.text
    assert f"✗ did not converge : {reason} (9 evaluations) 99.8 %" in page.text


def test_the_page_has_the_reduction_of_the_error_by_the_filter(page: Page) -> None:
    assert "It reduces the MAE by 50 %" in page.text


def test_the_page_has_both_files_with_what_they_cost(page: Page) -> None:
    assert "float32 15.4 0.11 0.11 0.11 0.057 2.3 1,234,567 98,765 3,688 45,678" in page.text
    assert "int8 21.1 0.11" in page.text
    assert "Int8 changes the MAE by +0.01 BPM on the same test windows" in page.text


def test_flash_ram_and_instructions_that_were_measured_are_in_the_first_box(
    study: Study, results: Results, tmp_path: Path
) -> None:
    costs = {"flash_bytes": 25_412, "ram_bytes": 10_184, "instructions": 1_408_564}
    students = results.students.assign(**costs, measured_on="Cortex-M4F")
    profile = PROFILE | {"microcontroller": [MEASURED], "not_measured": None}
    told = replace(results, students=students, profile=profile)
    page = render(study, told, tmp_path / "report.html")
    assert "What it costs on a Cortex-M4F 25.4 kB flash: code, tables and weights" in page.verdict
    assert "10.2 kB RAM: variables and stack" in page.verdict
    assert "1,410,000 instructions for each 2 s of signal" in page.verdict
    row = "Cortex-M4F float32 25.4 10.2 808 1,408,564 323 2.2 120 26 614"
    assert "Sources of the cycles: Cortex-M4F: a manual." in page.text
    assert row in page.text


def test_a_student_that_was_not_measured_says_why_in_the_first_box(page: Page) -> None:
    assert "not measured flash, RAM and instructions" in page.verdict
    assert "the compiler is at lunch" in page.verdict


def test_the_estimate_for_microcontrollers_is_called_one(page: Page) -> None:
    assert "Not measured : the compiler is at lunch. These are estimates" in page.text
    assert "Cortex-M4F float32 120 20.5 40.5 11,000,000 92" in page.text


def test_a_recommended_student_that_eight_bits_spoil_is_marked(
    study: Study, results: Results, tmp_path: Path
) -> None:
    quantised = {"loss_bpm": 0.4, "max_loss_bpm": 0.1, "too_costly": True}
    spoilt = replace(results, profile=PROFILE | {"quantised": quantised})
    text = render(study, spoilt, tmp_path / "report.html").text
    assert "by +0.40 BPM – more than the 0.1 that the study allows" in text


def test_any_student_that_eight_bits_spoil_is_marked(
    study: Study, results: Results, tmp_path: Path
) -> None:
    students = results.students.assign(int8_loss_bpm=[0.5, *[0.0] * (len(results.students) - 1)])
    page = render(study, replace(results, students=students), tmp_path / "report.html")
    assert ("no", "+0.50 ✗") in page.spans


def test_a_shifted_reference_is_named(study: Study, results: Results, tmp_path: Path) -> None:
    shifted = alignment_of(recording="BAMI1_5", lag_s=8.0, flagged=True)
    text = render(study, replace(results, alignment=shifted), tmp_path / "report.html").text
    assert "BAMI1_5 is shifted: the reference fits the signal better at another lag." in text
    assert "The references are used as published" in text


def test_where_none_is_shifted_the_page_says_so(page: Page) -> None:
    assert "none is shifted." in page.text


def test_constraints_without_a_law_have_the_reason(
    study: Study, results: Results, tmp_path: Path
) -> None:
    constraints = {"max_mae_bpm": 2.0, "max_latency_ms": None, "max_bytes": None}
    unanswered = replace(
        results, plan=[{"constraints": constraints, "reason": "The study has no law."}]
    )
    text = render(study, unanswered, tmp_path / "report.html").text
    assert "No student is planned for mae bpm ≤ 2. The study has no law." in text


def test_where_no_size_could_be_left_out_the_page_says_so(
    study: Study, results: Results, tmp_path: Path
) -> None:
    laws = {**results.laws, "skill": None}
    text = render(study, replace(results, laws=laws), tmp_path / "report.html").text
    assert "No size could be held out" in text


def test_an_interval_over_few_test_subjects_is_called_so_in_the_first_box(
    study: Study, results: Results, tmp_path: Path
) -> None:
    two = results.subjects["subject"].isin(sorted(results.subjects["subject"].unique())[:2])
    few = replace(results, subjects=results.subjects[two])
    page = render(study, few, tmp_path / "few.html")
    assert "95 % interval" not in page.verdict
    assert "by person, too few for an interval" in page.verdict
    assert "2 people say little about others." in page.verdict
    assert "over 2 test subjects. So few say little about other people." in page.text


def test_enough_test_subjects_are_counted_without_a_warning(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, with_more_people(results), tmp_path / "many.html")
    assert "So few say little about other people" not in page.text

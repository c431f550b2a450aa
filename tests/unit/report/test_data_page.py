"""The data report: made from hand-made tables, read as a browser reads it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.recording_summaries import recording_summaries, reference_ranks
from tests.unit.report.page_reader import Page

from ppgkd.datasets.registry import get_dataset, simulated_dataset
from ppgkd.report.data_page import StudyData, write_data_report
from ppgkd.report.figures.data import draw_data_figures
from ppgkd.report.html import row_id

BAMI, SPC = get_dataset("bami1"), get_dataset("ieee_spc_train")
DATASETS = (BAMI, SPC, simulated_dataset(2))
TITLES = {dataset.name: dataset.title for dataset in DATASETS}


def render(folder: Path, recordings: pd.DataFrame, **changes: Any) -> Page:
    ranks = reference_ranks(recordings, **changes.pop("ranks", {}))
    about = {
        "study": "mine",
        "datasets": [d for d in DATASETS if d.name in set(recordings["dataset"])],
        "files": BAMI.recordings[0].files,
        "windows": {"length_s": 8, "stride_s": 2},
        **changes,
    }
    figures = {name: folder / f"{name}.json" for name in ("heart_rates", "difficulty")}
    draw_data_figures(recordings, TITLES, figures)
    write_data_report(StudyData(**about), recordings, ranks, figures, folder / "report.html")
    return Page((folder / "report.html").read_text(encoding="utf-8"))


VERDICTS = (
    ({}, 3, "Yes, as they are"),
    ({}, 2, "Yes, as they are, but not to train on alone"),
    ({"shared_lag_s": 5.0, "shared_lower_s": 4.5, "shared_upper_s": 5.5, "lag_s": 5.0,
      "lag_lower_s": 4.5, "lag_upper_s": 5.5}, 3, "Yes, once they are corrected"),
    ({"constant_reference": 1}, 3, "No: do not train on them"),
)  # fmt: skip


def two_datasets() -> pd.DataFrame:
    return pd.concat(
        [recording_summaries("bami1", 3), recording_summaries("ieee_spc_train", 2)],
        ignore_index=True,
    )


@pytest.fixture
def recordings() -> pd.DataFrame:
    return two_datasets()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return render(tmp_path_factory.mktemp("page"), two_datasets())


def test_the_page_is_one_complete_file(page: Page) -> None:
    assert page.open == []
    assert not {"link", "iframe", "object", "base", "embed"} & set(page.tags)
    assert page.tags.count("script") == 2 + 3, "two figures, their data, Vega, and the page's own"
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert len(images) == 2
    assert all(image.startswith("data:image/svg+xml;base64,") for image in images)


def test_links_lead_somewhere(page: Page) -> None:
    places = {value for _, name, value in page.attributes if name == "id"}
    links = {value for _, name, value in page.attributes if name == "href"}
    assert links
    assert links <= {f"#{place}" for place in places}


@pytest.mark.parametrize(("changes", "subjects", "answer"), VERDICTS)
def test_the_page_begins_with_whether_the_recordings_can_be_used(
    tmp_path: Path, changes: dict[str, float], subjects: int, answer: str
) -> None:
    page = render(tmp_path, recording_summaries("bami1", subjects, **changes))
    before_numbers, _ = page.verdict.split("In five numbers")
    asked = (
        "Can these recordings be used? Data report of the study mine : BAMI-1. Nothing was trained."
    )
    assert f"{asked} {answer} BAMI-1: " in before_numbers


def test_datasets_of_which_one_must_be_corrected_are_told_apart(tmp_path: Path) -> None:
    bad = recording_summaries("ieee_spc_train", 2, constant_reference=1)
    both = pd.concat([recording_summaries("bami1", 3), bad], ignore_index=True)
    text = render(tmp_path, both).verdict
    assert "Not all of them as they are BAMI-1: ✓ usable" in text
    assert f"{SPC.title}: ✗ not usable To correct Reference : one value throughout" in text


def test_figures_say_what_they_show_in_words(tmp_path: Path) -> None:
    some = {"windows_hr_70": 20, "windows_hr_100": 12, "windows_hr_150": 8}
    moving = {"windows_vigorous": 20, "windows_still": 20}
    errors = {"peak_mae_still_bpm": 2.0, "peak_mae_vigorous_bpm": 21.0}
    page = render(tmp_path, recording_summaries("bami1", 2, **some, **moving, **errors))
    said = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert said == [
        "Histogram of the reference. BAMI-1: the middle half of the windows lies from 70 to "
        "110 BPM, 20\u00a0% at 150 BPM and above.",
        "Error of the spectral peak of each recording: 11.5 BPM; by motion it is "
        "2.0 BPM still, 21.0 BPM vigorous.",
    ]


def test_the_first_box_adds_up_all_datasets(page: Page) -> None:
    assert "1.2 h 5 recordings of 3 subjects" in page.verdict, "s0 and s1 are in both"
    assert "200 accepted windows of 200" in page.verdict
    assert "65 % of these" in page.verdict


def test_every_dataset_subject_and_recording_has_its_row(page: Page) -> None:
    assert "BAMI-1 3 3 45 120 65 % 11.5 0.50" in page.text
    assert "r2 bami1 s2 15 40 65 % 11.5 0.50" in page.text
    assert "r1 ieee_spc_train s1 15 40 65 % 11.5 0.50" in page.text


def test_subjects_have_a_table_if_any_has_several_recordings(tmp_path: Path, page: Page) -> None:
    assert "Each subject has one recording" in page.text
    several = recording_summaries("bami1", 3).assign(subject=["s0", "s0", "s1"])
    text = render(tmp_path, several).text
    assert "s0 bami1 2 30 80 65 % 11.5 0.50" in text
    assert "Each subject has one recording" not in text


def test_figures_lead_to_the_row_of_a_recording(page: Page) -> None:
    names = {value for tag, name, value in page.attributes if (tag, name) == ("tr", "id")}
    assert row_id("recording", "bami1", "r2") in names
    assert len(names) == 5


def test_rejected_windows_are_counted_by_reason(tmp_path: Path) -> None:
    page = render(tmp_path, recording_summaries("bami1", 2, clipped=7))
    assert "80 accepted windows of 94" in page.verdict
    assert "rejected: clipped" in page.text
    assert "rejected: flat" not in page.text
    assert "BAMI-1 2 2 30 80 14 65 %" in page.text


def test_recordings_that_are_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    doubtful = replace(BAMI.recordings[4], doubt="its reference is 7.5 s early")
    datasets = [replace(BAMI, left_out=(doubtful,))]
    page = render(tmp_path, recording_summaries("bami1", 1), datasets=datasets)
    assert "BAMI1_5 of BAMI-1 is left out: its reference is 7.5 s early" in page.text


def test_a_histogram_has_a_bar_for_every_rate_that_occurs(tmp_path: Path) -> None:
    changes = {"windows_hr_70": 30, "windows_hr_150": 10}
    page = render(tmp_path, recording_summaries("bami1", 1, **changes))
    bars = [tag for tag, *pair in page.attributes if (tag, *pair) == ("rect", "class", "bar")]
    assert len(bars) == 2 * 2, "the dataset's and the recording's"


def test_it_says_what_an_oracle_could_do_by_dataset_and_activity(tmp_path: Path) -> None:
    labelled = two_datasets().assign(windows_walk=40, windows_unknown=0)
    page = render(tmp_path, labelled, ranks={"activity": "walk"})
    row, cadence = "50 % 20 % 0 % 30 % 11.5 2.5 9.5 15 %", "50 % 25 % 15 % 50 %"
    assert f"BAMI-1 walk 120 {row}" in page.text
    assert f"BAMI-1 walk {cadence}" in page.text
    assert f"r0 bami1 walk 40 {row} {cadence}" in page.text


def test_without_motion_nothing_is_said_of_the_cadence(tmp_path: Path, page: Page) -> None:
    still = {"moving": 0, "reference_on_cadence": 0, "motion_wins": 0}
    text = render(tmp_path, recording_summaries("bami1", 1), ranks=still).text
    assert "BAMI-1 40 50 % 20 % 0 % 30 % 11.5 2.5 9.5 15 % The oracle" in text
    assert "reference on the cadence" in page.text
    assert "reference on the cadence" not in text


def test_without_a_reference_what_needs_one_is_not_there_and_a_sentence_says_why(
    tmp_path: Path,
) -> None:
    changes = {"spectral_peak_mae_bpm": np.nan, "windows_hr_70": 0}
    page = render(tmp_path, recording_summaries("bami1", 3, **changes))
    assert "No recording has a reference" in page.text
    assert "no recording has a reference" in page.verdict
    assert "figure" not in page.tags
    assert "Why it fails" not in page.text.split("Methods")[0].split("Sources")[0]


@pytest.mark.parametrize(
    ("subjects", "split"), [(2, None), (3, "folds: 3"), (10, "folds: 5"), (25, "test: 0.2")]
)
def test_the_verdict_ends_in_the_split_for_so_many_subjects(
    tmp_path: Path, subjects: int, split: str | None
) -> None:
    page = render(tmp_path, recording_summaries("bami1", subjects))
    assert ("Split to use" in page.text) == (split is not None)
    assert split is None or split in page.text


def test_shifted_references_are_named_with_their_lag(tmp_path: Path) -> None:
    recordings = recording_summaries("bami1", 3)
    assert "No recording is shifted against the others" in render(tmp_path, recordings).text
    recordings.loc[1, ["lag_s", "lag_flagged"]] = [-7.5, True]
    recordings.loc[2, ["lag_s", "lag_note"]] = [np.nan, "not identified: too short"]
    page = render(tmp_path, recordings)
    assert "r1 (−7.5 s) is shifted" in page.text
    assert "A lag is identified in 2 of 3 recordings" in page.text
    assert "not identified: too short" in page.text


def test_the_verdict_names_a_lag_that_all_references_share(tmp_path: Path) -> None:
    late = {"shared_lag_s": 5.0, "shared_lower_s": 4.5, "shared_upper_s": 5.5}
    own = {"lag_s": 5.0, "lag_lower_s": 4.5, "lag_upper_s": 5.5}
    page = render(tmp_path, recording_summaries("bami1", 2, **late, **own))
    assert "✗ usable with corrections" in page.text
    assert "all references together are 5 s late" in page.text
    assert "reference_lag_s: 5.0" in page.text
    assert "Subjects : 2; a study needs" in page.text


def test_poor_contact_in_a_registered_dataset_is_a_note(tmp_path: Path) -> None:
    """Its reader is tested, so nothing is described wrongly."""
    recordings = recording_summaries("bami1", 3)
    recordings.loc[1, "pulse_windows"] = 2
    page = render(tmp_path, recordings)
    assert "although the wrist is still, in r1: poor contact" in page.text
    assert "BAMI-1: ✓ usable To know Contact" in page.text


@pytest.mark.parametrize(
    ("acc_channels", "why"),
    [(3, "the wrist is rarely still"), (0, "there is no accelerometer")],
)
def test_why_contact_was_not_judged_is_said(tmp_path: Path, acc_channels: int, why: str) -> None:
    moving = recording_summaries("bami1", 2, still_windows=0, pulse_windows=0)
    page = render(tmp_path, moving, datasets=[replace(BAMI, acc_channels=acc_channels)])
    assert f"Contact : not judged, for {why}" in page.text


def test_a_reference_that_the_study_moved_is_said(tmp_path: Path) -> None:
    recordings = recording_summaries("bami1", 2).assign(reference_lag_s=[0.0, 6.5])
    assert "corrected by (s)" in (text := render(tmp_path, recordings).text)
    assert "r1 BAMI-1 +0.5 0.0 to +1.0 +6.5" in text


def test_activities_are_listed_if_any_are_labelled(tmp_path: Path, page: Page) -> None:
    assert "No dataset here has labels of activity." in page.text
    labelled = recording_summaries("bami1", 1, windows_unknown=10, windows_cycle=30)
    text = render(tmp_path, labelled).text
    assert "cycle 75 %, unknown 25 %" in text
    assert "No dataset here says" not in text


def test_what_is_not_known_is_a_dash(tmp_path: Path) -> None:
    nothing = {"motion_g": np.nan, "good_share": np.nan, "spectral_peak_mae_bpm": np.nan}
    lost = {"kept": 0, "windows_hr_70": 0, "windows_still": 0, "windows_unknown": 0}
    page = render(tmp_path, recording_summaries("bami1", 1, **nothing, **lost))
    assert "nan" not in page.text.split()
    assert "r0 bami1 s0 15 0 – – – –" in page.text


def test_terms_citation_and_raw_files_are_listed(page: Page) -> None:
    for dataset in (BAMI, SPC):
        assert dataset.citation in page.text
        assert " ".join(dataset.terms.split()) in page.text
    assert BAMI.recordings[0].files[0].sha256 in page.text


def test_simulated_data_are_called_so(tmp_path: Path, page: Page) -> None:
    assert "simulated." not in page.text
    alone, another = recording_summaries("simulated", 2), recording_summaries("bami1", 1)
    assert "These data are simulated." in render(tmp_path, alone).before_first_table
    both = render(tmp_path, pd.concat([alone, another], ignore_index=True))
    assert "Some of these data are simulated." in both.before_first_table


def test_the_page_is_the_same_byte_for_byte_when_made_again(
    tmp_path: Path, recordings: pd.DataFrame
) -> None:
    assert render(tmp_path / "a", recordings).html == render(tmp_path / "b", recordings).html


def test_markup_in_names_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    page = render(
        tmp_path, recording_summaries("bami1", 1).assign(subject="<b>x</b>", recording="<i>y")
    )
    assert "<b>x</b>" in page.text
    assert "i" not in page.tags

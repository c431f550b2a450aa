"""The data report: made from hand-made tables, read as a browser reads it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.recording_summaries import recording_summaries, reference_ranks
from tests.unit.report.test_page import Page

from ppgkd.datasets.registry import get_dataset, simulated_dataset
from ppgkd.report.data_figures import draw_data_figures
from ppgkd.report.data_page import StudyData, write_data_report

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
    figures = {name: folder / f"{name}.svg" for name in ("heart_rates", "difficulty")}
    draw_data_figures(recordings, TITLES, figures)
    write_data_report(StudyData(**about), recordings, ranks, figures, folder / "report.html")
    return Page((folder / "report.html").read_text(encoding="utf-8"))


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
    assert not {"script", "link", "iframe", "object", "base", "embed"} & set(page.tags)
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert len(images) == 2
    assert all(image.startswith("data:image/svg+xml;base64,") for image in images)


def test_links_lead_somewhere(page: Page) -> None:
    places = {value for _, name, value in page.attributes if name == "id"}
    links = {value for _, name, value in page.attributes if name == "href"}
    assert links
    assert links <= {f"#{place}" for place in places}


def test_the_first_box_adds_up_all_datasets(page: Page) -> None:
    assert "1.2 h 5 recordings of 3 subjects" in page.verdict, "s0 and s1 are in both"
    assert "200 accepted windows of 200" in page.verdict
    assert "65% of these" in page.verdict


def test_every_dataset_subject_and_recording_has_its_row(page: Page) -> None:
    assert "BAMI-1 3 3 0.75 120 65% 11.5 0.50" in page.text
    assert "bami1 s2 1 0.25 40 65% 11.5 0.50" in page.text
    assert "ieee_spc_train r1 s1 0.25 40 65% 11.5 0.50" in page.text


def test_rejected_windows_are_counted_by_reason(tmp_path: Path) -> None:
    page = render(tmp_path, recording_summaries("bami1", 2, clipped=7))
    assert "80 accepted windows of 94" in page.verdict
    assert "rejected: clipped" in page.text
    assert "rejected: flat" not in page.text
    assert "BAMI-1 2 2 0.50 80 14 65%" in page.text


def test_recordings_that_are_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    doubtful = replace(BAMI.recordings[4], doubt="its reference is 7.5 s early")
    datasets = [replace(BAMI, left_out=(doubtful,))]
    page = render(tmp_path, recording_summaries("bami1", 1), datasets=datasets)
    assert "BAMI1_5 of BAMI-1 is left out: its reference is 7.5 s early" in page.text


def test_a_histogram_has_a_bar_for_every_rate_that_occurs(tmp_path: Path) -> None:
    changes = {"windows_hr_70": 30, "windows_hr_150": 10}
    page = render(tmp_path, recording_summaries("bami1", 1, **changes))
    bars = [value for tag, name, value in page.attributes if (name, value) == ("class", "bar")]
    assert len(bars) == 2 * 3, "the dataset's, the subject's and the recording's"


def test_it_says_what_an_oracle_could_do_by_dataset_and_activity(tmp_path: Path) -> None:
    page = render(tmp_path, two_datasets(), ranks={"activity": "walk"})
    row = "120 50 % 20 % 0 % 30 % 11.5 2.5 9.5 15 % 50 % 25 % 15% 50 %"
    assert f"BAMI-1 walk {row}" in page.text
    assert f"bami1 r0 walk {row.replace('120', '40', 1)}" in page.text


def test_without_motion_nothing_is_said_of_the_cadence(tmp_path: Path) -> None:
    still = {"moving": 0, "reference_on_cadence": 0, "motion_wins": 0}
    page = render(tmp_path, recording_summaries("bami1", 1), ranks=still)
    assert "BAMI-1 unknown 40 50 % 20 % 0 % 30 % 11.5 2.5 9.5 15 % 0 % – – –" in page.text


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
    assert "r1 (-7.5 s) is shifted" in page.text
    assert "A lag is identified in 2 of 3 recordings" in page.text
    assert "not identified: too short" in page.text


def test_the_verdict_names_a_lag_that_all_references_share(tmp_path: Path) -> None:
    late = {"shared_lag_s": 5.0, "shared_lower_s": 4.5, "shared_upper_s": 5.5}
    own = {"lag_s": 5.0, "lag_lower_s": 4.5, "lag_upper_s": 5.5}
    page = render(tmp_path, recording_summaries("bami1", 2, **late, **own))
    assert "✗ usable with corrections" in page.text
    assert "all references together are 5 s late" in page.text
    assert "reference_lag_s: 5.0" in page.text
    assert "subjects: 2; a study needs" in page.text


def test_poor_contact_in_a_registered_dataset_is_a_note(tmp_path: Path) -> None:
    """Its reader is tested, so nothing is described wrongly."""
    recordings = recording_summaries("bami1", 3)
    recordings.loc[1, "pulse_windows"] = 2
    page = render(tmp_path, recordings)
    assert "although the wrist is still, in r1: poor contact" in page.text
    assert "BAMI-1 : usable. " in page.text


@pytest.mark.parametrize(
    ("acc_channels", "why"),
    [(3, "the wrist is rarely still"), (0, "there is no accelerometer")],
)
def test_why_contact_was_not_judged_is_said(tmp_path: Path, acc_channels: int, why: str) -> None:
    moving = recording_summaries("bami1", 2, still_windows=0, pulse_windows=0)
    page = render(tmp_path, moving, datasets=[replace(BAMI, acc_channels=acc_channels)])
    assert f"contact: not judged, for {why}" in page.text


def test_a_reference_that_the_study_moved_is_said(tmp_path: Path) -> None:
    recordings = recording_summaries("bami1", 2).assign(reference_lag_s=[0.0, 6.5])
    assert "corrected by (s)" in (text := render(tmp_path, recordings).text)
    assert "r1 +0.5 +0.0 to +1.0 +6.5" in text


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
    assert "bami1 s0 1 0.25 0 – – – –" in page.text


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

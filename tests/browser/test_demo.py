"""The student in the browser: the numbers of `ppgkd predict`, or why not; and nothing leaves it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.cases import every_scheme, every_width
from tests.browser.conftest import FinishedStudy, OpenPage
from tests.browser.demo_folder import (
    HOSTILE,
    make_demo,
    model_at,
    recordings_of,
    served,
    simulated,
)
from tests.browser.measured import findings
from tests.browser.opened import Scheme
from tests.browser.studies import FOLDS

from ppgkd.datasets.registry import get_dataset
from ppgkd.demo.web_files import has_web_files
from ppgkd.inference.predict import RecordingPrediction, predict_recording
from ppgkd.inference.predict_dataset import reference_at

TOLERANCE_BPM = 0.01
ENOUGH_MS = 120_000
NUMBERS = ("bpm", "sd_bpm", "window_bpm", "window_sd_bpm")
CHANNELS = ["ppg_1", "acc_x", "acc_y", "acc_z"]

OpenDemo = Callable[[], Page]


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a recording of BAMI-1, which the packaged student has not seen, where there is one."""
    if not has_web_files():
        pytest.skip("python envs/install_web.py has not been run")
    mirror = Path(os.environ.get("PPGKD_MIRROR", "none"))
    dataset = get_dataset("bami1")
    entry = dataset.recordings[0]
    is_here = all((mirror / file.local).is_file() for file in entry.files)
    real = [(dataset, dataset.read(entry, mirror))] if is_here else []
    return make_demo(tmp_path_factory.mktemp("demo"), real)


@pytest.fixture
def open_demo(demo: Path, open_page: OpenPage) -> Iterator[OpenDemo]:
    with served(demo) as address:

        def open_() -> Page:
            page = open_page(address)
            page.wait_for_selector("#choose:not([hidden])")
            return page

        yield open_


@pytest.fixture(scope="module")
def long_log() -> pd.DataFrame:
    """Ten minutes at 50 Hz."""
    recording = simulated(5, 600)
    return pd.DataFrame(recording.signal.T, columns=recording.channels)[CHANNELS]


def run_log(page: Page, path: Path, rate_hz: float | str = 50) -> None:
    page.fill("#rate", str(rate_hz))
    page.set_input_files("#file", path)


def saved_estimates(page: Page, folder: Path) -> pd.DataFrame:
    """The table that the page saves when it is done."""
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
    with page.expect_download() as download:
        page.click("#download")
    path = folder / "estimates.csv"
    download.value.save_as(path)
    return pd.read_csv(path).fillna({"reason": ""})


def assert_equal(found: pd.DataFrame, prediction: RecordingPrediction) -> None:
    expected = prediction.rounded
    assert list(found.columns) == list(expected.columns)
    assert len(found) == len(expected)
    for name in found.columns:
        if name in NUMBERS:
            np.testing.assert_allclose(found[name], expected[name], atol=TOLERANCE_BPM)
        elif name in ("start_s", "end_s"):
            np.testing.assert_allclose(found[name], expected[name], atol=2e-3)
        else:
            assert list(found[name]) == list(expected[name]), name


def largest_difference_bpm(found: pd.DataFrame, prediction: RecordingPrediction) -> float:
    return float((found["bpm"] - prediction.rounded["bpm"]).abs().max())


def test_recordings_have_the_numbers_of_predict(
    demo: Path, open_demo: OpenDemo, tmp_path: Path, figures: list[str]
) -> None:
    page = open_demo()
    for number, (table, model, rate_hz) in enumerate(recordings_of(demo)):
        page.locator(".choices button").nth(number).click()
        found = saved_estimates(page, tmp_path)
        expected = predict_recording(table, model, rate_hz)
        assert_equal(found, expected)
        assert page.inner_text("#summary") == expected.summary
        figures.append(
            f"{table.stem}: {len(found)} estimates, off by at most "
            f"{largest_difference_bpm(found, expected):.3f} BPM from ppgkd predict"
        )


def faulty(log: pd.DataFrame, kind: str) -> pd.DataFrame:
    time_s = np.arange(len(log)) / 50
    if kind == "lost samples":
        lost = log.copy()
        lost.loc[1000:1007, "ppg_1"] = np.nan
        lost.loc[3000:3400, "ppg_1"] = 0
        lost.loc[5000:9000, "acc_y"] = np.nan
        return lost
    if kind == "time stamps with gaps":
        stamped = log.assign(time_s=np.round(time_s + 12.5, 3), note="walk")
        return stamped.drop(index=[*range(2000, 2100), 4000, *range(9000, 9500)])
    if kind == "date-times":
        moments = pd.Timestamp("2026-05-04 23:58") + pd.to_timedelta(time_s, unit="s")
        return log.assign(timestamp=moments.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3] + "+02:00")
    if kind == "late batches, some lost":
        batch = np.arange(len(log)) // 12
        late_s = np.random.default_rng(0).uniform(0, 0.1, batch[-1] + 1)
        stamped = log.assign(time_s=12 * (batch + 1) / 50 + late_s[batch])
        return stamped[~np.isin(batch, [100, 101, 1700])]
    if kind == "a drifting clock":
        return log.assign(time_s=(time_s + 0.3 * np.sin(time_s / 60)).round(2))
    assert kind == "a clock of its own"
    return log.assign(time_s=np.arange(len(log)) / 49.87)


@pytest.mark.parametrize(
    "kind",
    [
        "lost samples",
        "time stamps with gaps",
        "date-times",
        "a clock of its own",
        "late batches, some lost",
        "a drifting clock",
    ],
)
def test_a_log_has_the_numbers_of_predict(
    demo: Path, open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "walk.csv"
    faulty(long_log, kind).to_csv(path, index=False)
    page = open_demo()
    run_log(page, path)
    expected = predict_recording(path, model_at(demo, 50), 50)
    assert_equal(saved_estimates(page, tmp_path), expected)
    assert page.locator("#notes li").all_inner_texts() == list(expected.notes)


def test_a_log_with_a_reference_is_compared_with_it(
    demo: Path, open_demo: OpenDemo, tmp_path: Path
) -> None:
    recording = simulated(5, 300)
    log = pd.DataFrame(recording.signal.T, columns=recording.channels)
    row = np.round(recording.reference_time_s * 50).astype(int)
    log.loc[row, "reference_bpm"] = recording.reference_bpm
    path = tmp_path / "walk.csv"
    log.to_csv(path, index=False)
    page = open_demo()
    run_log(page, path)
    expected = predict_recording(path, model_at(demo, 50), 50)
    assert_equal(saved_estimates(page, tmp_path), expected)
    table = expected.table
    centre_s = (table["start_s"] + table["end_s"]).to_numpy() / 2
    error_bpm = (table["bpm"] - reference_at(centre_s, recording)).abs()
    assert error_bpm.notna().sum() > 100
    numbers = page.inner_text("#numbers")
    assert f"{error_bpm[table['valid']].mean():.2f} BPM" in numbers
    assert f"{error_bpm.mean():.2f} BPM" in numbers
    assert "Reference " in page.inner_text("#facts")
    assert "reference" in page.inner_text("#legend")


def test_a_log_of_another_rate_is_run_by_the_student_for_it(
    demo: Path, open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "walk.csv"
    long_log.iloc[::2].to_csv(path, index=False)
    page = open_demo()
    run_log(page, path, 25)
    assert_equal(saved_estimates(page, tmp_path), predict_recording(path, model_at(demo, 25), 25))


def test_progress_and_speed_are_shown_while_a_log_runs(
    open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    pd.concat([long_log] * 5).to_csv(path, index=False)
    page = open_demo()
    page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => window.seen.push([
            document.getElementById("bar").position, document.getElementById("speed").textContent,
          ])).observe(document.getElementById("speed"), {childList: true});
        }"""
    )
    run_log(page, path)
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
    seen = [part for part in page.evaluate("window.seen") if part[1]]
    positions = [position for position, _ in seen]
    assert len(seen) >= 3
    assert positions == sorted(positions)
    assert re.fullmatch(r"[\d:]+ of 50:00, [\d.,]+ times real time", seen[-1][1])


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_files_that_cannot_be_run_are_refused_by_name(
    open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path
) -> None:
    page = open_demo()
    csv = long_log.head(2000).to_csv(index=False)
    short = long_log.head(300).to_csv(index=False)
    fast = long_log.assign(time_s=np.arange(len(long_log)) / 60).to_csv(index=False)
    dated = long_log.assign(when=pd.date_range("2026-05-04", periods=len(long_log), freq="20ms"))
    cases = [
        ("photo.png", "\x89PNG", 50, "photo.png ends in '.png'; this page reads .csv"),
        ("photo.csv", "\x89PNG\0", 50, "photo.csv: it is not text in UTF-8"),
        ("empty.csv", "", 50, "empty.csv: it lacks the columns ppg_1, acc_x, acc_y, acc_z"),
        ("green.csv", csv.replace("ppg_1", "green", 1), 50, "the file has green, acc_x, acc_y"),
        ("cells.csv", csv.replace("\n", "\nx", 1), 50, "In column ppg_1: Row #2"),
        ("short.csv", short, 50, "short.csv has 300 samples, 6 s; one window has 400, 8 s."),
        ("fast.csv", fast, 50, "the declared rate is 50 Hz, but the time stamps give 60 Hz."),
        ("slow.csv", csv, 32, "the recording has 32 Hz. Make a file of the same weights"),
        ("zero.csv", csv, 0, "The rate is 0; it must be a positive number of Hz."),
        ("dated.csv", dated.to_csv(index=False), 50, "ppgkd predict may read it"),
    ]
    for name, text, rate_hz, expected in cases:
        run_log(page, written(tmp_path, name, text), rate_hz)
        expect(page.locator("#message.bad")).to_contain_text(expected)
        assert page.locator("#progress").is_hidden()
    run_log(page, written(tmp_path, "walk.csv", csv))
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)


def dropped(page: Page, paths: list[Path]) -> None:
    """Drop files or folders on the page, as from the desktop."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 99, "y": 99, "data": data})


def test_what_is_no_single_file_is_refused_when_it_is_dropped(
    open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path
) -> None:
    page = open_demo()
    path = written(tmp_path, "walk.csv", long_log.head(2000).to_csv(index=False))
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for paths, expected in [
        ([folder], "folder.csv cannot be read: it is a folder"),
        ([path, path], "Here are 2 files; one log is run at a time."),
    ]:
        dropped(page, paths)
        expect(page.locator("#message.bad")).to_contain_text(expected)
    dropped(page, [path])
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)


def test_a_refusal_ends_what_was_running(
    open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    pd.concat([long_log] * 30).to_csv(path, index=False)
    page = open_demo()
    run_log(page, path)
    expect(page.locator("#message")).to_have_text("Running", timeout=ENOUGH_MS)
    run_log(page, path, "fifty")
    said = "The rate is fifty; it must be a positive number of Hz."
    expect(page.locator("#message.bad")).to_have_text(said)
    page.wait_for_timeout(1000)  # time enough for many estimates of the first run
    expect(page.locator("#message.bad")).to_have_text(said)
    assert page.locator("#results").is_hidden()


def test_a_server_that_was_stopped_is_told(demo: Path, open_page: OpenPage) -> None:
    with served(demo) as address:
        page = open_page(address)
        page.wait_for_selector("#choose:not([hidden])")
    page.locator(".choices button").first.click()
    expect(page.locator("#message.bad")).to_contain_text("the server of this page has been stopped")


def test_a_browser_without_webassembly_is_told(browser: Browser, demo: Path) -> None:
    context = browser.new_context()
    context.add_init_script("delete globalThis.WebAssembly")
    with served(demo) as address:
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#message.bad")).to_contain_text("This browser has no WebAssembly")
    context.close()


def test_a_page_that_was_opened_as_a_file_says_what_to_do(demo: Path, open_page: OpenPage) -> None:
    page = open_page(demo / "index.html")
    expect(page.locator("#message")).to_contain_text("open it with ppgkd demo")


def test_nothing_leaves_the_browser(
    open_demo: OpenDemo, long_log: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "walk.csv"
    long_log.head(2000).to_csv(path, index=False)
    page = open_demo()
    sent: list[str] = []
    page.context.on("request", lambda request: sent.append(request.method))
    run_log(page, path)
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
    asked = [url for url in page.log.requests if not url.startswith(("data:", "blob:"))]
    own = page.evaluate("location.origin")
    assert [url for url in asked if not url.startswith(f"{own}/")] == []
    assert any(url.endswith(".wasm") for url in asked), "the worker's requests are seen, too"
    assert set(sent) == {"GET"}


def test_names_from_data_are_text(open_demo: OpenDemo, tmp_path: Path) -> None:
    page = open_demo()
    title = page.title()
    page.locator(".choices button").nth(1).click()
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
    assert HOSTILE in page.inner_text("#of")
    hostile = written(tmp_path, "<img src=x onerror=document.title=1>.csv", f"{HOSTILE}\n1\n")
    run_log(page, hostile)
    expect(page.locator("#message.bad")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.title() == title


def test_a_window_is_chosen_by_the_keyboard(open_demo: OpenDemo) -> None:
    page = open_demo()
    page.locator(".choices button").first.press("Enter")
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
    page.locator("#window").press("Home")
    expect(page.locator("#facts")).to_contain_text("0:00 to 0:08")
    page.locator("#window").press("ArrowRight")
    expect(page.locator("#facts")).to_contain_text("0:02 to 0:10")


@every_scheme
@every_width
def test_the_page_keeps_its_width_and_the_rules_of_axe(
    browser: Browser, demo: Path, width: int, scheme: Scheme
) -> None:
    # axe is put into the page, whose policy would refuse it
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    with served(demo) as address:
        page = context.new_page()
        page.goto(address)
        page.locator(".choices button").first.click()
        expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert findings(page) == []
    context.close()


def test_colours_that_the_system_forces_leave_the_legend_its_meaning(
    browser: Browser, demo: Path
) -> None:
    context = browser.new_context(forced_colors="active")
    with served(demo) as address:
        page = context.new_page()
        page.goto(address)
        page.locator(".choices button").first.click()
        expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
        colours = page.locator("#legend i").evaluate_all(
            "marks => marks.map((mark) => { const { borderTopColor, backgroundColor } ="
            " getComputedStyle(mark); return borderTopColor + backgroundColor; })"
        )
        pressed = page.locator(".choices button[aria-pressed=true]")
        assert pressed.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    assert len(set(colours)) == len(colours) == 4
    context.close()


def test_a_screen_reader_hears_of_the_state_and_not_of_every_step(open_demo: OpenDemo) -> None:
    page = open_demo()
    live = "element => element.closest('[aria-live], [role=status]')?.id ?? null"
    assert page.locator("#message").evaluate(live) == "message"
    assert page.locator("#speed").evaluate(live) is None


def test_nothing_fails_in_the_page(open_demo: OpenDemo) -> None:
    page = open_demo()
    page.locator(".choices button").first.click()
    expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
    page.locator("#rate-chart .u-over").hover(position={"x": 60, "y": 40})
    page.mouse.move(5, 5)
    assert page.log.errors == []


def test_with_folds_a_recording_is_run_by_the_student_of_its_fold(
    study: FinishedStudy, open_page: OpenPage
) -> None:
    with served(study(FOLDS).results / "demo") as address:
        page = open_page(address)
        page.locator(".choices button").first.click()
        expect(page.locator("#message")).to_have_text(re.compile("^Done"), timeout=ENOUGH_MS)
        assert "it is that of fold 0" in page.inner_text("#about")
        assert "on people of the folds" in page.inner_text("#card")

"""How fast a study's demonstration runs a long log in Chromium, and whether the page stays fluid.

A log is made of simulated recordings, dropped on the page, and its estimates are compared with
those of ``ppgkd predict``. The longest task of the page's own thread is what a visitor feels: at
more than 200 ms a page seems to hang. Chromium is looked for as the tests look for it.
"""

from __future__ import annotations

import json
import os
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from ppgkd.demo.serve import demo_folder, demo_server
from ppgkd.inference.predict import predict_recording
from ppgkd.runtime.artifacts import write_json
from ppgkd.simulation.signals import RATE_HZ
from ppgkd.simulation.subject import CHANNELS, simulate_subject

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

WATCH = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.tasks.push(task.duration);
  }).observe({ type: "longtask" });
  window.frames = [];
  let before = performance.now();
  const frame = (now) => { window.frames.push(now - before); before = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""  # noqa: E501


def main() -> None:
    """Measure, print the figures, write the JSON."""
    options = _options()
    with TemporaryDirectory() as temporary:
        log = Path(temporary, "log.csv")
        _write_log(log, options.hours)
        folder = demo_folder(options.study)
        found = _in_browser(folder, log, Path(temporary, "estimates.csv"))
        estimates = pd.read_csv(Path(temporary, "estimates.csv"))
        started = perf_counter()
        expected = predict_recording(log, _model(folder), RATE_HZ).rounded
        found["predict_s"] = perf_counter() - started
    found["hours"] = options.hours
    found["estimates"] = len(estimates)
    found["largest_difference_bpm"] = float((estimates["bpm"] - expected["bpm"]).abs().max())
    found["other_validity"] = int((estimates["valid"] != expected["valid"]).sum())
    for name, value in found.items():
        print(f"{name:24} {value:,.3f}")
    if options.output:
        write_json(options.output, found)


def _in_browser(folder: Path, log: Path, saved: Path) -> dict[str, Any]:
    """Figures of one run; the estimates are saved."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise SystemExit("There is no Chromium: apt-get install chromium")
    with demo_server(folder, 0) as server, sync_playwright() as playwright:
        Thread(target=server.serve_forever, daemon=True).start()
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_selector("#choose:not([hidden])")
        found = _run(page, log, saved)
        browser.close()
        server.shutdown()
    return found


def _run(page: Page, log: Path, saved: Path) -> dict[str, Any]:
    page.evaluate(WATCH)
    page.fill("#rate", f"{RATE_HZ:g}")
    started = perf_counter()
    page.set_input_files("#file", log)
    page.wait_for_selector("#message:has-text('Done')", timeout=600_000)
    whole_s = perf_counter() - started
    said = page.inner_text("#message")
    tasks_ms, frames_ms = page.evaluate("window.tasks"), page.evaluate("window.frames")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(saved)
    print(said)
    n_rows = sum(1 for _ in log.open()) - 1
    return {
        "browser_s": whole_s,
        "times_real_time": n_rows / RATE_HZ / whole_s,
        "longest_task_ms": max(tasks_ms, default=0.0),
        "longest_frame_ms": max(frames_ms),
        "p99_frame_ms": float(np.quantile(frames_ms, 0.99)),
    }


def _write_log(path: Path, hours: float) -> None:
    """Recordings of several people, one after the other, with time stamps and some lost rows."""
    parts, missing_s = [], hours * 3600
    while missing_s > 0:
        seconds = min(600.0, max(missing_s, 10.0))
        parts.append(simulate_subject(len(parts), seconds, seed=3).signal)
        missing_s -= seconds
    table = pd.DataFrame(np.concatenate(parts, axis=1).T, columns=CHANNELS)
    table["time_s"] = (np.arange(len(table)) / RATE_HZ).round(3)
    lost = np.random.default_rng(0).integers(0, len(table), len(table) // 5000)
    table.drop(index=np.unique(lost)).to_csv(path, index=False)


def _model(folder: Path) -> Path:
    """The student that the page runs on logs of this rate."""
    models = json.loads((folder / "about.json").read_text(encoding="utf-8"))["models"]
    nearest = min(models, key=lambda model: abs(model["card"]["rate_hz"] / RATE_HZ - 1))
    return folder / str(nearest["file"])


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path, help="folder of a finished study, results/<study>")
    parser.add_argument("--hours", type=float, default=1.0, help="length of the log")
    parser.add_argument("--output", type=Path, help="JSON to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()

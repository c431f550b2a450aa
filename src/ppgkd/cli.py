"""The command ``ppgkd``."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ppgkd.errors import PpgkdError

if TYPE_CHECKING:
    from onnx import ModelProto

    from ppgkd.inference.predict_dataset import StudentAtRate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = ArgumentParser(
        prog="ppgkd", description="Query a finished study, and use its students."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_plan(
        commands.add_parser("plan", help="recommend the cheapest student that meets constraints")
    )
    _add_predict(commands.add_parser("predict", help="estimate the heart rate of a recording"))
    _add_export(commands.add_parser("export", help="adapt a student to a sensor, or write it as C"))
    _add_check_dataset(
        commands.add_parser("check-dataset", help="show how recordings of your own are understood")
    )
    _add_demo(commands.add_parser("demo", help="show the student at work in the browser"))
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except BrokenPipeError:  # the reader of the output, such as head, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (PpgkdError, OSError) as error:
        print(f"ppgkd: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(
            f"ppgkd: This command needs the package {error.name}, which is not installed. Install "
            "ppgkd with what studies need: pip install 'ppgkd[study]'",
            file=sys.stderr,
        )
        return 1
    return 0


def _add_plan(parser: ArgumentParser) -> None:
    parser.add_argument("results", help="folder of a finished study, results/<study>")
    parser.add_argument("--max-mae", type=float, metavar="BPM", help="largest MAE")
    parser.add_argument("--max-latency-ms", type=float, metavar="MS", help="largest p99 latency")
    parser.add_argument(
        "--max-bytes", type=float, metavar="BYTES", help="largest size of the ONNX file"
    )
    parser.add_argument(
        "--max-macs",
        type=float,
        metavar="MACS",
        help="most multiply-accumulates of a window, from raw samples to BPM",
    )
    parser.add_argument("--max-flash-bytes", type=float, metavar="BYTES", help="most flash")
    parser.add_argument("--max-ram-bytes", type=float, metavar="BYTES", help="most RAM")
    parser.add_argument(
        "--max-instructions",
        type=float,
        metavar="NUMBER",
        help="most instructions of an estimate and the samples of its stride",
    )
    parser.add_argument(
        "--core",
        choices=("Cortex-M4F", "Cortex-M7", "Cortex-M33", "Cortex-M55"),
        help="processor that flash, RAM and instructions are of; default: that of the study",
    )
    parser.add_argument(
        "--cost",
        choices=("params", "macs", "flash_bytes", "ram_bytes", "instructions", "latency_p99_ms"),
        default="macs",
        help="what the cheapest is the cheapest by; default: macs",
    )
    parser.set_defaults(run=_plan)


def _add_predict(parser: ArgumentParser) -> None:
    parser.description = (
        "Estimate the heart rate of a recording, or of all recordings of an own dataset. The table "
        "of a recording has one row per sample: a column for each channel of the model (ppg_1, "
        "..., acc_x, acc_y, acc_z; acceleration in g) and, if there are time stamps, time_s in "
        "seconds or timestamp as ISO 8601 date and time. A dataset has the column names, units and "
        "rates that its YAML file describes."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("recording", type=Path, nargs="?", help="table, .csv or .parquet")
    what.add_argument(
        "--dataset",
        type=Path,
        metavar="FILE",
        help="YAML file that describes recordings, as for check-dataset; errors by recording are "
        "shown beside the estimates",
    )
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="sampling rate of the sensor, for a recording"
    )
    parser.add_argument(
        "--model",
        type=Path,
        help="student, an exported .onnx; default: the one that comes with ppgkd, which needs "
        "ppg_1, acc_x, acc_y, acc_z and no particular rate",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="table to write, .csv or .parquet; default: stdout",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="picture to write, .png, .svg or .pdf"
    )
    parser.add_argument(
        "--no-filter",
        action="store_true",
        help="estimate every window by itself, without the online filter",
    )
    parser.add_argument(
        "--max-sd",
        type=float,
        metavar="BPM",
        help="largest SD of a valid estimate; default: that of the model",
    )
    parser.set_defaults(run=_predict)


def _add_export(parser: ArgumentParser) -> None:
    parser.description = (
        "Adapt a student to the sampling rate of a sensor, or write it as C99 for a device. Its "
        "weights stay the same."
    )
    parser.add_argument("model", type=Path, help="student, an exported .onnx")
    parser.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="sampling rate of the sensor; default with --c: that of the file",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help=".onnx to write")
    parser.add_argument("--c", type=Path, metavar="FOLDER", help="folder for the C to write")
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure flash, RAM and instructions of the C on emulated processors, and add them to "
        "its README.md; needs arm-none-eabi-gcc and qemu-system-arm",
    )
    parser.set_defaults(run=_export)


def _add_check_dataset(parser: ArgumentParser) -> None:
    parser.description = (
        "Read recordings of your own as a study does, and show how they are understood. "
        "src/ppgkd/datasets/own/schema.yaml describes every key of the YAML file."
    )
    parser.add_argument("definition", type=Path, help="YAML file that describes the recordings")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="picture of ten windows to write, .png, .svg or .pdf",
    )
    parser.set_defaults(run=_check_dataset)


def _add_demo(parser: ArgumentParser) -> None:
    parser.description = (
        "Open the demonstration of a finished study: its student runs in the browser, on a test "
        "recording or on a log of yours. Nothing leaves this machine."
    )
    parser.add_argument("results", type=Path, help="folder of a finished study, results/<study>")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port to serve it at; default: a free one"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="say the address, and open no browser"
    )
    parser.set_defaults(run=_demo)


def _plan(options: Namespace) -> None:
    from ppgkd.scaling.plan import Constraints, NoLawError, read_and_plan
    from ppgkd.scaling.plan_people import read_and_plan_people

    constraints = Constraints(
        options.max_mae,
        options.max_latency_ms,
        options.max_bytes,
        options.max_macs,
        options.max_flash_bytes,
        options.max_ram_bytes,
        options.max_instructions,
    )
    people = read_and_plan_people(constraints, options.results, options.core)
    try:
        print(read_and_plan(constraints, options.results, options.cost, options.core))
    except NoLawError as error:
        if people is None:
            raise
        print(f"  size     cannot be told: {error}")
    if people is not None:
        print(people)


def _predict(options: Namespace) -> None:
    from ppgkd.datasets.own.columns import TABLE_SUFFIXES, require_suffix
    from ppgkd.inference.predict import predict_recording, write_prediction

    if options.output:
        _require_other(options.output, options.recording or options.dataset)
        require_suffix(options.output, TABLE_SUFFIXES, "The table to write")
    if options.plot:
        from ppgkd.plots.heart_rate import PICTURES, draw_heart_rate

        require_suffix(options.plot, PICTURES, "The picture to write")
    if options.dataset:
        _predict_dataset(options)
        return
    if options.rate is None:
        raise PpgkdError(
            "'--rate', the sampling rate of the sensor in Hz, is missing. Give it, or describe the "
            "recording in a YAML file and give that as '--dataset'."
        )
    with _student(options) as student_at:
        prediction = predict_recording(
            options.recording,
            student_at(options.rate),
            options.rate,
            online_filter=not options.no_filter,
            max_sd_bpm=options.max_sd,
        )
    for note in prediction.notes:
        print(f"note: {note}", file=sys.stderr)
    if options.output:
        write_prediction(prediction, options.output)
    else:
        prediction.rounded.to_csv(sys.stdout, index=False)
    if options.plot:
        draw_heart_rate(prediction.table, options.plot, options.recording.name)
    print(prediction.summary, file=sys.stderr)


def _predict_dataset(options: Namespace) -> None:
    from ppgkd.inference.predict_dataset import predict_dataset, write_estimates

    for option in ("rate", "plot"):
        if getattr(options, option) is not None:
            raise PpgkdError(
                f"'--{option}' is for one recording and cannot be given with '--dataset'. Leave it "
                "out: the YAML file or the time stamps say the rates."
            )
    with _student(options) as student_at:
        prediction = predict_dataset(
            options.dataset,
            student_at,
            online_filter=not options.no_filter,
            max_sd_bpm=options.max_sd,
        )
    for note in prediction.notes:
        print(f"note: {note}", file=sys.stderr)
    write_estimates(prediction, options.output or sys.stdout)
    print(prediction.summary, file=sys.stderr)


@contextmanager
def _student(options: Namespace) -> Iterator[StudentAtRate]:
    """Yield the student that was named, for any rate; else the packaged one, made for that rate."""
    if options.model is not None:
        yield lambda rate_hz: options.model
        return
    from ppgkd.export.packaged_student import about_packaged_student, packaged_student

    print(f"note: {about_packaged_student()}", file=sys.stderr)
    with TemporaryDirectory() as folder:
        yield partial(packaged_student, Path(folder))


def _export(options: Namespace) -> None:
    from ppgkd.export.student import change_rate, model_card_of, read_student, write_student

    if options.output is None and options.c is None:
        raise PpgkdError(
            "'--output', the .onnx to write, or '--c', the folder for the C, is missing. Give one."
        )
    if options.measure and options.c is None:
        raise PpgkdError(
            "'--measure' measures the C, and '--c', the folder for it, is missing. Give it."
        )
    if options.output is not None and options.rate is None:
        raise PpgkdError("'--rate', the sampling rate of the sensor in Hz, is missing. Give it.")
    if options.output is not None:
        _require_other(options.output, options.model)
    model = read_student(options.model)
    model_card_of(model, options.model)  # an error then names the file that was given
    if options.c is not None:
        _export_c(model, options)
    if options.output is None:
        return
    changed = change_rate(model, options.rate)
    write_student(changed, options.output)
    made = model_card_of(changed, options.output)
    print(
        f"{options.output}: {made.student} for {made.rate_hz:g} Hz, windows of {made.n_samples} "
        f"samples of {', '.join(made.channels)}"
    )


def _export_c(model: ModelProto, options: Namespace) -> None:
    from ppgkd.firmware.write import write_c

    if options.measure:
        from ppgkd.profile.measured_readme import measured_section, require_tools

        require_tools()
    written = write_c(model, options.c, options.rate)
    print(f"{options.c}: {written.summary}")
    if options.measure:
        section = measured_section(options.c, written.card)
        with Path(options.c, "README.md").open("a", encoding="utf-8") as readme:
            readme.write(section)
        print(section)


def _demo(options: Namespace) -> None:
    from ppgkd.demo.serve import serve_demo

    serve_demo(options.results, options.port, open_browser=not options.no_browser)


def _check_dataset(options: Namespace) -> None:
    from ppgkd.dataset_summary.check import check_dataset
    from ppgkd.dataset_summary.check_text import format_check

    if options.plot:
        from ppgkd.datasets.own.columns import require_suffix
        from ppgkd.plots.heart_rate import PICTURES
        from ppgkd.plots.windows import draw_windows

        require_suffix(options.plot, PICTURES, "The picture to write")
    check = check_dataset(options.definition)
    print(format_check(check))
    if not check.n_usable:
        raise PpgkdError(
            f"{options.definition}: no window is usable, for the reasons above. Correct the "
            "tables, or their description in the file."
        )
    if options.plot:
        draw_windows(check.examples, options.plot, check.dataset.title)
    if check.verdict.wrong:
        raise PpgkdError(
            f"{options.definition}: a study would learn from wrong data: the verdict above is "
            f"'{check.verdict.title}'."
        )


def _require_other(output: Path, source: Path) -> None:
    if output.resolve() == source.resolve():
        raise PpgkdError(f"--output {output} would overwrite the input. Name another file.")


if __name__ == "__main__":
    sys.exit(main())

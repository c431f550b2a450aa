"""A model card is read from the file as it was written; invalid entries are refused."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields

import onnx
import onnxruntime
import pytest
from tests.unit.export.conftest import Exported

from ppgkd.errors import PpgkdError
from ppgkd.export.student import model_card_of
from ppgkd.inference.model_card import ADDED, ModelCard, read_model_card, units_of
from ppgkd.inference.online_filter import Transition

NAMES = [field.name for field in fields(ModelCard)]
NUMBERS = [field.name for field in fields(ModelCard) if field.type in ("float", "int")]


@pytest.fixture(scope="module")
def metadata(card: Callable[..., ModelCard]) -> dict[str, str]:
    return card().metadata


def message_of(metadata: dict[str, str]) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_model_card(metadata, "some/model.onnx")
    message = str(caught.value)
    assert message.startswith("some/model.onnx is not a student of this version of ppgkd")
    assert "Use a model.onnx that a study has exported." in message
    return message


def test_the_model_card_is_read_from_the_file_as_it_was_written(exported: Exported) -> None:
    session = onnxruntime.InferenceSession(exported.path, providers=["CPUExecutionProvider"])
    assert read_model_card(session.get_modelmeta().custom_metadata_map, "") == exported.card
    assert model_card_of(onnx.load(exported.path), "") == exported.card


def test_every_digit_is_kept(card: Callable[..., ModelCard]) -> None:
    awkward = card(
        rate_hz=1000 / 3,
        filter_sd_bpm=2.8123456789012345,
        filter_jump_probability=3.3e-05,
        filter_evidence=0.5,
        test_mae_bpm=0.1 + 0.2,
        fold="",
        trained_on=(),
        terms="Free, for research; cite: “Müller”, 2020.",
    )
    assert read_model_card(awkward.metadata, "") == awkward


def test_the_entries_are_plain_text_under_a_prefix(metadata: dict[str, str]) -> None:
    assert list(metadata) == [f"ppgkd.{name}" for name in NAMES]
    assert metadata["ppgkd.rate_hz"] == "50"
    assert metadata["ppgkd.low_hz"] == "0.4"
    assert metadata["ppgkd.channels"] == "ppg_1,ppg_2,acc_x,acc_y,acc_z"
    assert metadata["ppgkd.units"] == "counts,counts,g,g,g"
    assert (metadata["ppgkd.bpm_min"], metadata["ppgkd.bpm_max"]) == ("30", "209")
    assert metadata["ppgkd.subjects_held_out"] == "ada,bo"


def test_other_entries_do_not_matter(card: Callable[..., ModelCard]) -> None:
    assert read_model_card({**card().metadata, "author": "somebody"}, "") == card()


def test_a_file_from_before_the_motion_discount_has_none(metadata: dict[str, str]) -> None:
    older = {key: value for key, value in metadata.items() if key != "ppgkd.filter_motion_discount"}
    assert len(older) == len(metadata) - 1
    assert read_model_card(older, "").transition.motion_discount == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ADDED])
def test_a_missing_key_is_refused_by_name(metadata: dict[str, str], name: str) -> None:
    rest = {key: value for key, value in metadata.items() if key != f"ppgkd.{name}"}
    assert f"its metadata have no ppgkd.{name}." in message_of(rest)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["", "fifty", "nan", "inf", "-inf", "1,5"])
def test_an_invalid_number_is_refused_by_name(
    metadata: dict[str, str], name: str, text: str
) -> None:
    message = message_of({**metadata, f"ppgkd.{name}": text})
    assert f"ppgkd.{name} in its metadata is '{text}', not a " in message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((name, text) for name in ("rate_hz", "window_s", "stride_s") for text in ("0", "-8")),
        ("filter_sd_bpm", "0"),
        ("filter_jump_probability", "-0.1"),
        ("filter_jump_probability", "1.1"),
        ("filter_evidence", "0"),
        ("filter_evidence", "1.1"),
        ("filter_motion_discount", "-0.1"),
        ("filter_motion_discount", "1"),
        ("bpm_min", "40"),
        ("bpm_max", "219"),
        ("seed", "0.5"),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(
    metadata: dict[str, str], name: str, text: str
) -> None:
    assert f"ppgkd.{name} in its metadata is '{text}'" in message_of(
        {**metadata, f"ppgkd.{name}": text}
    )


def test_the_unit_of_ppg_is_the_sensors_own_and_acceleration_is_in_g() -> None:
    assert units_of(("ppg_1", "acc_x", "acc_y", "acc_z")) == ("counts", "g", "g", "g")


def test_a_raw_window_has_as_many_samples_as_its_length_times_the_rate(
    card: Callable[..., ModelCard],
) -> None:
    assert card(window_s=8.0, rate_hz=125.0).n_samples == 1000


def test_the_transition_has_the_stride_of_the_windows(card: Callable[..., ModelCard]) -> None:
    found = card(
        filter_sd_bpm=3.0,
        filter_jump_probability=0.01,
        stride_s=2.0,
        filter_evidence=0.25,
        filter_motion_discount=0.6,
    ).transition
    assert found == Transition(3.0, 0.01, 2.0, 0.25, 0.6)


def test_reading_a_model_card_needs_neither_pytorch_nor_the_onnx_package() -> None:
    program = """
import sys
import ppgkd.inference.model_card
print(sorted({"torch", "onnx", "onnxruntime", "pandas", "scipy", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

"""Views to learn from: a cache of some, or a new one for every epoch."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import InputShape
from ppgkd.models.spectrum import Spectrum
from ppgkd.views.augment import Augmentation, augmented_view
from ppgkd.views.cache import ViewCache, read_view_cache, write_view_cache
from ppgkd.views.examples import Examples, examples, fingerprint
from ppgkd.views.source import FreshViews
from ppgkd.windows.read import Windows

VIEWS, SEED, WINDOWS = 3, 4, 12
AUGMENTATION = Augmentation()
FILES = [
    "bank.json",
    "hr_bpm.npy",
    "pulse_row.npy",
    "rate_factor.npy",
    "signal.npy",
    "spectra.npy",
]


@pytest.fixture(scope="module")
def windows(tones: Callable[..., Windows], inputs: InputShape) -> Examples:
    """Windows, two of them without a reference."""
    made = examples(tones(np.linspace(55, 170, WINDOWS), inputs))
    made.hr_bpm[[2, 9]] = torch.nan
    return made


@pytest.fixture(scope="module")
def folder(windows: Examples, inputs: InputShape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bank")
    write_view_cache(windows, inputs, AUGMENTATION, made, views=VIEWS, seed=SEED)
    return made


@pytest.fixture(scope="module")
def view_cache(folder: Path, windows: Examples) -> ViewCache:
    return read_view_cache(folder, windows)


def test_windows_are_converted_to_tensors(
    tones: Callable[..., Windows], inputs: InputShape
) -> None:
    table = tones([60.0, 71.25, 140.5], inputs)
    made = examples(table)
    np.testing.assert_array_equal(made.signal, table.signal)
    assert made.hr_bpm.tolist() == [60.0, 71.25, 140.5]
    made.hr_bpm[0] = 0
    assert table.index["hr_bpm"][0] == 60


def test_there_is_one_view_of_every_window_for_each_number(
    view_cache: ViewCache, inputs: InputShape
) -> None:
    assert (view_cache.n_views, view_cache.n_windows) == (VIEWS, WINDOWS)
    assert view_cache.signal.shape == (VIEWS, WINDOWS, inputs.channels, inputs.n_samples)
    assert view_cache.hr_bpm.shape == (VIEWS, WINDOWS)


def test_without_spectra_the_signal_alone_is_kept_and_is_the_same(
    view_cache: ViewCache, windows: Examples, inputs: InputShape, tmp_path: Path
) -> None:
    write_view_cache(windows, inputs, AUGMENTATION, tmp_path, views=VIEWS, seed=SEED, spectra=False)
    assert not (tmp_path / "spectra.npy").exists()
    found = read_view_cache(tmp_path, windows, "signal")
    assert found.fingerprint == view_cache.fingerprint
    np.testing.assert_array_equal(found.signal, view_cache.signal)


@pytest.mark.parametrize("number", range(VIEWS))
def test_a_view_is_the_augmented_one_in_half_precision(
    number: int, view_cache: ViewCache, windows: Examples, inputs: InputShape
) -> None:
    expected = augmented_view(*windows, inputs, AUGMENTATION, SEED, number)
    found = view_cache.view(number)
    assert found.signal.dtype == torch.float32
    np.testing.assert_array_equal(found.signal, expected.signal.half().float())
    np.testing.assert_allclose(found.signal, expected.signal, rtol=2**-11, atol=1e-7)


@pytest.mark.parametrize("number", range(VIEWS))
def test_a_views_spectra_are_those_of_its_windows_in_half_precision(
    number: int, view_cache: ViewCache, windows: Examples, inputs: InputShape
) -> None:
    view = augmented_view(*windows, inputs, AUGMENTATION, SEED, number)
    expected = Spectrum(inputs)(view.signal)
    np.testing.assert_allclose(view_cache.spectra[number], expected, rtol=2**-11, atol=1e-6)


@pytest.mark.parametrize("number", range(VIEWS))
def test_references_are_those_of_the_view_in_single_precision(
    number: int, view_cache: ViewCache, windows: Examples, inputs: InputShape
) -> None:
    expected = augmented_view(*windows, inputs, AUGMENTATION, SEED, number)
    np.testing.assert_array_equal(view_cache.view(number).hr_bpm, expected.hr_bpm)
    assert view_cache.hr_bpm.dtype == np.float32


def test_a_withheld_reference_is_withheld_in_every_view(view_cache: ViewCache) -> None:
    withheld = np.isin(np.arange(WINDOWS), [2, 9])
    np.testing.assert_array_equal(np.isnan(view_cache.hr_bpm), np.tile(withheld, (VIEWS, 1)))
    assert np.isfinite(view_cache.signal).all()


def test_epochs_use_the_views_in_turn(view_cache: ViewCache) -> None:
    for epoch, number in enumerate([0, 1, 2, 0, 1, 2, 0]):
        found, view = view_cache.of_epoch(epoch, "spectra")
        assert found == number
        np.testing.assert_array_equal(view.seen, view_cache.spectra[number].astype(np.float32))
        np.testing.assert_array_equal(view.hr_bpm, view_cache.view(number).hr_bpm)


def test_a_view_cache_is_mapped_and_not_loaded(view_cache: ViewCache) -> None:
    assert isinstance(view_cache.signal, np.memmap)


def test_changing_a_view_does_not_change_the_cache(view_cache: ViewCache) -> None:
    before = view_cache.view(0)
    spoilt = view_cache.view(0)
    spoilt.signal.zero_()
    spoilt.hr_bpm.zero_()
    np.testing.assert_array_equal(view_cache.view(0).signal, before.signal)
    np.testing.assert_array_equal(view_cache.view(0).hr_bpm, before.hr_bpm)


def test_a_view_cache_made_again_has_the_same_bytes(
    folder: Path, windows: Examples, inputs: InputShape, tmp_path: Path
) -> None:
    torch.manual_seed(99)
    write_view_cache(windows, inputs, AUGMENTATION, tmp_path, views=VIEWS, seed=SEED)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_view_cache_can_be_opened_without_its_windows(
    folder: Path, view_cache: ViewCache
) -> None:
    assert read_view_cache(folder).fingerprint == view_cache.fingerprint


MAKING: dict[str, tuple[Augmentation, int, int]] = {
    "the seed": (AUGMENTATION, VIEWS, SEED + 1),
    "the number of views": (AUGMENTATION, VIEWS + 1, SEED),
    "seed and views exchanged": (AUGMENTATION, SEED, VIEWS),
    "an augmentation": (replace(AUGMENTATION, noise_sd=0.1), VIEWS, SEED),
}


@pytest.mark.parametrize(("augmentation", "views", "seed"), MAKING.values(), ids=MAKING)
def test_a_view_cache_made_in_another_way_has_another_fingerprint(
    augmentation: Augmentation,
    views: int,
    seed: int,
    view_cache: ViewCache,
    windows: Examples,
    inputs: InputShape,
    tmp_path: Path,
) -> None:
    write_view_cache(windows, inputs, augmentation, tmp_path, views=views, seed=seed)
    other = read_view_cache(tmp_path, windows)
    assert other.fingerprint != view_cache.fingerprint
    assert other.windows == view_cache.windows


def changed(windows: Examples) -> Examples:
    return Examples(windows.signal.clone(), windows.hr_bpm.clone())


def _one_sample_differs(windows: Examples) -> Examples:
    other = changed(windows)
    other.signal[-1, -1, -1] += 1e-3
    return other


def _one_reference_differs(windows: Examples) -> Examples:
    other = changed(windows)
    other.hr_bpm[3] += 0.1
    return other


def _one_reference_is_withheld(windows: Examples) -> Examples:
    other = changed(windows)
    other.hr_bpm[3] = torch.nan
    return other


OTHERS: dict[str, Callable[[Examples], Examples]] = {
    "a sample": _one_sample_differs,
    "a reference": _one_reference_differs,
    "a reference withheld": _one_reference_is_withheld,
    "the order of the windows": lambda w: Examples(w.signal.flip(0), w.hr_bpm.flip(0)),
    "a window fewer": lambda w: Examples(w.signal[:-1], w.hr_bpm[:-1]),
    "the order of the channels": lambda w: Examples(w.signal.flip(1), w.hr_bpm),
    "the shape alone": lambda w: Examples(w.signal.reshape(WINDOWS, 1, -1), w.hr_bpm),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_a_view_cache_of_other_windows_is_refused(
    change: Callable[[Examples], Examples], folder: Path, windows: Examples
) -> None:
    with pytest.raises(PpgkdError) as caught:
        read_view_cache(folder, change(windows))
    message = str(caught.value)
    assert f"view cache {folder} was made from another window table" in message
    assert "Delete it and run the workflow again" in message


def test_the_fingerprint_is_of_the_values_and_not_of_their_place_in_memory(
    windows: Examples,
) -> None:
    turned = windows.signal.transpose(0, 2).contiguous().transpose(0, 2)
    assert not turned.is_contiguous()
    assert fingerprint(Examples(turned, windows.hr_bpm)) == fingerprint(windows)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_refused(name: str, kept: float, folder: Path, tmp_path: Path) -> None:
    for file in FILES:
        whole = (folder / file).read_bytes()
        end = int(kept * len(whole)) if file == name else len(whole)
        (tmp_path / file).write_bytes(whole[:end])
    with pytest.raises(PpgkdError) as caught:
        read_view_cache(tmp_path)
    message = str(caught.value)
    assert f"view cache {tmp_path} cannot be read" in message
    assert "Delete it and run the workflow again" in message


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    for file in FILES:
        if file != name:
            (tmp_path / file).write_bytes((folder / file).read_bytes())
    with pytest.raises(PpgkdError, match="cannot be read"):
        read_view_cache(tmp_path)


@pytest.mark.parametrize("about", [{"windows": "a"}, {}, [], "a", None])
def test_an_incomplete_description_is_refused(about: object, folder: Path, tmp_path: Path) -> None:
    for file in FILES:
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    (tmp_path / "bank.json").write_text(json.dumps(about))
    with pytest.raises(PpgkdError, match="cannot be read"):
        read_view_cache(tmp_path)


def test_fresh_views_are_those_of_a_view_cache_that_never_ends(
    windows: Examples, inputs: InputShape
) -> None:
    fresh = FreshViews(windows, inputs, AUGMENTATION, SEED)
    assert fresh.n_windows == WINDOWS
    for epoch in (0, 1, 7):
        number, view = fresh.of_epoch(epoch, "spectra")
        expected = augmented_view(*windows, inputs, AUGMENTATION, SEED, epoch)
        assert number == epoch
        np.testing.assert_array_equal(view.seen, Spectrum(inputs)(expected.signal))
        np.testing.assert_array_equal(view.hr_bpm, expected.hr_bpm)


def test_fresh_views_have_the_fingerprint_of_their_windows_and_making(
    windows: Examples, inputs: InputShape
) -> None:
    fresh = FreshViews(windows, inputs, AUGMENTATION, SEED)
    assert replace(fresh).fingerprint == fresh.fingerprint
    others = [
        replace(fresh, seed=SEED + 1),
        replace(fresh, augmentation=replace(AUGMENTATION, polarity=0.5)),
        replace(fresh, inputs=replace(inputs, rate_hz=50.0)),
        replace(fresh, windows=_one_sample_differs(windows)),
        replace(fresh, windows=_one_reference_differs(windows)),
    ]
    assert len({fresh.fingerprint, *(other.fingerprint for other in others)}) == 6

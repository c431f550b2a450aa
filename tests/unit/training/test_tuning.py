"""The choice of a strategy's settings among its trials."""

from typing import Any

import pytest

from ppgkd.training.tuning import choose_settings


def trial(val_mae_bpm: float, **settings: float) -> dict[str, Any]:
    return {
        "settings": settings,
        "val_mae_bpm": val_mae_bpm,
        "student": "spectral_resnet-4000",
        "teacher": "spectral_resnet-50000",
    }


TRIALS = [trial(3.5, temperature=1.0), trial(3.1, temperature=2.0), trial(3.2, temperature=4.0)]


def test_the_trial_with_the_lowest_validation_error_is_chosen() -> None:
    chosen = choose_settings(TRIALS)
    assert chosen["settings"] == {"temperature": 2.0}
    assert chosen["val_mae_bpm"] == 3.1


def test_of_equal_trials_the_first_is_chosen() -> None:
    tied = [trial(3.5, beta=1.0), trial(3.1, beta=2.0), trial(3.1, beta=4.0)]
    assert choose_settings(tied)["settings"] == {"beta": 2.0}
    assert choose_settings(tied[::-1])["settings"] == {"beta": 4.0}


def test_all_trials_are_kept_in_their_order() -> None:
    assert choose_settings(TRIALS)["trials"] == TRIALS


def test_a_single_trial_is_chosen() -> None:
    chosen = choose_settings(TRIALS[:1])
    assert chosen == {
        "settings": {"temperature": 1.0},
        "val_mae_bpm": 3.5,
        "trials": TRIALS[:1],
    }


@pytest.mark.parametrize("spoilt", ["mae_bpm", "test_mae_bpm"])
def test_the_test_error_does_not_matter(spoilt: str) -> None:
    tempting = [{**one, spoilt: error} for one, error in zip(TRIALS, (0.1, 9, 5), strict=True)]
    assert choose_settings(tempting)["settings"] == {"temperature": 2.0}


def test_the_trials_are_not_changed() -> None:
    trials = [trial(3.5, temperature=1.0), trial(3.1, temperature=2.0)]
    choose_settings(trials)["settings"]["temperature"] = 99
    assert trials == [trial(3.5, temperature=1.0), trial(3.1, temperature=2.0)]

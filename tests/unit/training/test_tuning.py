"""Which trial's settings a strategy gets."""

from typing import Any

import pytest

from ppgkd.training.tuning import choose_settings


def trial(val_mae_bpm: float, **settings: float) -> dict[str, Any]:
    return {
        "settings": settings,
        "val_mae_bpm": val_mae_bpm,
        "student": "resnet-4000",
        "teacher": "resnet-50000",
    }


TRIALS = [trial(3.5, temperature=1.0), trial(3.1, temperature=2.0), trial(3.2, temperature=4.0)]


def test_the_trial_with_the_lowest_validation_error_wins() -> None:
    chosen = choose_settings(TRIALS)
    assert chosen["settings"] == {"temperature": 2.0}
    assert chosen["val_mae_bpm"] == 3.1


def test_on_a_tie_the_earlier_one_wins() -> None:
    tied = [trial(3.5, beta=1.0), trial(3.1, beta=2.0), trial(3.1, beta=4.0)]
    assert choose_settings(tied)["settings"] == {"beta": 2.0}
    assert choose_settings(tied[::-1])["settings"] == {"beta": 4.0}


def test_all_trials_are_kept_in_their_order() -> None:
    assert choose_settings(TRIALS)["trials"] == TRIALS


def test_one_trial_is_the_winner() -> None:
    chosen = choose_settings(TRIALS[:1])
    assert chosen == {
        "settings": {"temperature": 1.0},
        "val_mae_bpm": 3.5,
        "trials": TRIALS[:1],
    }


@pytest.mark.parametrize("spoilt", ["mae_bpm", "test_mae_bpm"])
def test_the_test_subjects_have_no_say(spoilt: str) -> None:
    tempting = [{**one, spoilt: error} for one, error in zip(TRIALS, (0.1, 9, 5), strict=True)]
    assert choose_settings(tempting)["settings"] == {"temperature": 2.0}


def test_the_trials_stay_as_they_are() -> None:
    trials = [trial(3.5, temperature=1.0), trial(3.1, temperature=2.0)]
    choose_settings(trials)["settings"]["temperature"] = 99
    assert trials == [trial(3.5, temperature=1.0), trial(3.1, temperature=2.0)]

"""The terms of use that are shown when a file is downloaded."""

import logging

import pytest

from ppgkd.datasets.registry import DATASETS, MANIFEST, get_dataset
from ppgkd.retrieve.terms import show_terms, terms_of


def test_every_published_file_has_terms_and_a_citation() -> None:
    for file in MANIFEST.values():
        terms = terms_of(file)
        assert "Terms: " in terms
        assert "Cite: " in terms


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "simulated"])
def test_terms_are_those_of_the_dataset(name: str) -> None:
    dataset = get_dataset(name)
    terms = terms_of(dataset.recordings[0].files[0])
    assert dataset.title in terms
    assert dataset.terms in terms
    assert dataset.citation in terms


def test_terms_are_logged_and_shown(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    file = get_dataset("wesad").recordings[0].files[0]
    with caplog.at_level(logging.INFO, logger="ppgkd"):
        show_terms(file)
    assert "non-commercial" in caplog.text
    assert "non-commercial" in capsys.readouterr().err

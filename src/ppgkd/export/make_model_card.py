"""The model card of a student, from its study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ppgkd.distill.teacher_estimates import EstimatesAbout, read_about
from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.inference.model_card import ModelCard, units_of
from ppgkd.inference.online_filter import Transition
from ppgkd.inference.validity import ValidityBounds
from ppgkd.published.registry import PUBLISHED
from ppgkd.runtime.revision import code_revision
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.study.cell import FINAL, NO_TEACHER
from ppgkd.windows.preprocessing import PREPROCESSING_VERSION

if TYPE_CHECKING:
    from ppgkd.datasets.registry import Dataset
    from ppgkd.study.study import Study, Teacher


def make_model_card(
    study: Study,
    cell: Mapping[str, str],
    windows: StudyWindows,
    metrics: Mapping[str, Any],
    rate_hz: float,
    transition: Transition,
    bounds: ValidityBounds,
) -> ModelCard:
    """Make the model card of a student.

    Parameters
    ----------
    study
        Its study.
    cell
        ``strategy, teacher, family, capacity, seed`` and, in a study with folds, ``fold``.
    windows
        The windows of the student's fold.
    metrics
        Its metrics on the test subjects; of the final training, those of the folds.
    rate_hz
        Rate of the sensor.
    transition, bounds
        Of the online filter, and of a valid estimate.
    """
    spec, channels = study.config["windows"], windows.train.channels
    teachers = _teachers(study, cell["teacher"])
    datasets = _training_datasets(study, teachers, windows)
    held_out = () if cell.get("fold") == FINAL else windows.test.index["subject"].unique()
    return ModelCard(
        rate_hz=rate_hz,
        window_s=float(spec["length_s"]),
        stride_s=float(spec["stride_s"]),
        channels=channels,
        units=units_of(channels),
        bpm_min=BPM_MIN,
        bpm_max=BPM_MAX,
        preprocessing_version=PREPROCESSING_VERSION,
        model_rate_hz=float(spec["rate_hz"]),
        low_hz=float(spec["low_hz"]),
        high_hz=float(spec["high_hz"]),
        filter_sd_bpm=transition.sd_bpm,
        filter_jump_probability=transition.jump_probability,
        filter_evidence=transition.evidence,
        filter_motion_discount=transition.motion_discount,
        **asdict(bounds),
        study=study.config["study"],
        strategy=cell["strategy"],
        teacher=cell["teacher"],
        student=f"{cell['family']}-{cell['capacity']}",
        seed=int(cell["seed"]),
        fold=cell.get("fold", ""),
        trained_on=tuple(dataset.name for dataset in datasets),
        terms=_terms(datasets, teachers),
        subjects_held_out=tuple(sorted(held_out)),
        test_mae_bpm=metrics["mae_bpm"],
        test_mae_lower_bpm=metrics["mae_lower_bpm"],
        test_mae_upper_bpm=metrics["mae_upper_bpm"],
        revision=code_revision(),
    )


def _teachers(study: Study, name: str) -> list[Teacher]:
    """Find a student's teacher, or those that teach together as one; none if it has none."""
    if name == NO_TEACHER:
        return []
    return [study.teacher(member) for member in study.teacher(name).joint or (name,)]


def _training_datasets(
    study: Study, teachers: list[Teacher], windows: StudyWindows
) -> list[Dataset]:
    """Datasets on which a student or its teachers were trained or selected."""
    parts = [windows.train, windows.val, windows.unlabelled]
    if any(teacher.model for teacher in teachers):  # the study pretrains those that it trains
        parts.append(windows.pretrain)
    names = {name for part in parts if part for name in part.index["dataset"].unique()}
    return [dataset for dataset in study.datasets if dataset.name in names]


def _terms(datasets: list[Dataset], teachers: list[Teacher]) -> str:
    terms = [f"{dataset.name}: {dataset.terms}" for dataset in datasets]
    return " ".join(terms + [text for teacher in teachers for text in _terms_of(teacher)])


def _terms_of(teacher: Teacher) -> list[str]:
    """Terms of a teacher that the study does not train."""
    published = PUBLISHED.get(teacher.name)
    if published:
        return [
            f"{published.name}: {published.title} {published.version}, {published.licence}; cite "
            f"{published.citation} It may have learned from "
            f"{', '.join(published.maybe_trained_on)}, whose terms are their own."
        ]
    if teacher.estimates and not teacher.smoothed:
        return [
            f"{teacher.name} on {dataset}: {about.made_by} {about.version}, {about.licence}; cite "
            f"{about.citation.removesuffix('.')}. It may have learned from {_learned_from(about)}."
            for dataset, path in teacher.estimates.files.items()
            for about in [read_about(path)]
        ]
    if teacher.model is None:
        return [f"{teacher.name}: a teacher of the user's own, whose data and terms are not known."]
    return []


def _learned_from(about: EstimatesAbout) -> str:
    if about.trained_on is None:
        return "data that are not known"
    return f"{', '.join(about.trained_on) or 'none of these datasets'}, whose terms are their own"

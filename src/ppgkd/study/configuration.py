"""Every key of a study's configuration: what it means, what is allowed, and its default.

``workflow/schemas/config.schema.yaml`` is generated from these models (``make schema``). Rules
that concern several keys are checked in `ppgkd.study.checks`. Model families are those of
`ppgkd.models.capacity.SHAPES`, strategies those of `ppgkd.strategies.registry.STRATEGIES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainSerializer, create_model, model_validator

from ppgkd.models.capacity import RENAMED, SHAPES
from ppgkd.schema.section import (
    FilledList,
    FilledSection,
    LeftOut,
    NotNull,
    Section,
    UniqueList,
    contradiction,
    left_out,
)
from ppgkd.schema.validation import filled, validate
from ppgkd.strategies.registry import STRATEGIES, Strategy
from ppgkd.strategies.settings import SETTINGS
from ppgkd.study.roles import ROLES

DESCRIBED = "workflow/schemas/config.schema.yaml"

Fraction = Annotated[float, Field(ge=0, le=1)]
RoleSubjects = LeftOut[Fraction | UniqueList[str]]
Capacity = Annotated[int, Field(ge=1)]
FamilyCapacities = LeftOut[FilledList[Capacity]]
# study and ONNX teacher: names of folders
StudyName = Annotated[str, Field(max_length=100, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]
OnnxName = Annotated[str, Field(max_length=100, pattern="^[A-Za-z0-9_]+$")]
Cost = Literal["params", "macs", "flash_bytes", "ram_bytes", "instructions", "latency_p99_ms"]
Core = Literal["Cortex-M4F", "Cortex-M7", "Cortex-M33", "Cortex-M55"]
LagS = Annotated[float, Field(ge=-30, le=30)]


def _role_subjects(meaning: str) -> Any:
    return left_out(f"{meaning} A fraction of the dataset's subjects, or a list of subjects.")


class DatasetSplit(FilledSection):
    """How a dataset is used: the subjects of each role, and what is taken of its recordings."""

    file: LeftOut[str] = left_out(
        "YAML file that describes recordings of your own. They then have the name that you give "
        "them here. The path is relative to the folder that Snakemake works in. "
        "src/ppgkd/datasets/own/schema.yaml describes the keys of the file; `ppgkd check-dataset` "
        "shows how the file is understood."
    )
    ppg: LeftOut[Literal["average", "each"] | FilledList[str]] = left_out(
        "PPG channels to take. A list ([ppg_2, ppg_1]): these channels, in this order. average: "
        "the mean of all channels, sample by sample, in the sensor's counts. each: an "
        "augmentation; training sees every channel in turn as the only one, and evaluation sees "
        "the first. Left out: all channels."
    )
    train: RoleSubjects = _role_subjects("Subjects to train on.")
    val: RoleSubjects = _role_subjects("Subjects for early stopping and tuning.")
    test: RoleSubjects = _role_subjects("Subjects to test on.")
    pretrain: RoleSubjects = _role_subjects(
        "Teachers first learn from these subjects and from train, then from train alone."
    )
    unlabelled: RoleSubjects = _role_subjects(
        "Students see the windows of these subjects without the reference, and learn from the "
        "teacher's outputs alone."
    )
    exclude: LeftOut[UniqueList[str]] = left_out("Subjects that are not used at all.")
    acceleration: LeftOut[Literal["still"]] = left_out(
        "still: the dataset has no accelerometer, and models that see the acceleration get zeros, "
        "which is a sensor that does not move. Right only where the sensor was held still. Left "
        "out: such a dataset needs inputs.accelerometer of false."
    )
    include: LeftOut[UniqueList[str]] = left_out(
        "Recordings that are left out otherwise, because their reference is doubtful."
    )
    reference_lag_s: LeftOut[LagS | dict[str, LagS]] = left_out(
        "Seconds by which the published references are late: one number for all recordings, or "
        "recording to its own. A reference is shifted earlier by them before segmentation. The "
        "data report and the rule alignment estimate them."
    )

    @property
    def roles(self) -> dict[str, float | list[str]]:
        """Fraction or subjects of each role that is given."""
        subjects = {role: getattr(self, role) for role in ROLES}
        return {role: given for role, given in subjects.items() if given is not None}

    def has_subjects(self, role: str) -> bool:
        """Whether any subject has this role."""
        given = self.roles.get(role)
        if isinstance(given, list):
            return bool(set(given) - set(self.exclude or ()))
        return bool(given)


class Simulation(Section):
    """The simulated cohort."""

    n_subjects: int = Field(24, ge=3, le=999, description="Number of subjects.")
    duration_s: float = Field(360, ge=60, description="Duration of each recording, in seconds.")
    seed: int = Field(0, ge=0, description="Seed of the simulation.")


class Windows(Section):
    """How recordings are segmented into windows and preprocessed."""

    length_s: float = Field(8, ge=2, le=60, description="Length of a window, in seconds.")
    stride_s: float = Field(2, gt=0, description="Time between starts of windows, in seconds.")
    rate_hz: float = Field(25, ge=10, le=128, description="Sampling rate that the models see.")
    low_hz: float = Field(0.4, ge=0, description="Lower edge of the band-pass filter.")
    high_hz: float = Field(8, gt=0, description="Upper edge of the band-pass filter.")


class Inputs(Section):
    """The channels that the models see."""

    ppg_channels: int = Field(
        3,
        ge=1,
        description="Number of PPG channels: the first ones of each dataset, in the order of its "
        "key ppg.",
    )
    accelerometer: bool = Field(
        True,
        description="Whether the models see the acceleration. Datasets without an accelerometer "
        "need false, or the key acceleration.",
    )
    acc_floor: float = Field(
        1e-3,
        gt=0,
        le=1,
        description="Power of the acceleration, in g², below which it is noise to the models. A "
        "sine of 0.03 g has 0.001, so by default they do not see hands on a handlebar; with "
        "0.00001 they do.",
    )


class Augmentation(Section):
    """Random changes of a window in a view.

    The spectral front end is blind to polarity, time reversal and axis rotation; ONNX teachers
    of your own may not be.
    """

    time_stretch: float = Field(
        1.18,
        ge=1,
        le=2,
        description="Largest factor of time stretch or squeeze; the heart rate changes with it.",
    )
    noise_sd: float = Field(
        0.2, ge=0, description="Largest SD of the noise added to a PPG channel of unit variance."
    )
    channel_dropout: Fraction = Field(
        0.1, description="Probability that a PPG channel is replaced by another."
    )
    motion_artefact: Fraction = Field(
        0,
        description="Probability of a synthetic periodic motion in PPG and accelerometer.",
    )
    real_motion: Fraction = Field(
        0,
        description="Probability that a pulse gets the motion of another training window, each "
        "played back at a rate of its own, so that heart rate and cadence are drawn apart.",
    )
    polarity: Fraction = Field(0, description="Probability that the PPG is inverted.")
    time_reversal: Fraction = Field(0, description="Probability that time is reversed.")
    axis_rotation: Fraction = Field(
        0,
        description="Probability that the accelerometer's axes are turned by any rotation.",
    )
    weaker_acceleration: float = Field(
        1,
        ge=1,
        le=1000,
        description="Largest factor by which the acceleration is divided; drawn log-uniformly "
        "from 1.",
    )


class FamilyTraining(FilledSection):
    """What is other in the training of a family of networks."""

    epochs: LeftOut[int] = left_out("Instead of those of the section.", ge=1)
    learning_rate: LeftOut[float] = left_out("Instead of that of the section.", gt=0)


if TYPE_CHECKING:  # its keys come from the registry
    FamilyTrainings = FilledSection
else:
    FamilyTrainings = create_model(
        "FamilyTrainings",
        __base__=FilledSection,
        **{
            family: (LeftOut[FamilyTraining], left_out(f"Training of {family}."))
            for family in SHAPES
        },
    )


class TrainingSection(Section):
    """How long and how fast one network is trained."""

    epochs: int = Field(15, ge=1, description="Largest number of passes over the training windows.")
    batch_size: int = Field(128, ge=2, description="Windows per step.")
    learning_rate: float = Field(0.01, gt=0, description="Peak of the one-cycle schedule.")
    weight_decay: float = Field(0.02, ge=0, description="Decoupled weight decay of AdamW.")
    patience: int = Field(
        10, ge=1, description="Epochs without a better validation MAE before training stops."
    )
    threads: int = Field(1, ge=1, description="Threads of one training job.")
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="Device of the training; cuda fails if there is no GPU."
    )
    balance: LeftOut[Fraction] = left_out(
        "How far rare heart rates are oversampled in training. 0 or left out: every window once "
        "per pass. 1: all intervals of 10 BPM are drawn equally often."
    )
    balance_datasets: LeftOut[Fraction] = left_out(
        "How far small datasets are oversampled in training. 0 or left out: every window once per "
        "pass. 1: all datasets are drawn equally often."
    )
    families: LeftOut[FamilyTrainings] = left_out(
        "Family to its own epochs and learning rate, the same for every strategy: a network along "
        "time learns more slowly than one along frequency. A learning rate that tuning has chosen, "
        "or a strategy has, comes before it."
    )


class PretrainingSection(TrainingSection):
    """Training of teachers on pretrain and train, before that on train alone."""

    epochs: int = Field(8, ge=1, description="Largest number of passes over the training windows.")


class Training(Section):
    """Training of teachers and students, the same for every strategy."""

    teacher: TrainingSection = Field(TrainingSection(), description="Training of teachers.")
    student: TrainingSection = Field(TrainingSection(), description="Training of students.")
    pretraining: PretrainingSection = Field(
        PretrainingSection(),
        description="Training of teachers on pretrain and train, before that on train alone.",
    )


class Onnx(Section):
    """Export of the students."""

    tolerance_bpm: float = Field(
        0.05,
        gt=0,
        description="Largest difference between ONNX Runtime and PyTorch on real windows. Where "
        "two classes are almost equally likely, rounding changes which one the estimate is near.",
    )
    coverage: float = Field(
        0.95,
        gt=0,
        le=1,
        description="Fraction of the validation windows whose spread is narrow enough for a valid "
        "estimate; it sets the largest valid spread, which is stored in the file.",
    )
    max_int8_loss_bpm: float = Field(
        0.1, ge=0, description="The report marks students whose MAE grows by more with eight bits."
    )
    rates_hz: UniqueList[Annotated[float, Field(ge=10, le=1000)]] = Field(
        [25, 32, 50, 64, 100, 125],
        description="Sensor rates that the recommended student is exported for, besides the "
        "study's own.",
    )


class Demo(Section):
    """The demonstration, a folder that is made to be put on a web server."""

    recordings: bool = Field(
        True,
        description="Whether it has five minutes of a test recording of each dataset. false: no "
        "recording is in it, for data that may not be passed on.",
    )


class Latency(Section):
    """How a student is timed."""

    runs: int = Field(
        500, ge=500, description="Timed runs of a round; the quietest of at least three counts."
    )
    warmup: int = Field(100, ge=1, description="Runs before them, which are not timed.")
    max_spread: float = Field(
        5,
        gt=1,
        description="Largest p99 / p50 of the run times on a quiet machine. Where no round is as "
        "quiet, CPU time is reported instead, and marked.",
    )


class Constraints(FilledSection):
    """Constraints on a student to recommend by the fitted laws."""

    max_mae_bpm: LeftOut[float] = left_out("Bound on the predicted MAE.", gt=0)
    max_latency_ms: LeftOut[float] = left_out("Bound on the predicted p99 latency.", gt=0)
    max_bytes: LeftOut[float] = left_out("Bound on the predicted size of the ONNX file.", gt=0)
    max_macs: LeftOut[float] = left_out(
        "Bound on the multiply-accumulates of one window from raw samples to BPM.", gt=0
    )
    max_flash_bytes: LeftOut[float] = left_out("Bound on the predicted bytes of flash.", gt=0)
    max_ram_bytes: LeftOut[float] = left_out("Bound on the predicted bytes of RAM.", gt=0)
    max_instructions: LeftOut[float] = left_out(
        "Bound on the predicted instructions of an estimate.", gt=0
    )


class Gates(Section):
    """What a student must meet to be recommended; defaults are those of arXiv 2511.18829.

    All costs are from raw samples to BPM, with the front end.
    """

    min_reduction: Fraction = Field(0.8, description="Fraction of the teacher's parameters saved.")
    max_latency_ms: float = Field(15, gt=0, description="Bound on the p99 latency.")
    max_mae_bpm: float = Field(2.5, gt=0, description="Bound on the test MAE.")
    max_macs: LeftOut[float] = left_out("Bound on the multiply-accumulates of one window.", gt=0)
    max_flash_bytes: LeftOut[float] = left_out(
        "Bound on the bytes of flash: code, tables, weights.", gt=0
    )
    max_ram_bytes: LeftOut[float] = left_out("Bound on the bytes of RAM: variables, stack.", gt=0)
    max_instructions: LeftOut[float] = left_out(
        "Bound on the instructions of an estimate and of the samples of its stride.", gt=0
    )
    core: Core = Field(
        "Cortex-M4F",
        description="Processor that flash, RAM and instructions are of. They are measured on the "
        "student's C in emulation, where arm-none-eabi-gcc and qemu-system-arm are installed; "
        "elsewhere flash and RAM are estimated from the ONNX file, and max_instructions is "
        "refused.",
    )
    cost: Cost = Field(
        "macs",
        description="What students are ranked by: the cheapest that is accurate enough is "
        "recommended, and the Pareto front is of this cost and the error. The time and energy of a "
        "processor without other work grow with the multiply-accumulates (macs).",
    )


def _capacities(family: str) -> Any:
    description = f"Parameter counts of members of {family}; each gives the nearest member."
    return (FamilyCapacities, left_out(description))


class _Families(FilledSection):
    """Families by name; what they were called before is refused with what they are called now."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_old_names(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and (old := [name for name in RENAMED if name in given]):
            now = " and ".join(f"'{name}' is now called '{RENAMED[name]}'" for name in old)
            raise contradiction(f"has families by their old names: {now}")
        return given


def _settings(strategy: Strategy) -> Any:
    settings: Any = SETTINGS[strategy.name]
    source = f" ({strategy.source})" if strategy.source else ""
    description = f"{strategy.description.removesuffix('.')}{source}."
    return (Annotated[settings | None, NotNull()], left_out(description))


def _trials(strategy: Strategy) -> Any:
    given_alone = PlainSerializer(lambda trial: trial.model_dump(exclude_unset=True))
    settings: Any = SETTINGS[strategy.name]
    default = [settings.model_construct(**trial) for trial in strategy.trials]
    return (
        Annotated[list[Annotated[settings, given_alone]], Field(min_length=1)],
        Field(
            default,
            description=f"Settings of {strategy.name} to try.",
            json_schema_extra={"default": [dict(trial) for trial in strategy.trials]},
        ),
    )


if TYPE_CHECKING:  # their keys come from the registries
    Capacities = FilledSection
    Strategies = FilledSection
    Trials = Section
else:
    Capacities = create_model(
        "Capacities", __base__=_Families, **{family: _capacities(family) for family in SHAPES}
    )
    Strategies = create_model(
        "Strategies",
        __base__=FilledSection,
        **{strategy.name: _settings(strategy) for strategy in STRATEGIES.values()},
    )
    Trials = create_model(
        "Trials",
        __base__=Section,
        **{strategy.name: _trials(strategy) for strategy in STRATEGIES.values()},
    )


class RecordedEstimates(Section):
    """What a teacher that is not run here says of recordings over time."""

    estimates: str = Field(
        description="Path of its file of a dataset, with {dataset} in the place of the dataset's "
        "name; docs/artifacts.md describes the file. The path is relative to the folder that "
        "Snakemake works in."
    )
    datasets: LeftOut[FilledList[str]] = left_out(
        "Datasets that it says something of; left out, all of the study."
    )
    max_sd_bpm: LeftOut[float] = left_out(
        "It teaches on windows where its spread is at most this, in BPM. Left out: on all that "
        "it says something of.",
        gt=0,
    )


class PublishedEstimates(Section):
    """What is taken of a published model that teaches."""

    datasets: LeftOut[FilledList[str]] = left_out(
        "Datasets that it teaches on; left out, all of the study."
    )
    max_sd_bpm: LeftOut[float] = left_out(
        "As of a recorded teacher: largest spread with which it teaches, in BPM.", gt=0
    )


class JointEstimates(Section):
    """Teachers that teach together."""

    members: Annotated[UniqueList[str], Field(min_length=2)] = Field(
        description="At least two recorded, published or smoothed teachers of the study, by their "
        "names: recorded-<name>, beliefppg, <name>-smoothed."
    )
    max_sd_bpm: LeftOut[float] = left_out(
        "As of a recorded teacher: largest spread with which it teaches, in BPM.", gt=0
    )


class Teachers(Capacities):
    """The teachers: networks that the study trains, their ensembles, and those of others."""

    ensembles: LeftOut[UniqueList[str]] = left_out(
        "Names of trained teachers (spectral_resnet-130000) whose seeds also teach together, as "
        "<name>-ensemble."
    )
    onnx: LeftOut[dict[OnnxName, str]] = left_out(
        "Name to an ONNX file that maps windows (batch, channels, samples) to logits (batch, 180) "
        "and, for the strategy feature, to features (batch, features, positions). It teaches as "
        "onnx-<name>."
    )
    smoothed: LeftOut[UniqueList[str]] = left_out(
        "Names of teachers that the study trains or runs, ensembles and onnx-<name> too, whose "
        "estimates also teach as <name>-smoothed: each recording's are smoothed in both directions "
        "of time, by the model of the online filter."
    )
    recorded: LeftOut[dict[OnnxName, str | RecordedEstimates]] = left_out(
        "Name to what a teacher says of the recordings, which any program may have written: a path "
        "with {dataset} in the place of the dataset's name, or keys. It teaches as recorded-<name>."
    )
    joint: LeftOut[dict[OnnxName, JointEstimates]] = left_out(
        "Name to teachers that teach together as joint-<name>: the mean of what they say, wherever "
        "one of them says something."
    )
    published: LeftOut[UniqueList[str] | dict[str, PublishedEstimates]] = left_out(
        "Published models that teach, by name; or name to what is taken of it. They run in an "
        "environment of their own, which is made when a study first names one. beliefppg is "
        "decoded online; beliefppg_hindsight uses what comes after, too; beliefppg_undecoded "
        "takes each time alone, and its spread tells where it errs."
    )


class People(Section):
    """Training with fewer people, beside that with all of them: how many must be recorded?"""

    sizes: UniqueList[Annotated[int, Field(ge=1)]] = Field(
        [],
        description="Numbers of training people, each below that of all of them. Validation and "
        "test are the same for every number, and the steps of training about as many.",
    )
    draws: int = Field(
        3,
        ge=2,
        le=100,
        description="Random draws of each number. In one draw, fewer people are some of the more.",
    )
    minutes: UniqueList[Annotated[int, Field(ge=1)]] = Field(
        [], description="Minutes of windows to take of each training person, from the beginning."
    )
    datasets: LeftOut[FilledList[str]] = left_out(
        "Datasets whose people are drawn; those of the others train in every draw. Left out: of "
        "all datasets with training people."
    )
    others: Literal["left_out", "unlabelled"] = Field(
        "left_out",
        description="What becomes of training people who are not drawn. unlabelled: students that "
        "have a teacher see them without the reference; a teacher that the study trains has not "
        "learned from them.",
    )


class TuningPlan(Section):
    """Choice of each strategy's settings on validation subjects, before the sweep."""

    student: str = Field(description="Student of the trials.")
    teacher: str = Field(description="Teacher of the trials.")
    trials: Trials = Field(
        Trials(),
        description="Settings to try for each strategy, the same number for every strategy of the "
        "study. What a trial does not name is as in strategies.",
    )


class Configuration(Section):
    """Every key of a study, what it means, what is allowed, and its default."""

    study: StudyName = Field(description="Name of the study; results go to results/<study>/.")
    mirror: str | None = Field(
        None,
        description="Folder or base URL to fetch raw files from instead of their origin. The "
        "environment variable PPGKD_MIRROR does the same.",
    )
    datasets: dict[str, DatasetSplit] = Field(
        min_length=1, description="Dataset to how the study uses it."
    )
    split_seed: int = Field(
        0, ge=0, description="Seed of the shuffle of subjects that comes before fractions."
    )
    folds: Annotated[int, Field(ge=2)] | Literal["datasets"] | None = Field(
        None,
        description="A number k: k-fold cross-validation by subject; every subject is tested in "
        "one fold. datasets: each fold leaves out one dataset with test of 1, and tests on all of "
        "it networks that learned from the others.",
    )
    other_people: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="A number k, with folds of datasets: the recommended student is trained again "
        "in k folds by subject over all datasets, so that the report puts its error on a dataset "
        "that is left out beside that on other people of a dataset that it has learned. null: "
        "the report says that the second is not known.",
    )
    people: People | None = Field(
        None,
        description="Train everything with fewer people, too: curves of the error over people, and "
        "how many to record. Needs folds by subject. null: with all people alone.",
    )
    simulation: Simulation = Field(Simulation(), description="The simulated cohort.")
    windows: Windows = Field(
        Windows(), description="How recordings are segmented into windows and preprocessed."
    )
    inputs: Inputs = Field(Inputs(), description="The channels that the models see.")
    label_sd_bpm: float = Field(
        1.5,
        gt=0,
        description="SD of the Gaussian that softens the reference over the 180 classes, in BPM.",
    )
    teachers: Teachers = Field(
        description="Networks that the study trains as teachers, their ensembles, and ONNX files "
        "of your own."
    )
    students: Capacities = Field(description="Model family to the capacities of its students.")
    seeds: FilledList[Annotated[int, Field(ge=0)]] = Field(
        [0], description="Seeds; the student of seed k learns from the teacher of seed k."
    )
    views: int = Field(
        8, ge=1, description="Augmented views of each training window that teachers label."
    )
    augmentation: Augmentation = Field(
        Augmentation(), description="Random changes of a window in a view."
    )
    strategies: Strategies = Field(
        Strategies(
            **{name: SETTINGS[name]() for name, found in STRATEGIES.items() if found.by_default}
        ),
        description="Strategies to train students by, with the settings of each one's loss. A "
        "study that names some leaves out the others.",
    )
    tuning: TuningPlan | None = Field(
        None,
        description="Choose each strategy's settings on validation subjects, before the sweep. "
        "null: the settings are those in strategies.",
    )
    training: Training = Field(
        Training(), description="Training of teachers and students, the same for every strategy."
    )
    filter_evidence: float = Field(
        1,
        gt=0,
        le=1,
        description="Exponent of a window's probabilities in the online filter. 1: windows count "
        "as independent. Windows of 8 s every 2 s share most of their samples: 0.5 then errs less.",
    )
    filter_motion_discount: float = Field(
        0,
        ge=0,
        le=0.99,
        description="Share by which the online filter lowers the probability of heart rates at the "
        "frequencies of the acceleration, while the wrist moves. 0: they count as others do. 0.7 "
        "errs less on people whose pulse is not tied to their steps, and more where it is.",
    )
    onnx: Onnx = Field(Onnx(), description="Export of the students.")
    latency: Latency = Field(Latency(), description="How a student is timed.")
    plan: list[Constraints] = Field(
        [],
        description="Constraints for which students are recommended by the fitted laws, trained, "
        "and compared with the prediction; see `ppgkd plan`.",
    )
    compare: UniqueList[StudyName] = Field(
        [],
        description="Names of finished studies, results/<name>. The report puts this study's "
        "students beside theirs where both were tested on the same windows.",
    )
    gates: Gates = Field(Gates(), description="What a student must meet to be recommended.")
    demo: Demo = Field(Demo(), description="The demonstration of the recommended student.")


def read_configuration(given: Mapping[str, Any]) -> tuple[Configuration, dict[str, Any]]:
    """Check a configuration key by key.

    Parameters
    ----------
    given
        The mapping read from YAML.

    Returns
    -------
    tuple
        The configuration, and the same as plain mappings, with all defaults: what Snakemake reads.

    Raises
    ------
    PpgkdError
        If a key is unknown or missing, or a value is not allowed; all errors are listed.
    """
    configuration = validate(Configuration, given, "The configuration", DESCRIBED)
    plain = filled(configuration, given)
    # These sections are parameters of rules, which Snakemake compares as they are printed.
    plain["training"] = {
        name: {key: section[key] for key in TrainingSection.model_fields if key in section}
        for name, section in plain["training"].items()
    }
    return configuration, plain

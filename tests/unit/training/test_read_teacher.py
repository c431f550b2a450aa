"""Teachers of every kind have one interface: a network, an ensemble, an ONNX file of the user."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from ppgkd.distill.targets import read_targets, write_targets
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model, save_model
from ppgkd.models.capacity import InputShape, SpectralMLPShape, SpectralResNetShape
from ppgkd.models.output import Output
from ppgkd.models.predict import predict
from ppgkd.training.ensemble import Ensemble
from ppgkd.training.onnx_teacher import OnnxTeacher
from ppgkd.training.read_teacher import read_teacher
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import read_view_cache, write_view_cache
from ppgkd.views.examples import examples
from ppgkd.windows.read import Windows

Array = NDArray[np.float32]


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class Says(nn.Module):
    """A network whose output does not depend on its input."""

    def __init__(self, logits: Array, features: Array) -> None:
        super().__init__()
        self.answer = Output(torch.from_numpy(logits), torch.from_numpy(features))

    def forward(self, window: Tensor) -> Output:
        return self.answer


@pytest.fixture
def window(inputs: InputShape) -> Tensor:
    return torch.from_numpy(noise(4, inputs.channels, inputs.n_samples))


def test_an_ensembles_distribution_is_the_mean_of_its_members(window: Tensor) -> None:
    logits = [3 * noise(4, 180, seed=seed) for seed in range(3)]
    together = Ensemble([Says(one, noise(4, 2, 18)) for one in logits])
    expected = np.mean([softmax(one.astype(np.float64), axis=1) for one in logits], axis=0)
    found = together(window).logits
    np.testing.assert_allclose(found.exp(), expected, rtol=1e-5)
    np.testing.assert_allclose(torch.softmax(found, dim=1), expected, rtol=1e-5)


def test_an_ensemble_has_two_modes_where_its_members_disagree(window: Tensor) -> None:
    """The mean of distributions keeps both modes; the mean of logits would keep neither."""
    one, other = np.full((2, 1, 180), -1e4, np.float32)
    one[:, 60 - 30] = other[:, 120 - 30] = 1e4
    features = noise(1, 2, 18)
    found = torch.softmax(Ensemble([Says(one, features), Says(other, features)])(window).logits, 1)
    assert found[0, [60 - 30, 120 - 30]].tolist() == pytest.approx([0.5, 0.5])


def test_an_ensemble_of_one_is_that_one(inputs: InputShape, window: Tensor) -> None:
    alone = build_model(SpectralResNetShape(4), inputs, seed=0).eval()
    together = Ensemble([alone]).eval()
    np.testing.assert_allclose(predict(together, window), predict(alone, window), rtol=1e-5)
    assert torch.equal(together(window).features, alone(window).features)


def test_an_ensemble_of_the_same_is_that_one(inputs: InputShape, window: Tensor) -> None:
    alone = build_model(SpectralMLPShape(6), inputs, seed=0).eval()
    found = predict(Ensemble([alone, alone, alone]), window)
    np.testing.assert_allclose(found, predict(alone, window), rtol=1e-5)


def test_an_ensemble_has_the_features_of_all_its_members_in_turn(window: Tensor) -> None:
    features = [noise(4, width, 18, seed=width) for width in (2, 5)]
    together = Ensemble([Says(noise(4, 180), one) for one in features])
    np.testing.assert_array_equal(together(window).features, np.concatenate(features, axis=1))


def test_logits_of_magnitude_1e4_give_an_ensemble_that_is_finite(window: Tensor) -> None:
    logits = [1e4 * noise(4, 180, seed=seed) for seed in range(3)]
    together = Ensemble([Says(one, noise(4, 2, 18)) for one in logits])
    exact = [log_softmax(one.astype(np.float64), axis=1) for one in logits]
    expected = np.logaddexp.reduce(exact, axis=0) - np.log(3)
    np.testing.assert_allclose(together(window).logits, expected, rtol=1e-5, atol=1e-5)


def evaluated(ensemble: nn.Module) -> set[bool]:
    return {not module.training for module in ensemble.modules()}


def test_an_ensembles_members_are_run_in_evaluation_mode(
    inputs: InputShape, window: Tensor
) -> None:
    members = [build_model(SpectralResNetShape(4), inputs, seed).train() for seed in (0, 1)]
    together = Ensemble(members)
    predict(together, window)
    assert evaluated(together) == {True}


class Graph:
    """ONNX files: the mean of each channel, mapped to any number of classes."""

    def __init__(self, channels: int, n_samples: int) -> None:
        self.channels, self.n_samples = channels, n_samples

    def weights(self, classes: int = 180) -> tuple[Array, Array]:
        return noise(self.channels, classes, seed=1), noise(classes, seed=2)

    def write(
        self,
        path: Path,
        *,
        classes: int = 180,
        features: int | None = None,
        batch: int | str = "batch",
        kind: int = TensorProto.FLOAT,
    ) -> Path:
        """Write a file whose second output, if any, has ``features`` dimensions."""
        weight, bias = self.weights(classes)
        stored = {"time": np.array([2]), "weight": weight, "bias": bias}
        nodes = [
            helper.make_node("Cast", ["window"], ["heard"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["heard", "time"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weight"], ["product"]),
            helper.make_node("Add", ["product", "bias"], ["logits"]),
        ]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, classes])]
        if features is not None:
            seconds: dict[int, tuple[tuple[str, list[str]], list[str | int | None]]] = {
                1: (("Identity", ["bias"]), [classes]),
                2: (("Identity", ["mean"]), [batch, self.channels]),
                3: (("Unsqueeze", ["mean", "time"]), [batch, self.channels, 1]),
            }
            second, shape = seconds[features]
            nodes.append(helper.make_node(*second, ["features"]))
            outputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, shape))
        graph = helper.make_graph(
            nodes,
            "teacher",
            [helper.make_tensor_value_info("window", kind, [batch, self.channels, self.n_samples])],
            outputs,
            [numpy_helper.from_array(array, name) for name, array in stored.items()],
        )
        opset = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=10)
        onnx.checker.check_model(model)
        onnx.save(model, path)
        return path


@pytest.fixture
def graph(inputs: InputShape) -> Graph:
    return Graph(inputs.channels, inputs.n_samples)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.onnx"


def test_the_logits_are_the_first_output_of_the_file(
    graph: Graph, path: Path, inputs: InputShape, window: Tensor
) -> None:
    teacher = OnnxTeacher(graph.write(path), inputs)
    weight, bias = (array.astype(np.float64) for array in graph.weights())
    expected = window.double().numpy().mean(axis=2) @ weight + bias
    np.testing.assert_allclose(teacher(window).logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_windows", [1, 2, 5])
def test_a_file_accepts_any_number_of_windows(
    n_windows: int, graph: Graph, path: Path, inputs: InputShape, window: Tensor
) -> None:
    teacher = OnnxTeacher(graph.write(path), inputs)
    found = teacher(window.repeat(2, 1, 1)[:n_windows]).logits
    assert found.shape == (n_windows, 180)
    np.testing.assert_allclose(found[0], teacher(window).logits[0], rtol=1e-5)


def test_predictions_of_a_file_are_those_of_a_network(
    graph: Graph, path: Path, inputs: InputShape, window: Tensor
) -> None:
    teacher = OnnxTeacher(graph.write(path), inputs)
    expected = softmax(teacher(window).logits.double().numpy(), axis=1)
    np.testing.assert_allclose(predict(teacher, window), expected, rtol=1e-5)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_features_of_a_file_have_positions_or_one(
    dimensions: int, graph: Graph, path: Path, inputs: InputShape, window: Tensor
) -> None:
    teacher = OnnxTeacher(graph.write(path, features=dimensions), inputs)
    features = teacher(window).features
    assert features.shape == (4, inputs.channels, 1)
    np.testing.assert_allclose(features[:, :, 0], window.mean(dim=2), rtol=1e-4, atol=1e-6)


def test_a_file_without_features_is_a_teacher_too(
    graph: Graph, path: Path, inputs: InputShape, window: Tensor
) -> None:
    assert OnnxTeacher(graph.write(path), inputs)(window).features.numel() == 0


def test_the_parameters_stored_in_a_file_are_counted(
    graph: Graph, path: Path, inputs: InputShape
) -> None:
    teacher = OnnxTeacher(graph.write(path), inputs)
    axes = 1
    assert teacher.n_params() == inputs.channels * 180 + 180 + axes


def refusal(path: Path, inputs: InputShape) -> str:
    with pytest.raises(PpgkdError) as caught:
        OnnxTeacher(path, inputs)
    message = str(caught.value)
    assert f"teacher {path}" in message
    return message


@pytest.mark.parametrize("classes", [1, 90, 179, 181])
def test_a_file_with_another_number_of_classes_is_refused(
    classes: int, graph: Graph, path: Path, inputs: InputShape
) -> None:
    message = refusal(graph.write(path, classes=classes), inputs)
    assert f"first output of the teacher {path} has shape (7, {classes}) for 7 windows" in message
    assert "it must be (7, 180): logits of 30 to 209 BPM" in message


@pytest.mark.parametrize(("channels", "n_samples"), [(3, 200), (6, 200), (5, 256), (5, 100)])
def test_a_file_for_other_windows_is_refused(
    channels: int, n_samples: int, path: Path, inputs: InputShape
) -> None:
    message = refusal(Graph(channels, n_samples).write(path), inputs)
    assert "does not run on windows of shape (batch, 5, 200), float32" in message
    assert "Export it for these channels and this rate, with a free batch dimension" in message


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_a_file_for_a_fixed_number_of_windows_is_refused(
    batch: int, graph: Graph, path: Path, inputs: InputShape
) -> None:
    message = refusal(graph.write(path, batch=batch), inputs)
    assert "with a free batch dimension" in message


@pytest.mark.parametrize("kind", [TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT64])
def test_a_file_for_windows_of_another_type_is_refused(
    kind: int, graph: Graph, path: Path, inputs: InputShape
) -> None:
    assert "float32" in refusal(graph.write(path, kind=kind), inputs)


def test_a_file_with_features_of_no_window_is_refused(
    graph: Graph, path: Path, inputs: InputShape
) -> None:
    message = refusal(graph.write(path, features=1), inputs)
    assert f"second output of the teacher {path} has shape (180,) for 7 windows" in message
    assert "features must be (batch, n_features) or (batch, n_features, n_positions)" in message


def test_a_file_whose_output_is_a_list_is_refused(path: Path, inputs: InputShape) -> None:
    """As converters of classifiers write them: one mapping per window, or a list of tensors."""
    node = helper.make_node("SequenceConstruct", ["window", "window", "window"], ["logits"])
    shape: list[str | int | None] = ["batch", inputs.channels, inputs.n_samples]
    model = helper.make_model(
        helper.make_graph(
            [node],
            "teacher",
            [helper.make_tensor_value_info("window", TensorProto.FLOAT, shape)],
            [helper.make_tensor_sequence_value_info("logits", TensorProto.FLOAT, shape)],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )
    onnx.save(model, path)
    assert f"has shape (3, 7, {inputs.channels}, " in refusal(path, inputs)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x07", bytes(500)])
def test_a_file_that_is_no_onnx_is_refused(content: bytes, path: Path, inputs: InputShape) -> None:
    path.write_bytes(content)
    assert "does not run" in refusal(path, inputs)


def test_a_file_cut_short_is_refused(graph: Graph, path: Path, inputs: InputShape) -> None:
    content = graph.write(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "does not run" in refusal(path, inputs)


def test_a_missing_file_is_refused(path: Path, inputs: InputShape) -> None:
    assert "does not run" in refusal(path, inputs)


@pytest.mark.parametrize("features", [None, 3])
def test_the_targets_of_a_file_are_its_logits_and_its_features_if_any(
    features: int | None,
    graph: Graph,
    path: Path,
    inputs: InputShape,
    tones: Callable[..., Windows],
    tmp_path: Path,
) -> None:
    windows = examples(tones([60.0, 80.0, 120.0], inputs))
    write_view_cache(windows, inputs, Augmentation(), tmp_path / "bank", views=2, seed=0)
    view_cache = read_view_cache(tmp_path / "bank")
    teacher = read_teacher([graph.write(path, features=features)], inputs)
    write_targets(teacher.network, teacher.about["sha256"], view_cache, tmp_path / "targets")
    targets = read_targets(tmp_path / "targets", view_cache, teacher.about["sha256"])
    exact = teacher.network(view_cache.view(1).signal).logits
    expected = exact - exact.amax(dim=1, keepdim=True)
    np.testing.assert_allclose(targets.logits[1], expected, rtol=1e-3, atol=1e-5)
    if features is None:
        assert targets.features is None
    else:
        assert targets.feature_shape == (inputs.channels, 1)


Files = list[Path]


@pytest.fixture
def files(inputs: InputShape, tmp_path: Path) -> Files:
    """Weights of three networks of one shape."""
    made = []
    for seed in range(3):
        made.append(tmp_path / f"seed{seed}" / "model.safetensors")
        shape = SpectralResNetShape(4)
        save_model(made[-1], build_model(shape, inputs, seed), shape, inputs)
    return made


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_one_file_of_weights_is_that_network(
    files: Files, inputs: InputShape, window: Tensor
) -> None:
    teacher = read_teacher(files[:1], inputs)
    expected = build_model(SpectralResNetShape(4), inputs, seed=0)
    assert torch.equal(predict(teacher.network, window), predict(expected, window))
    assert teacher.about == {
        "family": "spectral_resnet",
        "params": SpectralResNetShape(4).n_params(inputs),
        "network_macs": SpectralResNetShape(4).macs(inputs),
        "sha256": sha256(files[0]),
    }


def test_several_files_of_weights_are_their_ensemble(
    files: Files, inputs: InputShape, window: Tensor
) -> None:
    teacher = read_teacher(files, inputs)
    members = [build_model(SpectralResNetShape(4), inputs, seed) for seed in range(3)]
    expected = np.mean([predict(member, window).double().numpy() for member in members], axis=0)
    np.testing.assert_allclose(predict(teacher.network, window), expected, rtol=1e-5)
    assert teacher.about["family"] == "spectral_resnet"
    assert teacher.about["params"] == 3 * SpectralResNetShape(4).n_params(inputs)
    assert teacher.about["network_macs"] == 3 * SpectralResNetShape(4).macs(inputs)


def test_the_fingerprint_of_an_ensemble_changes_with_any_member(
    files: Files, inputs: InputShape
) -> None:
    def fingerprint(*paths: Path) -> str:
        return str(read_teacher(paths, inputs).about["sha256"])

    first, second, third = files
    together = fingerprint(first, second)
    assert together == fingerprint(first, second)
    others = [fingerprint(first), fingerprint(first, third), fingerprint(first, second, third)]
    assert together not in others


def test_an_onnx_file_is_recognised_by_its_suffix(
    graph: Graph, path: Path, inputs: InputShape
) -> None:
    teacher = read_teacher([graph.write(path)], inputs)
    assert isinstance(teacher.network, OnnxTeacher)
    params = inputs.channels * 180 + 180 + 1
    assert teacher.about == {"params": params, "sha256": sha256(path)}


def test_weights_for_other_windows_than_the_studys_are_refused(
    files: Files, tmp_path: Path
) -> None:
    study = InputShape(ppg_channels=1, acc_channels=3, n_samples=200, rate_hz=25.0)
    with pytest.raises(PpgkdError) as caught:
        read_teacher(files, study)
    message = str(caught.value)
    assert f"teacher {files[0]} was trained for InputShape(ppg_channels=2" in message
    assert "the study has InputShape(ppg_channels=1" in message


def test_the_member_that_does_not_fit_is_named(
    files: Files, inputs: InputShape, tmp_path: Path
) -> None:
    odd, other = tmp_path / "odd.safetensors", InputShape(1, 0, 200, 25.0)
    save_model(odd, build_model(SpectralMLPShape(4), other, 0), SpectralMLPShape(4), other)
    with pytest.raises(PpgkdError, match=f"teacher {odd} was trained for"):
        read_teacher([files[0], odd], inputs)


def test_damaged_weights_of_a_member_are_refused(files: Files, inputs: InputShape) -> None:
    files[1].write_bytes(files[1].read_bytes()[:-100])
    with pytest.raises(PpgkdError, match=f"Model file {files[1]} cannot be read"):
        read_teacher(files, inputs)

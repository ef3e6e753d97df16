"""Export, eight bits and timing of networks, against torch and against onnx's own reader."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from scipy.special import softmax

from dlrrc_core.baseline import cases, deploy, deploy_export, deploy_latency, networks
from dlrrc_core.problems import UsageError

SIDE = 48


def pictures(n: int, channels: int = 3, sides: tuple[int, ...] = (SIDE, SIDE)) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, channels, *sides)).astype(np.float32)


def ready(name: str, **arguments: Any) -> networks.Network:
    """Return a network whose moving statistics fit its input, so that the answers differ between images."""
    model = networks.build(name, seed=1, **arguments)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            part.momentum = 1.0  # one batch sets the statistics
    sides = (SIDE, SIDE) if model.axes == 2 else (16, 16, 16)
    images = torch.from_numpy(pictures(8, model.channels, sides))
    last = [part for part in model.modules() if isinstance(part, torch.nn.Linear)][-1]
    torch.manual_seed(0)
    with torch.no_grad():
        model(images)
        last.weight.div_(model.eval()(images).std(dim=0).mean())  # answers about one apart
    return model.train()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[networks.Network, Path, Path]:
    folder = tmp_path_factory.mktemp("deploy")
    model = ready("resnet18")
    path = deploy.export(model, folder / "new" / "resnet18.onnx", SIDE)
    return model, path, deploy.quantise(path, folder / "int8.onnx", pictures(24))


def test_answers_are_those_of_torch(exported: tuple[networks.Network, Path, Path]) -> None:
    model, path, _ = exported
    assert model.training
    for n in (1, 3, 20):  # any number of images
        found = deploy.check(path, model, pictures(n))
        assert found["images"] == n
        assert found["same_answers"] == 1
        assert found["largest_difference"] < 1e-3  # worst difference seen 1.5e-5
        assert found["largest_probability_difference"] < 1e-4
    with torch.no_grad():
        expected = model.eval()(torch.from_numpy(pictures(5))).numpy()
    model.train()
    assert np.ptp(expected, axis=0).min() > 0.1  # the images do differ
    np.testing.assert_allclose(deploy.answers(path, pictures(5)), expected, rtol=1e-4, atol=1e-4)


def test_file_is_valid(exported: tuple[networks.Network, Path, Path]) -> None:
    model, path, quantised = exported
    for each in (path, quantised):
        stored = onnx.load(each)
        onnx.checker.check_model(stored, full_check=True)
        (given,), (answered,) = stored.graph.input, stored.graph.output
        assert (given.name, answered.name) == ("images", "answers")
        sides = [side.dim_param or side.dim_value for side in given.type.tensor_type.shape.dim]
        assert sides[1:] == [3, SIDE, SIDE]
        assert isinstance(sides[0], str)
    # 4 bytes a parameter, 1 byte after quantisation; batch normalisation is folded into the convolutions
    weights = networks.parameters(model).trainable
    assert path.stat().st_size == pytest.approx(4 * weights, rel=0.02)
    assert quantised.stat().st_size == pytest.approx(weights, rel=0.05)
    kinds = {each.data_type for each in onnx.load(quantised).graph.initializer}
    assert onnx.TensorProto.INT8 in kinds


def test_eight_bits_agree(exported: tuple[networks.Network, Path, Path]) -> None:
    _, path, quantised = exported
    images = pictures(40)
    found = deploy.agreement(path, quantised, images)
    full, less = deploy.answers(path, images), deploy.answers(quantised, images)
    apart = np.abs(softmax(full, axis=1) - softmax(less, axis=1))
    assert found == {
        "images": 40,
        "same_answers": np.mean((full[:, 1] >= full[:, 0]) == (less[:, 1] >= less[:, 0])),
        "largest_probability_difference": pytest.approx(apart.max()),
        "mean_probability_difference": pytest.approx(apart.mean()),
    }
    assert 0 < found["mean_probability_difference"] < 0.1  # seen: 0.02
    assert found["same_answers"] > 0.8  # seen: 1
    assert deploy.agreement(path, path, images)["largest_probability_difference"] == 0


def test_an_even_answer_is_class_1_as_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "one.onnx": [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [2.0, 2.0]],
        "other.onnx": [[0.3, 0.3], [0.3, 0.3], [1.0, 0.0], [5.0, 5.0]],
    }
    monkeypatch.setattr(deploy, "answers", lambda path, images: np.array(given[path]))
    # first: 1 and even, the same; second: 0 and even, not; third: 1 and 0, not; fourth: both even, the same
    assert deploy.agreement("one.onnx", "other.onnx", [])["same_answers"] == 0.5
    called = [
        cases.sample([0, 1, 0, 1], softmax(np.array(each), axis=1)[:, 1]).call.tolist() for each in given.values()
    ]
    assert called == [[1, 0, 1, 1], [1, 1, 0, 1]]  # the rule of the evaluation: the same two of four
    three = {
        "one.onnx": [[0.0, 2.0, 1.0]],
        "other.onnx": [[1.0, 1.2, 1.1]],
    }  # the most probable is below 0.5 in the second
    monkeypatch.setattr(deploy, "answers", lambda path, images: np.array(three[path]))
    assert deploy.agreement("one.onnx", "other.onnx", [])["same_answers"] == 1


def test_latency_of_a_file(exported: tuple[networks.Network, Path, Path]) -> None:
    _, path, _ = exported
    found = deploy.latency(path, SIDE, repeats=4)
    assert (found["runtime"], found["size"], found["threads"], found["repeats"]) == ("onnxruntime", "48x48", 1, 4)
    times = [found[f"{name}_ms"] for name in ("least", "quartile_1", "median", "quartile_3", "largest")]
    assert times == sorted(times)
    assert times[0] > 0
    assert found["file_mib"] == path.stat().st_size / 2**20
    assert json.loads(json.dumps(found)) == found
    if sys.platform.startswith("linux"):
        # the process holds the weights, but not torch and whatever else this test has loaded
        grown = found["memory_peak_mib"] - found["memory_before_mib"]
        assert found["file_mib"] < grown < 10 * found["file_mib"]
        assert found["memory_before_mib"] < 150


def test_latency_of_a_network_of_torch() -> None:
    model = ready("shufflenetv2", channels=1, head="hidden")
    found = deploy.latency(model, (32, 48), repeats=2)
    assert (found["runtime"], found["size"]) == ("torch", "32x48")
    assert found["median_ms"] > 0
    assert found["file_mib"] == pytest.approx(4 * networks.parameters(model).total / 2**20, rel=0.05)
    assert model.training


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the peak of another process comes from the kernel of Linux"
)
def test_peak_memory_is_that_of_the_process_itself() -> None:
    held = np.ones(40 * 2**20, dtype=np.uint8)  # this process has had much more than a bare one
    code = "from dlrrc_core.baseline.deploy_latency import peak_memory as p; a = p(); b = bytearray(b'1') * (60 << 20); print(a, p())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = (float(word) for word in done.stdout.split())
    assert held.all()
    assert before < deploy_latency.peak_memory()
    assert after - before == pytest.approx(60, abs=3)


def test_only_known_messages_are_left_out(caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder) -> None:
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    logger.addHandler(caplog.handler)
    try:
        with deploy_export._quiet():
            logger.warning("torchvision is not installed. Skipping %s", "torchvision::nms")
            logger.warning("another message")
    finally:
        logger.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"another message"}
    assert not logger.filters


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenetv2", "shufflenetv2", "efficientnet_b0", "resnet18_3d"])
@pytest.mark.parametrize("channels", [1])
def test_every_kind_of_network_is_exported(name: str, channels: int, tmp_path: Path) -> None:
    model = ready(name, channels=channels, classes=3, head="hidden")
    sides = (SIDE, SIDE + 16) if model.axes == 2 else (16, 16, 24)
    path = deploy.export(model, tmp_path / "a.onnx", sides)
    found = deploy.check(path, model, pictures(5, channels, sides))
    # a share of the largest answer; seen: up to 1e-4, after many layers with random weights
    assert found["largest_difference"] < 1e-3 * np.abs(deploy.answers(path, pictures(5, channels, sides))).max()
    assert found["largest_probability_difference"] < 1e-3  # seen: 3.5e-5
    small = deploy.quantise(path, tmp_path / "b.onnx", pictures(16, channels, sides))
    assert deploy.agreement(path, small, pictures(5, channels, sides))["images"] == 5
    assert deploy.latency(small, sides, 2)["file_mib"] < 0.5 * deploy.latency(path, sides, 2)["file_mib"]


def test_wrong_arguments(exported: tuple[networks.Network, Path, Path], tmp_path: Path) -> None:
    model, path, quantised = exported
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    for message, call in [
        (
            "the file is a.bin; allowed: a name that ends in .onnx",
            lambda: deploy.export(model, tmp_path / "a.bin", SIDE),
        ),
        ("the file is a.bin", lambda: deploy.quantise(path, tmp_path / "a.bin", pictures(2))),
        ("images of 8 x 8; allowed: 16", lambda: deploy.export(model, tmp_path / "a.onnx", 8)),
        ("there is no file", lambda: deploy.answers(tmp_path / "none.onnx", pictures(1))),
        (r"bad\.onnx cannot be read as ONNX", lambda: deploy.latency(tmp_path / "bad.onnx", SIDE)),
        (r"\(2, 1, 48, 48\); allowed: at least one, then \(3, 48, 48\)", lambda: deploy.answers(path, pictures(2, 1))),
        (r"shape \(0, 3, 48, 48\)", lambda: deploy.quantise(path, tmp_path / "a.onnx", pictures(2)[:0])),
        ("repeats is 0; allowed", lambda: deploy.latency(path, SIDE, 0)),
        ("threads is 1.5; allowed", lambda: deploy.latency(path, SIDE, 1, 1.5)),
        (r"could not be timed at \[3, 64, 64\]", lambda: deploy.latency(path, 64, 1)),
        ("the same number of classes", lambda: deploy.check(path, networks.build("shufflenetv2", 3), pictures(2))),
    ]:
        with pytest.raises(UsageError, match=message):
            call()
    assert quantised.is_file()
    assert not (tmp_path / "a.onnx").exists()

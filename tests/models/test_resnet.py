"""ResNet-18: its shape, its weights by name, and its outputs beside an independent computation."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rabisco.data.dataset import Dataset, Split
from rabisco.errors import InvalidConfigurationError, InvalidDataError
from rabisco.models import create_model
from rabisco.models.pretrained import load_pretrained, published_names, read_safetensors
from rabisco.recipes.run import new_model
from rabisco.runs.request import RunRequest
from rabisco.runs.resolving import check
from rabisco.settings import get_settings

pytestmark = pytest.mark.training

Arrays = dict[str, np.ndarray]


def shapes() -> dict[str, tuple[int, ...]]:
    """Return name and shape of every array in torchvision's ResNet-18, written down from its published listing."""

    def norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
        kinds = ("weight", "bias", "running_mean", "running_var")
        return {f"{name}.{kind}": (width,) for kind in kinds} | {f"{name}.num_batches_tracked": ()}

    found: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7), **norm("bn1", 64)}
    before = 64
    for stage, width in enumerate((64, 128, 256, 512), 1):
        for block in (0, 1):
            prefix = f"layer{stage}.{block}"
            found |= {f"{prefix}.conv1.weight": (width, before, 3, 3), **norm(f"{prefix}.bn1", width)}
            found |= {f"{prefix}.conv2.weight": (width, width, 3, 3), **norm(f"{prefix}.bn2", width)}
            if stage > 1 and block == 0:
                found |= {f"{prefix}.downsample.0.weight": (width, before, 1, 1)}
                found |= norm(f"{prefix}.downsample.1", width)
            before = width
    return found | {"fc.weight": (1000, 512), "fc.bias": (1000,)}


@cache
def random_weights() -> Arrays:
    """Return arrays that keep the values of every layer at a usual size; nobody changes them."""
    generator = np.random.default_rng(3)
    arrays: Arrays = {}
    for name, shape in shapes().items():
        values = generator.normal(size=shape)
        if len(shape) == 4:
            values /= np.sqrt(np.prod(shape[1:]))
        elif name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            values = 1 + 0.3 * np.tanh(values)
        else:
            values *= 0.1
        arrays[name] = np.asarray(values, np.int64 if name.endswith("tracked") else np.float32)
    return arrays


def write(path: Path, arrays: Arrays, kind: str = "F32") -> Path:
    """Write a ``safetensors`` file as its format is described."""
    header: dict[str, dict[str, object]] = {"__metadata__": {"format": "pt"}}
    contents: list[bytes] = []
    end = 0
    for name, array in arrays.items():
        dtype = "I64" if array.dtype == np.int64 else kind
        if dtype == "BF16":
            content = (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            content = array.astype({"F32": "<f4", "F16": "<f2", "I64": "<i8"}[dtype]).tobytes()
        begin, end = end, end + len(content)
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [begin, end]}
        contents.append(content)
    text = json.dumps(header).encode()
    path.write_bytes(b"".join([len(text).to_bytes(8, "little"), text, *contents]))
    return path


def convolve(maps: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return a convolution padded by half the kernel, ``(B, C, H, W)``, by its definition."""
    half = kernel.shape[2] // 2
    padded = np.pad(maps, ((0, 0), (0, 0), (half, half), (half, half)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("bcijhw,ochw->boij", windows, kernel, optimize=True)


def normalize(maps: np.ndarray, arrays: Arrays, name: str) -> np.ndarray:
    def channel(kind: str) -> np.ndarray:
        return arrays[f"{name}.{kind}"].astype(np.float64)[:, None, None]

    return (maps - channel("running_mean")) / np.sqrt(channel("running_var") + 1e-5) * channel("weight") + channel(
        "bias"
    )


def forward(images: np.ndarray, arrays: Arrays) -> Arrays:
    """Return what every stage of the published network makes of images, in plain NumPy and in its own layout."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    maps = ((images / 255 - mean) / deviation).transpose(0, 3, 1, 2)
    maps = np.maximum(normalize(convolve(maps, arrays["conv1.weight"], 2), arrays, "bn1"), 0)
    padded = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)))
    maps = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max(axis=(4, 5))
    seen = {"stem": maps}
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            prefix, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            inner = normalize(convolve(maps, arrays[f"{prefix}.conv1.weight"], stride), arrays, f"{prefix}.bn1")
            inner = normalize(
                convolve(np.maximum(inner, 0), arrays[f"{prefix}.conv2.weight"], 1), arrays, f"{prefix}.bn2"
            )
            if f"{prefix}.downsample.0.weight" in arrays:
                maps = normalize(
                    convolve(maps, arrays[f"{prefix}.downsample.0.weight"], stride), arrays, f"{prefix}.downsample.1"
                )
            maps = np.maximum(inner + maps, 0)
        seen[f"stage{stage}"] = maps
    seen["features"] = maps.mean(axis=(2, 3))
    seen["logits"] = seen["features"] @ arrays["fc.weight"].T + arrays["fc.bias"]
    return seen


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of these weights, called as a run looks for it; no test changes it."""
    return write(tmp_path_factory.mktemp("published") / "resnet18.safetensors", random_weights())


def outputs(model: object, images: np.ndarray, names: list[str]) -> Arrays:
    import keras

    read = keras.Model(model.input, {name: model.get_layer(name).output for name in names})  # type: ignore[attr-defined]
    made = read.predict(images, verbose=0)
    return {name: np.asarray(value) for name, value in made.items()}


def test_has_as_many_weights_as_the_paper_and_torchvision() -> None:
    model = create_model("resnet18", (224, 224, 3), 1000)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 11_689_512
    small = create_model("resnet18", (32, 32, 3), 10)
    assert sum(int(np.prod(weight.shape)) for weight in small.trainable_weights) == 11_173_962
    assert small.get_layer("stage1").output.shape[1:] == (32, 32, 64)
    assert small.get_layer("stage4").output.shape[1:] == (4, 4, 512)


def test_every_layer_with_published_weights_computes_what_plain_numpy_does(
    published: Path, images: np.ndarray
) -> None:
    model = create_model("resnet18", (64, 64, 3), 1000)
    assert load_pretrained(model, published) == ()
    expected = forward(images, random_weights())
    made = outputs(model, images, list(expected))
    for name, values in made.items():
        theirs = expected[name].transpose(0, 2, 3, 1) if values.ndim == 4 else expected[name]
        np.testing.assert_allclose(values, theirs, rtol=1e-3, atol=1e-3, err_msg=name)


def test_pytorch_computes_the_same_where_it_is_installed(images: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    arrays = {name: torch.from_numpy(np.asarray(array)) for name, array in random_weights().items()}

    def norm(maps: object, name: str) -> object:
        kinds = ("running_mean", "running_var", "weight", "bias")
        return torch.nn.functional.batch_norm(maps, *(arrays[f"{name}.{kind}"] for kind in kinds), eps=1e-5)

    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

    def convolution(maps: object, name: str, stride: int) -> object:
        kernel = arrays[f"{name}.weight"]
        return torch.conv2d(maps, kernel, stride=stride, padding=kernel.shape[-1] // 2)

    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    maps = ((torch.from_numpy(images) / 255 - mean) / deviation).permute(0, 3, 1, 2)
    maps = torch.max_pool2d(torch.relu(norm(convolution(maps, "conv1", 2), "bn1")), 3, 2, 1)
    for prefix in (f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)):
        around, stride = maps, 2 if f"{prefix}.downsample.0.weight" in arrays else 1
        if stride == 2:
            around = norm(convolution(maps, f"{prefix}.downsample.0", 2), f"{prefix}.downsample.1")
        maps = torch.relu(norm(convolution(maps, f"{prefix}.conv1", stride), f"{prefix}.bn1"))
        maps = torch.relu(norm(convolution(maps, f"{prefix}.conv2", 1), f"{prefix}.bn2") + around)
    logits = torch.nn.functional.linear(maps.mean((2, 3)), arrays["fc.weight"], arrays["fc.bias"])
    np.testing.assert_allclose(forward(images, random_weights())["logits"], logits.numpy(), atol=1e-3)


def test_the_last_layer_is_replaced_for_the_classes_and_the_first_for_small_images(published: Path) -> None:
    model = create_model("resnet18", (32, 32, 3), 10)
    before = model.get_layer("logits").get_weights()[0].copy()
    assert load_pretrained(model, published) == ("stem_conv", "logits")
    np.testing.assert_array_equal(model.get_layer("logits").get_weights()[0], before)
    kernel = random_weights()["layer3.1.conv2.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(model.get_layer("stage3_block2_conv2").get_weights()[0], kernel)


def test_every_published_weight_has_its_place() -> None:
    model = create_model("resnet18", (224, 224, 3), 1000)
    named = [name for layer in model.layers if layer.weights for name in published_names(layer.name)]
    assert sorted(named) == sorted(name for name in shapes() if not name.endswith("num_batches_tracked"))


@pytest.mark.parametrize(("kind", "atol"), [("F32", 0), ("F16", 1e-3), ("BF16", 1e-2)])
def test_reads_every_usual_type(tmp_path: Path, kind: str, atol: float) -> None:
    arrays = {"a": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4), "count": np.array(7)}
    read = read_safetensors(write(tmp_path / "x.safetensors", arrays, kind))
    np.testing.assert_allclose(read["a"], arrays["a"], atol=atol)
    assert read["count"] == 7


def test_refuses_damaged_files_and_other_networks_by_name(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    content = published.read_bytes()
    for damaged in (
        b"",
        content[:5],
        content[:4000],
        content[:-100],
        b"\xff" * 100,
        (50).to_bytes(8, "little") + b"{" * 60,
    ):
        path.write_bytes(damaged)
        with pytest.raises(InvalidDataError, match=r"model\.safetensors"):
            read_safetensors(path)
    model = create_model("resnet18", (32, 32, 3), 10)
    with pytest.raises(InvalidDataError, match=r"conv1\.weight"):
        load_pretrained(model, write(path, {"features.0.weight": np.zeros((2, 2), np.float32)}))
    other = random_weights() | {"layer1.0.conv1.weight": np.zeros((64, 64, 5, 5), np.float32)}
    with pytest.raises(InvalidDataError, match="stage1_block1_conv1"):
        load_pretrained(model, write(path, other))


def test_a_run_asks_for_published_weights_and_finds_them_in_the_data_folder(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABISCO_DATA_DIR", str(published.parent))
    get_settings.cache_clear()
    try:
        request = RunRequest.parse({"data": {"recipe": "cifar10-resnet18"}, "artifact": "own", "pretrained": True})
        recipe = check(request)
        assert recipe.configuration.learning_rate == pytest.approx(0.02)
        images = np.zeros((20, 32, 32, 3), np.uint8)
        split = Split(images, np.arange(20, dtype=np.int64) % 10)
        model = new_model(recipe, Dataset("ten", tuple("abcdefghij"), split, split, split, "", 0))
        bias = random_weights()["layer4.1.bn2.bias"]
        np.testing.assert_array_equal(model.get_layer("stage4_block2_norm2").get_weights()[1], bias)
    finally:
        get_settings.cache_clear()


def test_published_weights_of_another_architecture_are_not_promised() -> None:
    with pytest.raises(InvalidConfigurationError, match="resnet18"):
        check(RunRequest.parse({"data": {"recipe": "cifar10-cnn"}, "artifact": "own", "pretrained": True}))

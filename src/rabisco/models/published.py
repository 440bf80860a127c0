"""Where ResNet-18's published ImageNet weights are: in the data folder, in the cache, or on the network."""

from typing import TYPE_CHECKING

from rabisco.data.download import locate_file
from rabisco.data.entry import DataFile
from rabisco.models.pretrained import load_pretrained

if TYPE_CHECKING:
    import keras

# torchvision's weights, IMAGENET1K_V1, as timm publishes them (BSD 3-clause); one version, named by its commit.
RESNET18 = DataFile(
    "resnet18.safetensors",
    places=("resnet18.safetensors", "resnet18.tv_in1k.safetensors"),
    urls=(
        "https://huggingface.co/timm/resnet18.tv_in1k/resolve/bbd144b3e5565108aad885f145491d11bc6ce807/model.safetensors",
    ),
    checksum="sha256:694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
    size_bytes=46_807_446,
)


def load_published(model: "keras.Model") -> None:
    """Give a ResNet-18 ImageNet's weights, after downloading them if need be; what is downloaded is checked.

    Raises:
        DataUnavailableError: They are nowhere, and cannot be downloaded; the message says where to put them.
        InvalidDataError: The file is damaged.
    """
    load_pretrained(model, locate_file(RESNET18, "a pretrained ResNet-18"))

"""The catalog: every data set that Rabisco knows by name, and what is known of its files.

A frozen table and nothing else. Checksums are those that the publishers or the large data set libraries
publish; none was computed from a copy of unknown origin.
"""

import difflib
from dataclasses import replace

from rabisco.data.entry import DataFile, Entry
from rabisco.errors import N_, UnknownDatasetError

DIGITS = tuple("0123456789")
UPPERCASE = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
CHARACTERS = (*DIGITS, *UPPERCASE, *"abcdefghijklmnopqrstuvwxyz")
EMNIST_BALANCED = (*DIGITS, *UPPERCASE, *"abdefghnqrt")
FASHION = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
CIFAR_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def _idx_files(
    folders: tuple[str, ...],
    mirrors: tuple[str, ...],
    checksums: tuple[str, ...],
    sizes: tuple[int, ...],
    contents: tuple[str, ...] = ("", "", "", ""),
) -> tuple[DataFile, ...]:
    return tuple(
        DataFile(
            name=name,
            places=tuple(folder + name for folder in folders),
            urls=tuple(mirror + name for mirror in mirrors),
            checksum=f"sha256:{checksum}",
            size_bytes=size,
            content_sha256=content,
        )
        for name, checksum, size, content in zip(_IDX_NAMES, checksums, sizes, contents, strict=True)
    )


_MNIST = Entry(
    name="mnist",
    title="MNIST",
    class_names=DIGITS,
    files=_idx_files(
        folders=("mnist/", ""),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        checksums=(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        sizes=(9_912_422, 28_881, 1_648_877, 4_542),
        contents=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    format="idx",
    train_examples=60_000,
    test_examples=10_000,
    licence="CC BY-SA 3.0",
    citation=(
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86(11), 1998."
    ),
    homepage="https://yann.lecun.com/exdb/mnist/",
)

_FASHION_MNIST = Entry(
    name="fashion-mnist",
    title="Fashion-MNIST",
    class_names=FASHION,
    files=_idx_files(
        folders=("fashion-mnist/",),  # never the data folder itself: the names are MNIST's
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        ),
        checksums=(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        sizes=(26_421_880, 29_515, 4_422_102, 5_148),
    ),
    format="idx",
    train_examples=60_000,
    test_examples=10_000,
    licence="MIT",
    citation=(
        "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine "
        "learning algorithms. arXiv:1708.07747, 2017."
    ),
    homepage="https://github.com/zalandoresearch/fashion-mnist",
)


def _emnist(split: str, class_names: tuple[str, ...], train_examples: int, test_examples: int) -> Entry:
    return Entry(
        name=f"emnist-{split}",
        title=f"EMNIST {split.capitalize()}",
        class_names=class_names,
        files=(
            DataFile(
                name="gzip.zip",
                places=("emnist/gzip.zip", "gzip.zip"),
                urls=("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
                checksum="sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
                size_bytes=561_753_746,
            ),
        ),
        format="emnist",
        train_examples=train_examples,
        test_examples=test_examples,
        licence=N_("none stated; made from NIST Special Database 19, a work of the United States government"),
        citation=(
            "G. Cohen, S. Afshar, J. Tapson, A. van Schaik: EMNIST: an extension of MNIST to handwritten "
            "letters. arXiv:1702.05373, 2017."
        ),
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        split=split,
        normalizer="emnist@1",
    )


_CIFAR_10 = Entry(
    name="cifar-10",
    title="CIFAR-10",
    image_shape=(32, 32, 3),
    class_names=CIFAR_10,
    files=(
        DataFile(
            name="cifar-10-binary.tar.gz",
            places=("cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
            urls=(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
            ),
            checksum="sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            size_bytes=170_052_171,
        ),
    ),
    format="cifar",
    train_examples=50_000,
    test_examples=10_000,
    licence=N_("none stated; its author asks to be cited"),
    citation="A. Krizhevsky: Learning multiple layers of features from tiny images. Technical report, 2009.",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    normalizer="photo32@2",
)

_BUNDLED_DIGITS = Entry(
    name="digits",
    title=N_("Digits of scikit-learn"),
    class_names=DIGITS,
    format="bundled-digits",
    train_examples=1_438,
    test_examples=359,
    licence="CC BY 4.0",
    citation=(
        "E. Alpaydin, C. Kaynak: Optical recognition of handwritten digits. UCI Machine Learning Repository, 1998."
    ),
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)


_EMNIST_BALANCED = _emnist("balanced", EMNIST_BALANCED, 112_800, 18_800)

# The rest is published nowhere as a file: who has it puts it into the data folder.
_EMNIST_PAGES = replace(
    _EMNIST_BALANCED,
    name="emnist-pages",
    title=N_("Part of EMNIST, 52 of 62 characters"),
    class_names=CHARACTERS,
    files=(DataFile("emnist_pages62.npz", places=("emnist_pages62.npz",)),),
    format="emnist-pages",
    train_examples=16_359,
    test_examples=10_597,
)

_EMNIST_DIGITS_TEST = replace(
    _EMNIST_PAGES,
    name="emnist-digits-test",
    title=N_("Part of EMNIST, digits, for evaluation only"),
    class_names=DIGITS,
    files=(DataFile("emnist_digits_test.npz", places=("emnist_digits_test.npz",)),),
    format="emnist-digits-test",
    train_examples=0,
    test_examples=10_000,
)

_HANDWRITING_EXTRA = Entry(
    name="handwriting-extra",
    title=N_("Photographed, scanned and drawn characters"),
    image_shape=(64, 64, 1),
    class_names=CHARACTERS,
    files=(DataFile("handwriting_extra62.npz", places=("handwriting_extra62.npz",)),),
    format="pictures",
    train_examples=8_234,
    test_examples=0,
    licence=N_("each picture's source has its own; the file names the sources"),
    citation="the sources that the file names",
)

_DIGITS_SCAN = replace(
    _HANDWRITING_EXTRA,
    name="digits-scan",
    title=N_("Scanned digits 0 to 7"),
    class_names=DIGITS,
    files=(DataFile("digits_scan_minichazer.npz", places=("digits_scan_minichazer.npz",)),),
    train_examples=8_333,
    licence=N_("its source, minichazer, states it"),
    citation="its source, minichazer",
)

_DIGIT_FORMS = Entry(
    name="digit-forms",
    title=N_("Forms of digits that MNIST hardly shows"),
    image_shape=(64, 64, 1),
    class_names=DIGITS,
    format="digit-forms",
    train_examples=5_000,
    test_examples=0,
    licence=N_("MIT, as Rabisco: drawn by its code"),
    citation="The Rabisco authors: digit-forms, drawn by rabisco.data.forms.",
)

_ENTRIES = (
    _MNIST,
    _EMNIST_BALANCED,
    _emnist("letters", UPPERCASE, 124_800, 20_800),
    _emnist("digits", DIGITS, 240_000, 40_000),
    _emnist("byclass", CHARACTERS, 697_932, 116_323),
    _FASHION_MNIST,
    _CIFAR_10,
    _BUNDLED_DIGITS,
    _EMNIST_PAGES,
    _EMNIST_DIGITS_TEST,
    _HANDWRITING_EXTRA,
    _DIGITS_SCAN,
    _DIGIT_FORMS,
)

ALIASES = {"cifar10": "cifar-10"}
CATALOG: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def dataset_names() -> tuple[str, ...]:
    """Return the names of all data sets of the catalog, in its order."""
    return tuple(CATALOG)


def get_entry(name: str) -> Entry:
    """Return what the catalog knows of the data set called ``name``.

    Raises:
        UnknownDatasetError: The catalog has none of that name; the message offers the nearest.
    """
    name = ALIASES.get(name, name)
    if name in CATALOG:
        return CATALOG[name]
    near = difflib.get_close_matches(name, CATALOG, n=1)
    if near:
        raise UnknownDatasetError(
            N_("no data set is called %(name)s; did you mean %(near)s?"), name=repr(name), near=repr(near[0])
        )
    raise UnknownDatasetError(
        N_("no data set is called %(name)s; choose one of: %(names)s"), name=repr(name), names=", ".join(CATALOG)
    )

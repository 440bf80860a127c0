"""The studio: what the pages of ``rabisco serve`` do, as one Streamlit script over the same predictor."""

from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.components.v1 import declare_component

from rabisco import artifacts, data
from rabisco.data import Dataset, dataset_names, is_local
from rabisco.errors import RabiscoError
from rabisco.images import decode
from rabisco.inference import Prediction, get_predictor
from rabisco.rejection import MESSAGES
from rabisco.settings import get_settings
from rabisco.studio.words import LANGUAGES, translations

pad = declare_component("rabisco_pad", path=str(Path(__file__).with_name("pad")))
EXAMPLES = 8  # shown of each class

st.set_page_config(page_title="Rabisco", page_icon="✏️", layout="wide")
_ = translations(LANGUAGES[st.sidebar.selectbox("Language", list(LANGUAGES), key="language")]).gettext


def draw() -> None:
    """Show the pad, and what each chosen model reads in it."""
    names = chosen_models()
    left, right = st.columns([2, 3])
    with left:
        picture = pad(undo=_("Undo"), clear=_("Clear"), label=_("Drawing area"), key="pad", default=None)
    with right:
        if picture is None:
            st.info(_("Draw, and watch what each model reads."))
        else:
            show(str(picture), names)


def pictures() -> None:
    """Show what each chosen model reads in files."""
    names = chosen_models()
    for file in st.file_uploader(_("Pictures"), accept_multiple_files=True, key="files"):
        st.subheader(file.name, divider="grey")
        show(file.getvalue(), names)


def compare() -> None:
    """Show the models side by side, as their cards describe them."""
    cards = [artifacts.load_artifact(name).card for name in artifacts.list_names()]
    st.dataframe(
        [
            {
                _("Model"): card.name,
                _("Data"): card.dataset.name,
                _("Accuracy"): f"{card.metrics.get('test_accuracy', float('nan')):.2%}",
                "ROC AUC": f"{card.metrics.get('test_roc_auc', float('nan')):.4f}",
                _("Training time"): f"{card.training_seconds:,.1f} s",
                _("Weights"): card.parameters,
            }
            for card in cards
        ],
        hide_index=True,
    )
    st.subheader(_("Learning curves"))
    name = st.selectbox(_("Model"), [card.name for card in cards if len(card.history) > 1], key="curves")
    history = next(card.history for card in cards if card.name == name)
    keys = [key for key in ("accuracy", "validation_accuracy") if key in history[0]]
    st.line_chart({key: [row[key] for row in history] for key in keys}, x_label=_("Epoch"), y_label=_("Accuracy"))


def explore() -> None:
    """Show a data set: how many images each class has, and what they look like."""
    names = [name for name in dataset_names() if is_local(name)]
    dataset = load(st.selectbox(_("Data"), names, key="dataset"))
    counts = np.bincount(dataset.train.labels, minlength=dataset.num_classes)
    st.bar_chart(dict(zip(dataset.class_names, counts.tolist(), strict=True)), x_label=_("Classes"))
    label = st.selectbox(_("Classes"), dataset.class_names, key="class")
    places = np.flatnonzero(dataset.train.labels == dataset.class_names.index(label))[: 4 * EXAMPLES]
    st.image([enlarged(dataset.train.images[place]) for place in places], width=84)


def confusions() -> None:
    """Show what a model takes for what on its test images."""
    card = get_predictor(st.selectbox(_("Model"), artifacts.list_names(), key="confused")).card
    counts = np.array(card.confusions or np.zeros((0, 0), int))
    named = {name: counts[:, place].tolist() for place, name in enumerate(card.class_names) if counts.size}
    st.caption(_("Confusion matrix"))
    st.dataframe({"": list(card.class_names)[: len(counts)], **named}, hide_index=True)
    off = counts - np.diag(np.diag(counts)) if counts.size else counts
    order = np.dstack(np.unravel_index(np.argsort(-off, axis=None)[:10], off.shape))[0] if counts.size else []
    for row, column in order:
        if off[row, column]:
            st.write(f"**{card.class_names[row]}** → **{card.class_names[column]}**: {off[row, column]}")


def chosen_models() -> list[str]:
    """Ask which models are to read; the digits' two at first."""
    names = artifacts.list_names()
    usual = [name for name in ("mnist-cnn", "mnist-linear") if name in names]
    return st.multiselect(_("Models"), names, default=usual or names[:1], key="models")


def show(source: bytes | str, names: list[str]) -> None:
    """Read one picture, bytes or a data URL, with each model, side by side."""
    settings = get_settings()
    try:
        picture = decode(source, max_bytes=settings.max_upload_bytes, max_pixels=settings.max_image_pixels)
        predictions = [get_predictor(name).predict(picture) for name in names]
    except RabiscoError as error:
        st.error(str(error))
        return
    for column, prediction in zip(st.columns(max(1, len(names))), predictions, strict=False):
        with column:
            show_prediction(prediction)


def show_prediction(prediction: Prediction) -> None:
    """Show one model's answer, how sure it is, and the steps from picture to pixels."""
    st.metric(
        prediction.model,
        prediction.best.category,
        f"{prediction.best.probability:.1%}",
        delta_color="off",
        delta_arrow="off",
    )
    if prediction.refused:
        st.warning(_(MESSAGES[prediction.refused]))
    for one in prediction.top_k:
        st.progress(one.probability, f"{one.category} {one.probability:.1%}")
    st.image([enlarged(step.picture) for step in prediction.prepared.steps], width=84)


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """Return a small image with its pixels as squares, so that a browser does not blur them."""
    times = max(1, 84 // pixels.shape[0])
    return np.kron(pixels.squeeze(), np.ones((times, times), np.uint8)) if pixels.squeeze().ndim == 2 else pixels


@st.cache_data(show_spinner=False)
def load(name: str) -> Dataset:
    """Return at most 2,000 images of a data set that is on this machine."""
    return data.load(name, limit=2000)


PAGES = {
    _("Draw"): draw,
    _("Pictures"): pictures,
    _("Compare models"): compare,
    _("Data"): explore,
    _("Confusion matrix"): confusions,
}
st.title("Rabisco")
page = st.sidebar.radio(_("Pages"), list(PAGES), key="page")
PAGES[page]()

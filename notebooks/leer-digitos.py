# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: "1.3"
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Leer dígitos manuscritos: del dibujo a la respuesta
#
# **El problema.** Alguien dibuja un dígito: unos cientos de miles de puntos de color. Un programa debe responder con una de diez
# clases y decir cuánta seguridad tiene. Nadie sabe escribir la regla que distingue un 4 de un 9, así que el programa tiene que
# *aprenderla* con ejemplos.
#
# **La solución propuesta.** Dos modelos aprenden de las mismas imágenes etiquetadas y los comparamos: un *modelo lineal*, que da a
# cada punto un peso por clase, y una *red neuronal convolucional* (CNN), que antes busca trazos y esquinas. Los dos se construyen
# con [Keras](https://keras.io) sobre TensorFlow. Después preguntamos lo que casi ninguna demostración pregunta: un modelo que
# acierta en sus imágenes de prueba, ¿acierta también en lo que dibujas *tú*?
#
# A cada afirmación le sigue una celda que la comprueba con `assert`. Si este cuaderno llega hasta el final, lo que dice es cierto.
#
# Para ejecutarlo: `pip install "rabisco[train]" jupyter` y ábrelo con `jupyter lab`. En Colab, sube el archivo (*Archivo → Subir
# cuaderno*) y empieza con una celda `%pip install "rabisco[train]"`. Tarda unos minutos con dos núcleos.

# %%
import io
import os
import shutil
import tempfile
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow cuenta muchas cosas que aquí no importan

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from rabisco import data
from rabisco.evaluation import evaluate
from rabisco.explanation import explain
from rabisco.images import decode, prepare
from rabisco.inference import get_predictor
from rabisco.models import create_model
from rabisco.training import TrainingConfiguration, train

SHORT = os.environ.get("RABISCO_NOTEBOOK") == "short"  # así lo ejecutan las pruebas: menos imágenes, menos épocas
EPOCHS = 2 if SHORT else 4
keras.utils.set_random_seed(25)
assert keras.backend.backend() == "tensorflow" or "KERAS_BACKEND" in os.environ

# %% [markdown]
# ## 1. Los datos
#
# [MNIST](https://huggingface.co/datasets/ylecun/mnist) contiene 70.000 dígitos escritos por empleados y estudiantes en Estados Unidos
# hacia 1990, escaneados, limpiados y llevados a 28 × 28 píxeles. No forma parte de este cuaderno: la celda siguiente lo descarga una
# sola vez (11 MB), o lo lee de la carpeta que indica `RABISCO_DATA_DIR`. Usamos una parte, para que el entrenamiento dure minutos.
#
# Las imágenes se dividen en tres *particiones*:
#
# - **entrenamiento** (train): con ellas se ajustan los pesos,
# - **validación** (validation): con ellas se decide todo (cuántas épocas, qué modelo),
# - **prueba** (test): se mira una sola vez, al final. Si con ella se tomaron decisiones, ya no es una prueba.

# %%
dataset = data.load("digits") if SHORT else data.load("mnist", limit=12_000)
for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test)):
    print(f"{name:>10}: {len(split):6,} imágenes {split.images.shape[1:]}, {split.images.dtype}")

assert dataset.image_shape == (28, 28, 1)
assert dataset.class_names == tuple("0123456789")
assert dataset.train.images.dtype == np.uint8

# %%
figure, axes = plt.subplots(4, 10, figsize=(9, 3.8))
for label in range(10):
    for row, index in enumerate(np.flatnonzero(dataset.train.labels == label)[:4]):
        axes[row, label].imshow(dataset.train.images[index, ..., 0], cmap="gray_r")
        axes[row, label].axis("off")
figure.suptitle("Cuatro ejemplos de cada clase")
plt.show()

counts = np.bincount(dataset.train.labels, minlength=10)
assert counts.min() > 0.6 * counts.max()  # ninguna clase es rara: la exactitud es una medida justa

# %% [markdown]
# ## 2. Una imagen es una matriz
#
# Para el programa, una imagen es una matriz de 28 filas y 28 columnas. Cada número, de 0 a 255, dice cuánta tinta hay en un punto.
# Ninguno dice «trazo» ni «bucle»: eso hay que encontrarlo.

# %%
image = dataset.train.images[int(np.flatnonzero(dataset.train.labels == 3)[0]), ..., 0]
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), width_ratios=(1, 1.4))
left.imshow(image, cmap="gray_r")
right.imshow(np.ones_like(image), cmap="gray", vmin=0, vmax=1)
for (row, column), ink in np.ndenumerate(image):
    right.text(column, row, ink, ha="center", va="center", fontsize=5, color="black" if ink else "lightgrey")
for axis in (left, right):
    axis.axis("off")
figure.suptitle("El mismo 3, como lo vemos nosotros y como lo ve el programa")
plt.show()

assert image.shape == (28, 28)
assert 0 <= image.min() < image.max() <= 255

# %% [markdown]
# ## 3. El modelo más sencillo: un peso por píxel
#
# Un **modelo lineal** multiplica cada píxel $x_i$ por un peso $w_{ik}$ para cada clase $k$ y suma:
#
# $$z_k = b_k + \sum_i w_{ik}\, x_i$$
#
# Las diez sumas $z_k$ se llaman **logits**. La función **softmax** las convierte en probabilidades, todas positivas y que suman 1:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# Cuánto se equivoca un modelo en una imagen de la clase $y$ lo mide la **entropía cruzada** $-\ln p_y$: 0 si estaba seguro y acertó, y
# tanto mayor cuanto más seguro estaba de otra cosa. La media de muchas imágenes es la **pérdida** (loss), y aprender es reducirla.
#
# Un modelo que no sabe nada da a cada una de las diez clases una probabilidad de 1/10, así que su pérdida es $\ln 10 = 2{,}303$.

# %%
images = dataset.train.images[:256].reshape(256, -1) / 255  # (256, 784), en [0, 1]
labels = dataset.train.labels[:256]


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))  # el mismo valor, sin desbordamiento
    return shifted / shifted.sum(axis=1, keepdims=True)


def loss_of(weights, bias):
    probabilities = softmax(images @ weights + bias)
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


weights, bias = np.zeros((784, 10)), np.zeros(10)
print(f"pérdida antes de aprender: {loss_of(weights, bias):.3f}")

assert np.allclose(softmax(np.array([[1.0, 2.0, 3.0]])).sum(), 1)
assert np.isclose(loss_of(weights, bias), np.log(10))
by_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, np.zeros((256, 10), "float32"))
assert np.isclose(float(by_keras), loss_of(weights, bias), atol=1e-5)  # Keras calcula lo mismo

# %% [markdown]
# ## 4. Aprender es ir cuesta abajo
#
# La pérdida es una función de los pesos. Su **gradiente** señala hacia dónde crece más deprisa, de modo que un paso pequeño en
# sentido contrario la reduce: es el **descenso de gradiente**. Con softmax y entropía cruzada el gradiente es sencillo: lo que dijo
# el modelo menos lo que era cierto.
#
# La longitud del paso es la **tasa de aprendizaje**. Si es demasiado pequeña, aprender no acaba nunca. Si es demasiado grande, cada
# paso salta al otro lado del valle: la pérdida oscila o crece.

# %%
wanted = np.eye(10)[labels]


def descend(learning_rate, steps=60):
    weights, bias, losses = np.zeros((784, 10)), np.zeros(10), []
    for _ in range(steps):
        losses.append(loss_of(weights, bias))
        error = (softmax(images @ weights + bias) - wanted) / len(images)
        weights = weights - learning_rate * images.T @ error
        bias = bias - learning_rate * error.sum(axis=0)
    return losses


paths = {rate: descend(rate) for rate in (0.001, 0.3, 8.0)}
for rate, losses in paths.items():
    plt.plot(losses, label=f"tasa de aprendizaje {rate}")
plt.ylim(0, 6)
plt.xlabel("paso")
plt.ylabel("pérdida")
plt.title("Demasiado pequeña, adecuada, demasiado grande")
plt.legend()
plt.show()

assert paths[0.3][-1] < paths[0.001][-1]  # demasiado pequeña: apenas se movió
assert paths[0.3][-1] < 0.6
assert max(paths[8.0][1:]) > paths[8.0][0]  # demasiado grande: peor que no saber nada

# El gradiente es correcto: es lo que resulta de mover un poco un peso.
moved = weights.copy()
moved[400, 3] = 1e-4
slope = (loss_of(moved, bias) - loss_of(weights, bias)) / 1e-4
assert np.isclose(slope, (images.T @ (softmax(images @ weights + bias) - wanted) / len(images))[400, 3], atol=1e-4)

# %% [markdown]
# ## 5. El modelo lineal en Keras
#
# El paquete construye exactamente este modelo. Keras toma las imágenes en **lotes** (batches) de 128: el gradiente de 128 imágenes
# cuesta poco y apunta más o menos en la dirección correcta. Una pasada por todas las imágenes de entrenamiento es una **época**.

# %%
linear = create_model("linear", dataset.image_shape, dataset.num_classes)
linear.summary()
assert linear.count_params() == 784 * 10 + 10

linear_result = train(linear, dataset, TrainingConfiguration(epochs=2 * EPOCHS, warmup_epochs=0.5, weight_decay=0))
print(
    f"exactitud de validación {linear_result.history[-1]['validation_accuracy']:.1%} en {linear_result.seconds:.0f} s"
)
assert linear_result.history[-1]["loss"] < np.log(10) / 2

# %% [markdown]
# ¿Qué ha aprendido? Puestos otra vez en forma de imagen, los pesos de una clase muestran dónde la tinta habla a su favor (rojo) y
# dónde en su contra (azul). Un modelo lineal es un juego de diez plantillas. No puede saber que un 7 desplazado unos píxeles sigue
# siendo el mismo 7.

# %%
stencils = linear.get_layer("logits").kernel.numpy().reshape(28, 28, 10)
figure, axes = plt.subplots(1, 10, figsize=(12, 1.6))
for digit, axis in enumerate(axes):
    axis.imshow(stencils[..., digit], cmap="RdBu_r", vmin=-0.5, vmax=0.5)
    axis.set_title(digit)
    axis.axis("off")
plt.show()


def logits_of(model, images):
    batches = (images[start : start + 256] for start in range(0, len(images), 256))
    return np.concatenate([keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches])


def accuracy(model, images, labels):
    return float((logits_of(model, images).argmax(axis=1) == labels).mean())


moved = np.roll(dataset.validation.images, 5, axis=2)
still, shifted = (accuracy(linear, each, dataset.validation.labels) for each in (dataset.validation.images, moved))
print(f"modelo lineal: {still:.1%} de las imágenes tal cual, {shifted:.1%} desplazadas cinco píxeles")
assert shifted < still - 0.2

# %% [markdown]
# ## 6. Convolución, activación y agrupación
#
# Una **convolución** desliza una cuadrícula de pesos (3 × 3) por la imagen y anota, en cada lugar, lo bien que encaja lo que hay
# debajo. Los mismos nueve pesos sirven en todas partes: un trazo se encuentra esté donde esté, y hay poco que aprender. El resultado
# es un **mapa de características**.
#
# Después viene la **activación** ReLU, $\max(0, x)$: lo que encaja cuenta; lo que no, vale 0. Sin algo curvo entre ellas, dos capas
# lineales serían una sola. La **agrupación** (max pooling) se queda con el mayor valor de cada bloque de 2 × 2: la mitad de ancho,
# la mitad de alto, y ya no importa dónde estaba exactamente el trazo.

# %%
horizontal = np.array([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]], "float32")  # encaja con un trazo horizontal
vertical = horizontal.T
filters = np.stack([horizontal, vertical], axis=-1)[:, :, np.newaxis, :]  # (3, 3, 1, 2)


def feature_maps(image):
    return keras.ops.convert_to_numpy(
        keras.ops.conv(image[np.newaxis, ..., np.newaxis] / 255.0, filters, padding="same")
    )[0]


def pooled(maps):
    return maps.reshape(14, 2, 14, 2, -1).max(axis=(1, 3))


seven = dataset.train.images[int(np.flatnonzero(dataset.train.labels == 7)[1]), ..., 0].astype("float32")
maps = np.maximum(feature_maps(seven), 0)
small = pooled(maps)
figure, axes = plt.subplots(1, 5, figsize=(12, 2.8))
shown = {
    "imagen": seven, "trazos horizontales": maps[..., 0], "… agrupados": small[..., 0],
    "trazos verticales": maps[..., 1], "… agrupados ": small[..., 1],
}  # fmt: skip
for axis, (title, picture) in zip(axes, shown.items(), strict=True):
    axis.imshow(picture, cmap="gray_r")
    axis.set_title(title)
    axis.axis("off")
plt.show()

by_hand = sum(seven[10 + i, 10 + j] / 255 * horizontal[1 + i, 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1))
assert np.isclose(feature_maps(seven)[10, 10, 0], by_hand, atol=1e-4)  # una convolución no es más que esta suma
aside = np.roll(seven, 2, axis=1)
assert np.allclose(feature_maps(aside)[:, 4:-2], feature_maps(seven)[:, 2:-4], atol=1e-4)  # imagen movida, mapa movido
assert small.shape == (14, 14, 2)

# %% [markdown]
# ## 7. La red
#
# Etapas de convolución, **normalización por lotes** y ReLU, cada una terminada por una agrupación, y una capa densa que convierte los
# últimos mapas en diez logits. Llevar los píxeles de 0…255 a 0…1 es la primera capa del modelo: así, el entrenamiento y el uso no
# pueden diferir en eso. Al final no hay softmax: la pérdida toma los logits, y también el predictor.

# %%
cnn = create_model("cnn", dataset.image_shape, dataset.num_classes)
cnn.summary()

dense = cnn.get_layer("logits")
assert cnn.get_layer("conv2a_weights").count_params() == 3 * 3 * 32 * 64  # los mismos pocos pesos en todas partes
assert dense.count_params() == 3 * 3 * 128 * 10 + 10

# %% [markdown]
# Lo mismo en una imagen. Cada caja es una capa, tan ancha como su número de canales y tan alta como sus mapas: las imágenes se hacen
# más pequeñas y más profundas por el camino. Donde está instalado Graphviz,
# [keras-visualizer](https://pypi.org/project/keras-visualizer/) dibuja también las neuronas.

# %%
shapes = [
    (layer.name, tuple(layer.output.shape[1:]))
    for layer in cnn.layers
    if layer.name in ("pixels", "logits", "features")
    or (layer.name.startswith(("stage", "conv")) and "_" not in layer.name)
]
figure, axis = plt.subplots(figsize=(12, 3.6))
place = 0.0
for name, shape in shapes:
    height, channels = (shape[0], shape[2]) if len(shape) == 3 else (30, 8)
    axis.add_patch(
        plt.Rectangle((place, -height / 2), channels / 8 + 1, height, facecolor="#7aa6c2", edgecolor="#1f4e6b")
    )
    axis.text(place + channels / 16, -20, f"{name}\n{' × '.join(map(str, shape))}", ha="center", va="top", fontsize=8)
    place += channels / 8 + 11
axis.set_xlim(-4, place)
axis.set_ylim(-30, 18)
axis.axis("off")
plt.show()

assert dict(shapes)["stage1"] == (14, 14, 32)
assert dict(shapes)["stage3"] == (3, 3, 128)

# %%
if shutil.which("dot") and not SHORT:
    from keras_visualizer import visualizer

    drawable = keras.Sequential([
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(64, 3, activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Flatten(), keras.layers.Dense(10),
    ])  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        visualizer(drawable, file_name=f"{folder}/network", file_format="png")
        drawn = Image.open(f"{folder}/network.png").convert("L")
    drawn.thumbnail((900, 900))
    plt.figure(figsize=(9, 9 * drawn.height / drawn.width))
    plt.imshow(drawn, cmap="gray")
    plt.axis("off")
    plt.title("Una red del mismo tipo, dibujada por keras-visualizer")
    plt.show()

# %% [markdown]
# La **normalización por lotes** mantiene los números de dentro de la red en un buen rango: durante el entrenamiento, cada mapa se
# desplaza y se escala hasta tener media 0 y varianza 1 en el lote. Al usar la red no hay lote, y la capa recuerda una media móvil. La
# memoria habitual de Keras (momentum 0.99) es demasiado larga para entrenamientos cortos; la nuestra es 0.9.

# %%
layer = keras.layers.BatchNormalization(momentum=0.9)
values = np.random.default_rng(0).normal(5, 3, (512, 8)).astype("float32")
normalized = keras.ops.convert_to_numpy(layer(values, training=True))
assert np.allclose(normalized.mean(axis=0), 0, atol=1e-3)
assert np.allclose(normalized.std(axis=0), 1, atol=1e-2)
assert cnn.get_layer("stage1_normalized").momentum == 0.9

# %% [markdown]
# ## 8. El entrenamiento
#
# Un **programa de tasas de aprendizaje** empieza con suavidad, da pasos largos y termina con pasos cortos. Después de cada época, la
# partición de **validación** dice lo buenos que son los pesos; se conservan los mejores.

# %%
configuration = TrainingConfiguration(
    epochs=EPOCHS + 1, batch_size=64, learning_rate=0.003, warmup_epochs=0.5, seed=25
)
rates = []
cnn_result = train(cnn, dataset, configuration, on_progress=lambda progress: rates.append(progress.learning_rate))
history = cnn_result.history
best = history[cnn_result.best_epoch - 1]
print(
    f"mejor época {cnn_result.best_epoch}: exactitud de validación {best['validation_accuracy']:.1%}, {cnn_result.seconds:.0f} s"
)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3))
epochs = range(1, len(history) + 1)
for axis, name in ((left, "loss"), (middle, "accuracy")):
    axis.plot(epochs, [row[name] for row in history], "o-", label="entrenamiento")
    axis.plot(epochs, [row[f"validation_{name}"] for row in history], "o-", label="validación")
    axis.set_xlabel("época")
    axis.set_title(name)
    axis.legend()
right.plot(rates)
right.set_xlabel("paso")
right.set_title("tasa de aprendizaje")
plt.show()

assert best["validation_accuracy"] == max(row["validation_accuracy"] for row in history)
assert rates[0] < max(rates)  # se calienta
assert rates[-1] < 0.2 * max(rates)  # y frena

# %% [markdown]
# ## 9. Sobreajuste y regularización
#
# Una red con 290.000 pesos puede aprenderse unas pocas imágenes de memoria, haya lo que haya en ellas. Entonces es perfecta en lo que ha visto
# y mucho peor en lo que no: **sobreajuste**. Lo delata la distancia entre la exactitud de entrenamiento y la de validación; para eso
# está la partición de validación. Lo que más ayuda son más ejemplos. Donde no los hay, ayuda la **regularización**: dropout (apagar
# características al azar mientras se entrena), decaimiento de pesos (mantenerlos pequeños) y aumento de datos (mover y girar las
# imágenes).

# %%
count = 100 if SHORT else 200
few = replace(dataset, train=data.Split(dataset.train.images[:count], dataset.train.labels[:count]))
overfitted = create_model("cnn", few.image_shape, few.num_classes)
by_heart = TrainingConfiguration(epochs=25, batch_size=20, weight_decay=0, seed=25)
train(overfitted, few, by_heart)
seen = accuracy(overfitted, few.train.images, few.train.labels)
unseen = accuracy(overfitted, dataset.validation.images, dataset.validation.labels)
print(f"entrenada con {len(few.train)} imágenes: {seen:.1%} de esas, {unseen:.1%} de otras")
print(f"entrenada con {len(dataset.train):,} imágenes: {best['validation_accuracy']:.1%} de otras")

assert seen > 0.98
assert seen - unseen > 0.02
assert best["validation_accuracy"] > unseen  # con más ejemplos se cerró la distancia

# %% [markdown]
# ## 10. ¿Qué tan bueno es?
#
# Todas las decisiones están tomadas; ahora miramos la partición de prueba. Un número solo esconde cuánta seguridad merece: por eso
# damos al lado el intervalo del 95 %. La **matriz de confusión** dice qué dígitos se toman por cuáles.

# %%


class Read:
    """Lo que `evaluate` pide a un modelo: imágenes que entran, logits que salen."""

    def __init__(self, model):
        self.model = model

    def logits(self, images):
        return logits_of(self.model, images)


results = {
    name: evaluate(Read(model), dataset.test, dataset.class_names)
    for name, model in (("linear", linear), ("cnn", cnn))
}
for name, result in results.items():
    low, high = result.accuracy_interval
    print(f"{name:>6}: exactitud {result.accuracy:.2%} (entre {low:.2%} y {high:.2%}), ROC AUC {result.roc_auc:.4f}")

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6))
for axis, (name, result) in zip(axes, results.items(), strict=True):
    matrix = np.array(result.confusion_matrix)
    axis.imshow(np.log1p(matrix), cmap="Blues")
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            axis.text(column, row, count, ha="center", va="center", fontsize=6)
    axis.set(title=name, xlabel="leído como", ylabel="escrito", xticks=range(10), yticks=range(10))
plt.show()

assert results["cnn"].accuracy > results["linear"].accuracy
assert results["cnn"].accuracy > 0.95
assert results["cnn"].accuracy_interval[0] > results["linear"].accuracy_interval[1] or SHORT  # no por azar

# %% [markdown]
# Ejemplos de la salida: arriba, lo que leyó bien; abajo, donde se equivocó, con la probabilidad de su respuesta. En casi todos los
# errores nosotros también miraríamos dos veces.

# %%
logits = logits_of(cnn, dataset.test.images)
probabilities = softmax(logits)
answers = probabilities.argmax(axis=1)
right_ones = np.flatnonzero(answers == dataset.test.labels)[:8]
wrong_ones = np.flatnonzero(answers != dataset.test.labels)[:8]
figure, axes = plt.subplots(2, 8, figsize=(12, 3.6))
for axis, index in zip(axes.flat, [*right_ones, *wrong_ones], strict=False):
    axis.imshow(dataset.test.images[index, ..., 0], cmap="gray_r")
    label, answer = dataset.test.labels[index], answers[index]
    axis.set_title(
        f"{label} leído {answer}\n{probabilities[index].max():.0%}",
        fontsize=8,
        color="green" if label == answer else "red",
    )
for axis in axes.flat:
    axis.axis("off")
plt.tight_layout()
plt.show()

assert (
    probabilities[right_ones].max(axis=1).mean() > probabilities[wrong_ones].max(axis=1).mean()
)  # menos seguro donde se equivoca

# %% [markdown]
# ## 11. Los dos modelos, lado a lado
#
# La CNN se equivoca menos; el modelo lineal es más pequeño y aprende en segundos. Cuál es mejor depende de lo que necesites, así que
# hay que medirlo todo.

# %%
print(f"{'':>8} {'pesos':>9} {'entreno':>9} {'exactitud':>9} {'errores':>9}")
for name, model, seconds in (("linear", linear, linear_result.seconds), ("cnn", cnn, cnn_result.seconds)):
    result = results[name]
    mistakes = round((1 - result.accuracy) * result.examples)
    print(f"{name:>8} {model.count_params():>9,} {seconds:>7.1f} s {result.accuracy:>9.2%} {mistakes:>9,}")

assert linear.count_params() * 30 < cnn.count_params()
moved_cnn = accuracy(cnn, np.roll(dataset.validation.images, 2, axis=2), dataset.validation.labels)
moved_linear = accuracy(linear, np.roll(dataset.validation.images, 2, axis=2), dataset.validation.labels)
assert moved_cnn > moved_linear  # para esto están la convolución y la agrupación

# %% [markdown]
# ## 12. La costura: ¿acierta con lo que dibujas?
#
# Un lienzo no entrega imágenes centradas de 28 × 28. Pongamos imágenes de prueba en cualquier sitio de un lienzo de 280 × 280, de
# cualquier tamaño, como dibuja la gente, y leámoslas de dos maneras: reducir el lienzo a 28 × 28, como hacen muchas demostraciones;
# o dar a la tinta la forma que tenían las imágenes de entrenamiento (encontrarla, encajarla en 20 × 20, poner su centro de masas en
# medio), como hace `rabisco.images`.

# %%
random = np.random.default_rng(25)
chosen = random.choice(len(dataset.test), 100 if SHORT else 400, replace=False)


def drawn(pixels):
    """Devuelve una imagen como la dibujaría alguien: negro sobre blanco, 280 × 280, en cualquier sitio y de cualquier tamaño."""
    side = int(random.integers(90, 200))
    ink = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
    canvas = np.full((280, 280), 255, np.uint8)
    top, left = random.integers(0, 280 - side, 2)
    canvas[top : top + side, left : left + side] = 255 - ink
    return np.repeat(canvas[..., np.newaxis], 3, axis=2)  # RGB, como lo devuelve `decode`


canvases = [drawn(dataset.test.images[index, ..., 0]) for index in chosen]
shrunk = np.stack(
    [255 - np.asarray(Image.fromarray(canvas).convert("L").resize((28, 28)))[..., np.newaxis] for canvas in canvases]
)
normalized = np.stack([prepare(canvas, "mnist@1").pixels for canvas in canvases])
labels = dataset.test.labels[chosen]
for name, model in (("linear", linear), ("cnn", cnn)):
    print(
        f"{name:>6}: {accuracy(model, shrunk, labels):6.1%} reducidas, {accuracy(model, normalized, labels):6.1%} preparadas"
    )

figure, axes = plt.subplots(3, 8, figsize=(11, 4.4))
for column in range(8):
    for row, picture in enumerate((canvases[column], shrunk[column, ..., 0], normalized[column, ..., 0])):
        axes[row, column].imshow(picture, cmap="gray" if row == 0 else "gray_r")
        axes[row, column].set(xticks=[], yticks=[])
for row, name in enumerate(("dibujada", "reducida", "preparada")):
    axes[row, 0].set_ylabel(name)
plt.show()

for model in (linear, cnn):
    assert accuracy(model, normalized, labels) > accuracy(model, shrunk, labels) + 0.2
assert accuracy(linear, normalized, labels) > accuracy(cnn, shrunk, labels)  # la costura decide más que el modelo

# %% [markdown]
# ## 13. El camino entero, con el modelo incluido
#
# `get_predictor` carga un modelo ya entrenado, sin TensorFlow, y lo hace todo: descodificar, encontrar la tinta, prepararla, logits,
# probabilidades, y si no sería mejor no responder.

# %%
predictor = get_predictor("mnist-cnn")
canvas = canvases[0]
prediction = predictor.predict(canvas)
print(prediction.best, prediction.refused)

figure, axes = plt.subplots(1, 6, figsize=(12, 2.4))
axes[0].imshow(canvas)
axes[0].set_title("dibujo")
for axis, step in zip(axes[1:5], prediction.prepared.steps, strict=True):
    axis.imshow(step.picture, cmap="gray")
    axis.set_title(step.name)
axes[5].imshow(explain(predictor, canvas).importance, cmap="RdBu_r")
axes[5].set_title("lo que importó")
for axis in axes:
    axis.axis("off")
plt.show()

assert prediction.best.category == dataset.class_names[labels[0]]
assert np.isclose(predictor.probabilities(prediction.prepared.pixels[np.newaxis]).sum(), 1, atol=1e-5)

# %%
scribble = np.full((280, 280, 3), 255, np.uint8)
for _ in range(60):
    row, column = random.integers(20, 250, 2)
    scribble[row : row + 5, column : column + 30] = 0
refused = predictor.predict(scribble)
print("no responde:", refused.refused)
assert refused.refused is not None  # no es un dígito: lo dice, en vez de adivinar

file = io.BytesIO()
Image.fromarray(canvas).save(file, "PNG")
assert np.array_equal(decode(file.getvalue()), canvas)  # un archivo se lee como un dibujo

# %% [markdown]
# ## Cómo seguir
#
# - Dibuja tú: `rabisco serve`, y abre <http://127.0.0.1:3000>. La página muestra los pasos de la sección 13 con tu propio dibujo.
# - Entrena con tus datos: la página *Entrenar* acepta un archivo CSV o un zip de imágenes; `rabisco train mnist-cnn` entrena la red
#   incluida, con todo MNIST, aumento de datos y más épocas.
# - Prueba: cambia `"cnn"` por `"cnn-tiny"` en la sección 7. ¿Cuántos pesos tiene y cuántos errores más comete?
# - Prueba: da a `TrainingConfiguration` un `augmentation=Augmentation()` (de `rabisco.training.augment`) en la sección 9. ¿Se acorta la
#   distancia?
# - Sigue leyendo (en inglés): [cómo se preparan las imágenes](../docs/decisions/0002-ink-before-geometry.md),
#   [cómo aprende un modelo a no responder](../docs/decisions/0011-learning-to-refuse.md),
#   [qué se ha medido](../docs/measurements.md).

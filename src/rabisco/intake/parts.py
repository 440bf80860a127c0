"""Names of the parts of a data set, in five languages."""

import re

from rabisco.text import plain

_WORDS = {
    "train": (
        "train training tr trn learn learning fit treino treinamento treinar entrenamiento entrenar entreno "
        "entraînement apprentissage обучение обучающая обучающий тренировка тренировочная тренировочный учебная"
    ),
    "validation": (
        "val valid validation validate validating dev development holdout validação validación valida валидация "
        "валидационная валидационный проверка проверочная"
    ),
    "test": (
        "test testing tst eval evaluation evaluate teste testes prueba pruebas examen avaliação evaluación essai "
        "essais évaluation тест тестовая тестовый тесты тестирование экзамен контрольная"
    ),
}
_PART_OF = {plain(word): part for part, words in _WORDS.items() for word in words.split()}
_FILLER_WORDS = (
    "set data dataset images image imgs img pictures photos split part samples digits conjunto dados datos imagens "
    "imágenes de del do da of du jeu données выборка данные набор изображения"
)
_FILLERS = frozenset(map(plain, _FILLER_WORDS.split()))


def part_of(name: str) -> str | None:
    """Return which part a folder's name says: ``train``, ``validation`` or ``test``, in any of the five languages."""
    words = [word for word in re.split(r"[\W_]+|(?<=\D)(?=\d)", plain(name)) if word]
    telling = [word for word in words if word not in _FILLERS and not word.isdigit()]
    if len(telling) != 1:
        return None
    joined = telling[0]
    return _PART_OF.get(joined) or _PART_OF.get(re.sub(r"(set|data|images|imgs)$", "", joined))

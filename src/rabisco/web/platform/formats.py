"""Numbers, times and names as the reader's language writes them: filters of the templates."""

import re
from datetime import datetime

from babel.units import format_unit
from flask import Flask
from flask_babel import format_date, format_datetime, format_decimal, format_percent, get_locale, ngettext

from rabisco.rejection import MESSAGES
from rabisco.web.models.charts import axis, learning_curve, reliability_of
from rabisco.web.models.confusions import confusions_of
from rabisco.web.models.titles import (
    architecture_title,
    corruption_title,
    distinct_title,
    is_bundled,
    keras_code,
    model_title,
)
from rabisco.web.platform.languages import translated

_CORES = re.compile(r"\b(\d+) cores\b")


def init_app(app: Flask) -> None:
    """Give the templates the filters of this module, and what they ask of models."""
    figures = (percent, chance, number, decimal, seconds, milliseconds, size, limit, p_value, date, moment)
    app.jinja_env.filters |= {one.__name__: one for one in (*figures, hardware, translated, keras_code)}
    titles = (model_title, architecture_title, is_bundled, corruption_title, distinct_title)
    parts = (axis, learning_curve, reliability_of, confusions_of)
    app.jinja_env.globals |= {one.__name__: one for one in (*titles, *parts)} | {"refusals": MESSAGES}


def hardware(text: str) -> str:
    """Return what a card says of a machine, its cores in the reader's language: ``x86_64, 2 cœurs, Linux``."""
    return _CORES.sub(lambda found: ngettext("%(num)s core", "%(num)s cores", int(found[1])), text)


def percent(fraction: float, digits: int = 1) -> str:
    """Return a fraction in [0, 1] as a percentage, ``0.995`` as ``99.5%``, in French as ``99,5 %``."""
    whole: str = get_locale().percent_formats[None].pattern
    return str(format_percent(fraction, whole.replace("##0", "##0." + "0" * digits)))


def chance(probability: float) -> str:
    """Return a model's probability as a percentage, never 0 or 100: no model is certain."""
    if probability > 0.9995:
        return f">{percent(0.999)}"
    return f"<{percent(0.001)}" if probability < 0.0005 else percent(probability)


def number(value: float) -> str:
    """Return a number, rounded to a whole one, with the separators of the language."""
    return str(format_decimal(round(value)))


def decimal(value: float, digits: int) -> str:
    """Return a number with the given number of decimals."""
    return str(format_decimal(value, "#,##0." + "0" * digits))


def milliseconds(duration: float) -> str:
    """Return a duration in milliseconds with two significant figures, or the whole ones of it."""
    rounded = float(f"{duration:.2g}") if duration < 100 else round(duration)
    return str(format_unit(rounded, "millisecond", "short", locale=get_locale(), format="#,##0.######"))


def size(count: float) -> str:
    """Return a number of bytes as kB, MB or, from ten of them on, GB, each a thousand of the one before."""
    unit, whole = ("megabyte", count / 1e6) if count >= 1e6 else ("kilobyte", count / 1e3)
    if count >= 1e10:
        unit, whole = "gigabyte", count / 1e9
    many = format_unit(9, unit, "short", locale=get_locale())  # CLDR's Portuguese says “MByte” for one
    return str(many.replace("9", format_decimal(float(f"{whole:.3g}"))))


def p_value(probability: float) -> str:
    """Return a test's probability as ``p = 0.0312``, or that it is below the least that is worth telling."""
    return f"p < {decimal(0.0001, 4)}" if probability < 0.0001 else f"p = {decimal(probability, 4)}"


def seconds(duration: float) -> str:
    """Return a duration in the largest unit that says enough."""
    if duration < 120:
        return str(ngettext("%(count)s second", "%(count)s seconds", round(duration), count=number(duration)))
    minutes = round(duration / 60)
    return str(ngettext("%(count)s minute", "%(count)s minutes", minutes, count=number(minutes)))


def limit(count: int) -> str:
    """Return a limit of bytes in MB, each 2²⁰ of them, as the refusal of what is larger names it."""
    many = format_unit(9, "megabyte", "short", locale=get_locale())
    return str(many.replace("9", format_decimal(count / 2**20, "#,##0.#")))


def date(moment: datetime) -> str:
    """Return the day of a moment."""
    return str(format_date(moment, "long"))


def moment(at: datetime) -> str:
    """Return the day and the time of a moment, in the server's time zone, which is named."""
    here = at.astimezone()
    return f"{format_datetime(here.replace(tzinfo=None), 'short', rebase=False)} {here:%Z}"

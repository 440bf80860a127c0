"""Numbers, times and names as the reader's language writes them: filters of the templates."""

from datetime import datetime

from flask import Flask
from flask_babel import format_date, format_decimal, format_percent, get_locale, ngettext

from rabisco.web.refusals import refusal_message
from rabisco.web.titles import distinct_title, model_title


def init_app(app: Flask) -> None:
    """Give the templates the filters of this module and the titles of models."""
    app.add_template_filter(percent)
    app.add_template_filter(chance)
    app.add_template_filter(number)
    app.add_template_filter(seconds)
    app.add_template_filter(date)
    app.add_template_global(model_title)
    app.add_template_global(refusal_message)
    app.add_template_global(distinct_title)


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


def seconds(duration: float) -> str:
    """Return a duration in the largest unit that says enough."""
    if duration < 120:
        return str(ngettext("%(count)s second", "%(count)s seconds", round(duration), count=number(duration)))
    minutes = round(duration / 60)
    return str(ngettext("%(count)s minute", "%(count)s minutes", minutes, count=number(minutes)))


def date(moment: datetime) -> str:
    """Return the day of a moment."""
    return str(format_date(moment, "long"))

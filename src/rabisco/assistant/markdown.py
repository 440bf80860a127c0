"""An answer's Markdown as HTML that can do nothing: no HTML of its own, no pictures, only links."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Formulas as models write them: \( … \), \[ … \], $$ … $$ and $ … $ within a line.
_FORMULA = re.compile(
    r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$|(?<![\w$])\$(?=\S)([^$\n]+?)(?<=\S)\$(?![\w$])", re.DOTALL
)
_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ",
    "mu": "μ", "pi": "π", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ", "nabla": "∇",
    "partial": "∂", "sum": "Σ", "prod": "Π", "int": "∫", "cdot": "·", "times": "×", "div": "÷", "pm": "±", "le": "≤",
    "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "infty": "∞", "in": "∈", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "log": "log", "ln": "ln", "exp": "exp", "max": "max", "min": "min",
    "ldots": "…", "dots": "…", "quad": " ", "left": "", "right": "",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-aeijkmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑᵢⱼₖₘₙₒₚᵣₛₜᵤᵥₓ")


def to_html(text: str) -> str:
    """Return what a model or the documentation says, Markdown of which nothing is trusted, as safe HTML."""
    return str(_renderer().render(_readable_formulas(text)))


@cache
def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    renderer.validateLink = _is_safe  # type: ignore[method-assign]
    renderer.add_render_rule("link_open", _open_link)
    return renderer


def _is_safe(url: str) -> bool:
    return re.match(r"(https?://|/(?!/)|#)", url) is not None


def _open_link(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return str(self.renderToken(tokens, index, options, env))


def _readable_formulas(text: str) -> str:
    """Write formulas outside code as plain signs, set as code."""
    parts = re.split(r"(```.*?```|`[^`\n]+`)", text, flags=re.DOTALL)
    return "".join(part if number % 2 else _FORMULA.sub(_as_code, part) for number, part in enumerate(parts))


def _as_code(found: re.Match[str]) -> str:
    formula = " ".join(next(filter(None, found.groups())).split()).replace("`", "'")
    return f"`{_signs(formula)}`"


def _signs(formula: str) -> str:
    while (simpler := re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", formula)) != formula:
        formula = simpler
    formula = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", formula)
    formula = re.sub(r"\\(?:text|mathrm|mathbf|operatorname|hat|bar|vec)\{([^{}]*)\}", r"\1", formula)
    formula = re.sub(r"\\([A-Za-z]+)", lambda found: _SYMBOLS.get(found[1], found[1]), formula)
    formula = re.sub(r"\^\{?([0-9n+-]+)\}?", lambda found: found[1].translate(_SUPERSCRIPTS), formula)
    formula = re.sub(r"_\{?([0-9aeijkmnoprstuvx+-]+)\}?", lambda found: found[1].translate(_SUBSCRIPTS), formula)
    return re.sub(r"\\[,;! ]", " ", formula).replace("{", "(").replace("}", ")")

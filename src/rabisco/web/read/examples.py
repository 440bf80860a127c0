"""What to try a model on: drawings, and of each of CIFAR-10's classes the first image of its test part, as it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rabisco.web.read.kinds import Kind
from rabisco.web.read.pictures import SentPicture

_FOLDER = Path(__file__).parents[1] / "static" / "examples"
EXAMPLES = tuple(sorted(path.stem for path in _FOLDER.glob("*.png")))


@dataclass(frozen=True)
class Drawn:
    """A drawing to try: strokes that the page puts on its pad."""

    name: str  # what it shows; empty for a scribble
    kind: Kind | Literal["any"]  # what is to be read in it; ``any`` for what nobody can read
    path: str  # SVG, of ``M`` and ``L`` in 280 units a side, twice as wide where there are several
    many: bool = False  # whether it is a row of characters


DRAWN = (
    Drawn(
        "7",
        "digits",
        "M78 72L100 70L130 69L160 68L188 68L201 70L193 86L180 108L166 132L152 158L140 184L131 208L126 224",
    ),
    Drawn(
        "3",
        "digits",
        "M92 88L102 70L122 58L148 56L170 66L178 86L170 108L150 124L130 132L154 134L176 144L190 164"
        "L188 190L172 212L146 224L118 222L96 210L86 196",
    ),
    Drawn(
        "5",
        "digits",
        "M176 62L150 60L122 62L108 64L104 90L102 118L126 110L154 112L178 128L188 154L182 186L162 210"
        "L132 222L104 216L88 202",
    ),
    Drawn("A", "letters", "M62 222L100 138L138 58L178 140L216 222M88 166L140 164L192 166"),
    Drawn("R", "letters", "M92 222L92 140L92 60L142 60L178 76L182 104L164 130L134 140L92 142M134 142L164 182L196 222"),
    Drawn("b", "letters", "M102 54L102 138L102 220M102 158L130 136L160 142L178 170L168 204L138 222L102 208"),
    Drawn(
        "735",
        "digits",
        "M67 92L82 91L103 90L124 90L144 90L153 91L147 102L138 118L128 134L118 153L110 171L104 188L100 199"
        "M246 104L253 91L267 83L286 81L301 88L307 102L301 118L287 129L273 134L290 136L305 143L315 157"
        "L314 175L302 190L284 199L265 197L249 189L242 179M475 85L457 84L437 85L428 87L425 105L423 125"
        "L440 119L460 120L477 132L484 150L479 172L465 189L444 197L425 193L414 183",
        many=True,
    ),
    Drawn(
        "",
        "any",
        "M220 140L102 184L98 68L218 188L101 136L99 94L245 227L86 74L94 151L220 179L90 65L103 196L218 127"
        "L97 106L106 205L245 64L81 163L98 180L240 60L93 199L107 117L234 107L81 216L100 61L243 174L94 162",
    ),
)


def chosen(name: str) -> list[SentPicture]:
    """Return the example of that name; nothing where there is none."""
    return [SentPicture(name, (_FOLDER / f"{name}.png").read_bytes())] if name in EXAMPLES else []

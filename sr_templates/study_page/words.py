"""How the page says things: numbers, units, names and dates for people."""

import math
import unicodedata
from datetime import date

from models.catalogue import View
from models.results import Reason
from sr_templates import codes
from sr_templates.errors import DocumentError
from sr_templates.normal_values import NormalValue
from sr_templates.quantity_codes import QUANTITY_CODES

_UNITS = {
    "1": "", "mm[Hg]": "mmHg", "cm2": "cm²", "m2": "m²", "mL/m2": "mL/m²", "g/m2": "g/m²", "cm2/m2": "cm²/m²",
    "L/min/m2": "L/min/m²", "{H.B.}/min": "/min",
}  # fmt: skip
_MINUS = "−"
_SHORT_WORDS = frozenset(
    {"apex", "high", "vein", "zoom"}
)  # of the names of views; the others of up to four letters stand for more
# Marks that turn the direction of what follows them: a name must not rearrange the page.
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def unit_text(unit: str) -> str:
    """
    >>> unit_text("mm[Hg]"), unit_text("1"), unit_text("mL")
    ('mmHg', '', 'mL')
    """
    return _UNITS.get(unit, unit)


def number_text(key: str, value: float, *, signed: bool = False) -> str:
    """Rounded as in every document, with as many decimals as the quantity has: numbers of a column align.

    Raises DocumentError for an unknown quantity, and for what is no number.

    >>> number_text("lvidd_2d", 5.0), number_text("ef_bp", -0.04, signed=True), number_text("ef_bp", -1.26, signed=True)
    ('5.00', '0.0', '−1.3')
    """
    code = QUANTITY_CODES.get(key)
    if code is None:
        raise DocumentError(f"unknown quantity {key!r}")
    if not math.isfinite(value):
        raise DocumentError(f"{key}: not a finite value")
    rounded = round(value, code.decimals) + 0.0
    sign = _MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):.{code.decimals}f}"


def alike(*values: float) -> tuple[str, ...]:
    """In as many decimals as the one has that has most.

    >>> alike(4.2, 5.84), alike(0.6, 1), alike(52), alike(-1.5)
    (('4.20', '5.84'), ('0.6', '1.0'), ('52',), ('−1.5',))
    """
    decimals = max(len(f"{value:.10g}".partition(".")[2]) for value in values)
    return tuple(f"{value:.{decimals}f}".replace("-", _MINUS) for value in values)


def limits_text(row: NormalValue) -> str:
    """The normal range; of what has no limits, mean and standard deviation."""
    if row.low is not None and row.high is not None:
        return "–".join(alike(row.low, row.high))
    if row.low is not None:
        return f"≥ {alike(row.low)[0]}"
    if row.high is not None:
        return f"≤ {alike(row.high)[0]}"
    return " ± ".join(alike(row.mean, row.sd)) if row.mean is not None and row.sd is not None else ""


def z_score_text(z_score: float | None) -> str:
    """
    >>> z_score_text(2.0), z_score_text(-0.04), z_score_text(None)
    ('2.0', '0.0', '')
    """
    return "" if z_score is None else f"{round(z_score, 1) + 0.0:.1f}".replace("-", _MINUS)


def reason_text(reason: Reason) -> str:
    """In the words of its code, as within a sentence."""
    return lower_case(codes.REASON_CODES[reason].reason.meaning)


def view_tag(view: View) -> str:
    """As people who know echo abbreviate it.

    >>> view_tag(View.A4C), view_tag(View.PLAX_ZOOM), view_tag(View.DOPPLER_TISSUE_SEPTAL), view_tag(View.MMODE_A4CH_RV)
    ('A4C', 'PLAX zoom', 'Doppler tissue septal', 'M-mode A4CH RV')
    """
    words = (word if len(word) > 4 or word in _SHORT_WORDS else word.upper() for word in view.split("_"))
    tag = " ".join(words).replace("mmode", "M-mode")
    return tag[:1].upper() + tag[1:]


def sentence_case(meaning: str) -> str:
    """
    >>> sentence_case("Lateral Mitral Annulus"), sentence_case("clip 1")
    ('Lateral mitral annulus', 'Clip 1')
    """
    first, *rest = meaning.split()
    return " ".join((first[:1].upper() + first[1:], *map(_lower, rest)))


def lower_case(sentence: str) -> str:
    """Its first word as within a sentence.

    >>> lower_case("Image quality below the limit"), lower_case("LV outline")
    ('image quality below the limit', 'LV outline')
    """
    first, *rest = sentence.split()
    return " ".join((_lower(first), *rest))


def _lower(word: str) -> str:
    return word if len(word) > 1 and not word[1:].islower() else word.lower()


def plain_text(text: str) -> str:
    """What can stand in a line of a page: no control characters, no halves of characters, nothing that turns the line around.

    >>> plain_text("A\\x1b[1m\\u202eB\\nC")
    'A[1mB C'
    """
    kept = (" " if sign.isspace() else sign for sign in text if sign.isspace() or not _is_left_out(sign))
    return " ".join("".join(kept).split())


def _is_left_out(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs") or unicodedata.bidirectional(sign) in _TURNING


def person_name(text: str) -> str:
    """PN as people write it (PS3.5 6.2.1): family name, then the others; every group that says something.

    >>> person_name("Yamada^Tarou=山田^太郎=やまだ^たろう")
    'Yamada, Tarou / 山田 太郎 / やまだ たろう'
    >>> person_name("Adams^John Robert^Quincy^Rev.^B.A.")
    'Adams, Rev. John Robert Quincy, B.A.'
    """
    alphabetic, *others = text.split("=")
    family, given, middle, prefix, suffix = [*(plain_text(part) for part in alphabetic.split("^")), "", "", "", "", ""][:5]
    first = ", ".join(filter(None, (family, " ".join(filter(None, (prefix, given, middle))), suffix)))
    groups = (" ".join(filter(None, map(plain_text, group.split("^")))) for group in others)
    return " / ".join(filter(None, (first, *groups)))


def date_text(text: str) -> str:
    """A DA as ISO 8601; as it is where it is none.

    >>> date_text("20260304"), date_text("1994.06.08"), date_text("")
    ('2026-03-04', '1994.06.08', '')
    """
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 8 else plain_text(text)
    except ValueError:
        return plain_text(text)


def time_text(text: str) -> str:
    """Hours and minutes of a TM; nothing of what is none.

    >>> time_text("143000.00"), time_text("14"), time_text("noon")
    ('14:30', '14', '')
    """
    digits = text.split(".", maxsplit=1)[0].replace(":", "")
    if not digits.isdecimal() or len(digits) % 2 or len(digits) > 6:
        return ""
    return ":".join(digits[start : start + 2] for start in range(0, min(len(digits), 4), 2))

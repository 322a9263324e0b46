"""What each key of the catalogue is, as far as a code can say it: the rows that stated values are compared with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from models.catalogue import DISPLAYS, M_MODES, QUANTITIES, View
from sr_templates import codes
from sr_templates.accepted_codes import ACCEPTED
from sr_templates.post_coordination import POST_COORDINATED
from sr_templates.quantity_codes import QUANTITY_CODES, image_mode_of
from sr_templates.reading.leniency import FURTHER_CONCEPTS, NOT_PARASTERNAL, ONE_TEXT, PHASES, PHASES_OF_KEY
from sr_templates.reading.named_code import CodeIdentity, identity_of_code

PLANE_OF = {identity_of_code(code): view for view, code in codes.VIEW_CODES.items()}


@dataclass(frozen=True)
class KeyRow:
    """One key, and the `concept` that it is written with. `mode` is None where it may be of several, `phases` where it is of
    none; a stated one must be one of them.

    `whole` says that the concept alone is the key (CID 12300, TID 5302, private concepts): nothing else is needed. `further`
    is of a concept that is read for the key, but not the one that it is written with.
    """

    key: str
    unit: str
    concept: CodeIdentity
    site: CodeIdentity
    method: CodeIdentity | None
    planes: tuple[View, ...]
    mode: CodeIdentity | None
    flow: CodeIdentity | None
    phases: frozenset[CodeIdentity] | None
    whole: bool = False
    further: bool = False

    @property
    def is_relation(self) -> bool:
        """A ratio, a share, or something by body surface."""
        return self.unit in ("1", "%") or self.unit.endswith("/m2")

    def is_seen_in(self, plane: View | None) -> bool:
        """Of a display the plane is stated that its cursor lay in: a Doppler's says nothing, an M-mode's window does."""
        if plane in self.planes:
            return True
        if plane in DISPLAYS or not DISPLAYS.issuperset(self.planes):
            return False
        return not (M_MODES.issuperset(self.planes) and plane in NOT_PARASTERNAL)


def _row(key: str) -> KeyRow:
    quantity, code, mode = QUANTITIES[key], QUANTITY_CODES[key], image_mode_of(key, None)
    return KeyRow(
        key,
        quantity.unit,
        identity_of_code(code.concept),
        identity_of_code(code.finding_site),
        identity_of_code(code.method) if code.method else None,
        quantity.views,
        identity_of_code(mode) if mode else None,
        identity_of_code(code.flow) if code.flow else None,
        PHASES[quantity.phase] if quantity.phase else PHASES_OF_KEY.get(key),
    )


def _rows() -> Iterator[tuple[CodeIdentity, KeyRow]]:
    for key, code in QUANTITY_CODES.items():
        concept = identity_of_code(code.concept)
        simplified = identity_of_code(code.simplified) if code.simplified else None
        row = _row(key)
        private = code.concept.scheme_designator == codes.PRIVATE_SCHEME
        yield concept, replace(row, whole=private or concept == simplified)
        if simplified is not None and simplified != concept:
            yield simplified, replace(row, whole=True)
        if key in POST_COORDINATED and (alone := identity_of_code(POST_COORDINATED[key].concept)) != concept:
            yield alone, replace(row, whole=True)
        for further, keys in FURTHER_CONCEPTS.items():
            if key in keys:
                yield further, replace(row, further=True)
        for accepted in ACCEPTED:
            if identity_of_code(accepted.written) == concept and identity_of_code(accepted.read) not in ONE_TEXT:
                yield identity_of_code(accepted.read), replace(row, further=True)


ROWS: dict[CodeIdentity, tuple[KeyRow, ...]] = {}
for _concept, _key_row in _rows():
    ROWS[_concept] = (*ROWS.get(_concept, ()), _key_row)
WHOLE: dict[str, KeyRow] = {key: replace(_row(key), whole=True) for key in QUANTITIES}

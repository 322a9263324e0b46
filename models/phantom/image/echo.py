"""How strongly each kind of tissue scatters, and how its echo depends on the direction of the sound."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from models.phantom.image.grid import Vectors


class Tissue(Protocol):
    """What stands at many places, all of one shape: as `models.phantom.heart.Tissue`.

    `kind` is int8 (an index of `Kind`), `normal` the unit vectors of the nearest boundary, `edge_mm` float32 the distance to it
    in mm, `material` the place in mm where that tissue was at end-diastole.
    """

    @property
    def kind(self) -> Tensor: ...
    @property
    def normal(self) -> Vectors: ...
    @property
    def edge_mm(self) -> Tensor: ...
    @property
    def material(self) -> Vectors: ...


@dataclass(frozen=True)
class Echo:
    """One kind of tissue. `level_db` is relative to the muscle of the left ventricle, or of blood to `blood_db`.

    `uneven` scales the muscle's heterogeneity, `along` its loss where the tissue lies along the beam, `mirror` the bright line
    where its boundary faces the beam.
    """

    level_db: float
    uneven: float = 1.0
    along: float = 0.0
    mirror: float = 0.0
    blood: bool = False


_BLOOD = Echo(0.0, 0.0, blood=True)
_ATRIAL = Echo(1.0, 1.0, 1.2, 0.7)
_VESSEL = Echo(4.0, 0.9, 0.8, 1.0)
_LEAFLET = Echo(6.0, 0.7, 0.5, 1.0)
# By the name of `models.phantom.heart.Kind`.
ECHOES: Mapping[str, Echo] = {
    "LUNG": Echo(-14.0, 1.4),
    "CHEST_WALL": Echo(-2.0, 1.6, 0.2, 0.6),
    "LIVER": Echo(-3.0, 0.5),
    "FAT": Echo(-4.0, 1.3),
    "PERICARDIUM": Echo(8.0, 1.3, 1.0, 1.6),
    "EFFUSION": _BLOOD,
    "LV_CAVITY": _BLOOD,
    "TRABECULA": Echo(-3.0, 1.5, 0.6),
    "PAPILLARY": Echo(1.0, 1.0, 0.6, 0.3),
    "LV_WALL": Echo(0.0, 1.0, 1.0, 0.7),
    "RV_CAVITY": _BLOOD,
    "RV_WALL": Echo(0.0, 1.2, 1.2, 0.6),
    "RV_BAND": Echo(0.0, 1.2, 0.6, 0.3),
    "LA": _BLOOD,
    "LA_WALL": _ATRIAL,
    "RA": _BLOOD,
    "RA_WALL": _ATRIAL,
    "ATRIAL_SEPTUM": Echo(0.0, 0.8, 1.5, 0.9),
    "AORTA": _BLOOD,
    "AORTIC_WALL": _VESSEL,
    "PULMONARY_ARTERY": _BLOOD,
    "PULMONARY_WALL": _VESSEL,
    "IVC": _BLOOD,
    "IVC_WALL": Echo(3.0, 0.8, 0.9, 1.0),
    "PULMONARY_VEIN": _BLOOD,
    "MITRAL_LEAFLET": _LEAFLET,
    "TRICUSPID_LEAFLET": Echo(4.0, 0.7, 0.5, 0.9),
    "AORTIC_CUSP": Echo(4.0, 0.6, 0.7, 1.0),
    "PULMONARY_CUSP": Echo(2.0, 0.6, 0.7, 0.9),
    "CHORDA": Echo(1.0, 1.5, 0.5, 0.3),
    "ANNULUS": Echo(7.0, 1.0, 0.3, 0.5),
    "LA_APPENDAGE": _BLOOD,
    "LVOT": _BLOOD,
    "AORTIC_ARCH": _BLOOD,
}
# What is no heart: its level has an error of its own.
_AROUND = frozenset({"LUNG", "CHEST_WALL", "LIVER", "FAT"})
_OTHER = Echo(0.0, 1.0, 0.6, 0.4)


@dataclass(frozen=True)
class EchoLevels:
    """Levels of one picture in dB; 0 is the brightest display level.

    `muscle_db` is the muscle of the left ventricle, `blood_db` blood, `around_db` what is added to all that is no heart. The
    level of tissue varies by `coarse_db` over centimetres and by `fine_db` over millimetres (standard deviations), in waves of
    `coarse_mm` and `fine_mm`. `along_db` is lost where a wall lies along the beam, `mirror` the strength of boundaries.
    `offsets_db` are errors of single kinds by name.
    """

    muscle_db: float = -22.0
    blood_db: float = -62.0
    around_db: float = 0.0
    coarse_db: float = 2.5
    fine_db: float = 1.8
    coarse_mm: tuple[float, float] = (30.0, 100.0)
    fine_mm: tuple[float, float] = (4.0, 14.0)
    along_db: float = 6.0
    mirror: float = 1.0
    mirror_mm: float = 0.8
    offsets_db: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class EchoTable:
    """The numbers of every kind of tissue, each (kinds,), float32; `blood` (kinds,) is bool, true of what is blood.

    `level_db` is the level, `along` the loss along the beam in dB; `uneven` and `mirror` are shares: as of `Echo`.
    """

    level_db: Tensor
    uneven: Tensor
    along: Tensor
    mirror: Tensor
    blood: Tensor


def echo_table(levels: EchoLevels, kinds: Mapping[str, int]) -> EchoTable:
    """Rows for the `kinds` of a heart, by name."""
    size = max(kinds.values()) + 1
    rows = [_OTHER] * size
    level_db = [0.0] * size
    for name, index in kinds.items():
        echo = rows[index] = ECHOES.get(name, _OTHER)
        base = levels.blood_db if echo.blood else levels.muscle_db
        around = levels.around_db if name in _AROUND else 0.0
        level_db[index] = base + echo.level_db + around + levels.offsets_db.get(name, 0.0)
    return EchoTable(
        torch.tensor(level_db),
        torch.tensor([echo.uneven for echo in rows]),
        torch.tensor([echo.along * levels.along_db for echo in rows]),
        torch.tensor([echo.mirror * levels.mirror for echo in rows]),
        torch.tensor([echo.blood for echo in rows]),
    )


def facing(tissue: Tissue, beam: Vectors) -> Tensor:
    """How squarely the nearest boundary of `tissue` faces `beam` (unit vectors): float32, 0 to 1, of any shape, their own."""
    normal = tissue.normal
    return (normal.x * beam.x + normal.y * beam.y + normal.z * beam.z).abs().clamp(max=1)

"""The lines of B-mode images by their anatomy: one name for a line that two quantities read at different times of the beat."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

# By quantity. The order of the names is that of a network's points.
LINE_OF: Mapping[str, str] = MappingProxyType({
    "lvidd_2d": "lvid", "lvids_2d": "lvid", "ivsd_2d": "ivs", "lvpwd_2d": "lvpw", "la_diam_ap_2d": "la_diam",
    "ao_root": "ao_root", "ao_stj": "ao_stj", "ao_asc": "ao_asc", "ao_annulus": "ao_annulus", "lvot_diam": "lvot_diam",
    "lv_len_d_a4c": "lv_len", "rv_basal": "rv_basal", "rv_mid": "rv_mid", "rv_length": "rv_length", "pa_diam": "pa_diam",
    "rvot_dist": "rvot_dist", "rvot_prox": "rvot_prox", "ivc_diam": "ivc_diam",
})  # fmt: skip
LINES: tuple[str, ...] = tuple(dict.fromkeys(LINE_OF.values()))
# Both ends of each line as a network's labels name them.
LINE_POINTS: tuple[str, ...] = tuple(f"{line}_{end}" for line in LINES for end in (1, 2))

_DEEPER, _NEARER, _LEFT = (0.0, 1.0), (0.0, -1.0), (-1.0, 0.0)
_ONWARDS_OF = {"lv_len": _NEARER, "rv_length": _NEARER, **dict.fromkeys(("rv_basal", "rv_mid", "pa_diam", "rvot_dist"), _LEFT)}
_ONWARDS = np.array([_ONWARDS_OF.get(line, _DEEPER) for line in LINES])


def in_order(ends: NDArray[np.floating]) -> NDArray[np.floating]:
    """`ends` (n, lines, 2, 2) of the `LINES` on n frames -> (n, lines, 2, 2), that end first which is called `_1`.

    They are (x, y), float64 or float32, in mm or px, y growing away from the probe, in images that are not mirrored; NaN
    stays. First is the end next to the probe; of a ventricle's length the base; across the right ventricle the septal end;
    across the pulmonary artery and its valve the one next to the aorta.
    """
    onwards = ((ends[..., 1, :] - ends[..., 0, :]) * _ONWARDS).sum(axis=-1)
    return np.where((onwards < 0)[..., None, None], ends[..., ::-1, :], ends)

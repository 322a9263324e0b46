"""Where the probe stands for each class of EchoView47, and what of the heart it then shows."""

from dataclasses import dataclass

import numpy as np

from models.catalogue import ECHOVIEW47, Mode, View
from models.phantom.counterpart.body import Body
from models.phantom.counterpart.left_heart import direction
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.ring_stack import Grid
from models.phantom.counterpart.section import Plane
from models.phantom.rendered import SectorShape

PLANES: dict[str, View] = {row.name: row.view for row in ECHOVIEW47 if row.mode is Mode.B_MODE}


@dataclass(frozen=True, eq=False)
class Window:
    """A plane, the sector that is shown of it, and what lies around the heart there: chest, liver or mediastinum."""

    plane: Plane
    sector: SectorShape
    around: str


@dataclass(frozen=True)
class _Aim:
    """Where a beam comes from and goes to: the probe's depth outside the heart, and what is centred, in mm and degrees.

    `centre` is the place that the middle beam meets, `below_mm` how much is shown beyond it, `half_deg` half the opening.
    """

    centre: str
    below_mm: float
    half_deg: float
    zoom: bool = False


_APICAL = {
    "full": _Aim("mitral", 62, 38), "lv": _Aim("lv", 58, 37), "rv": _Aim("rv", 76, 38), "la": _Aim("la", 36, 28, True),
    "ra": _Aim("ra", 34, 28, True), "ias": _Aim("ias", 36, 24, True), "outflow": _Aim("root", 30, 24, True),
}  # fmt: skip
# The angle around the left ventricle that lies on the image's right.
_RIGHT_DEG = {"a4ch": 30.0, "a2ch": 92.0, "a3ch": 150.0, "a5ch": 40.0}


def place(heart: Heart, body: Body, name: str, rng: np.random.Generator) -> Window:
    """The window of class `name`, a row of `PLANES`, on the heart as it is at end-diastole. Each call draws another probe."""
    family, _, focus = name.partition("-")
    if family in _RIGHT_DEG:
        return _apical(heart, body, family, _APICAL[focus], rng)
    if name == "apex":
        return _apical(heart, body, str(rng.choice(["a4ch", "a2ch", "a3ch"])), _Aim("apex_zoom", 34, 33), rng)
    if family == "plax":
        return _long_axis(heart, body, focus, rng)
    if family == "psax":
        return _short_axis(heart, body, focus, rng)
    return _OTHER[name](heart, body, rng)


def _window(
    face: Grid,
    aim: Grid,
    right: Grid,
    depth_mm: float,
    half_deg: float,
    around: str,
    rng: np.random.Generator,
    near: float | None = None,
) -> Window:
    """The probe's face at `face` looks at `aim`; the beams meet a little behind it."""
    forward = aim - face
    forward = forward / np.linalg.norm(forward)
    right = right - (right @ forward) * forward
    right = right / np.linalg.norm(right)
    behind = float(rng.uniform(1.5, 11.0))
    half = float(np.radians(half_deg * rng.uniform(0.86, 1.16)))
    start = behind if near is None else behind + near
    return Window(Plane(face - behind * forward, forward, right), SectorShape(half, start, behind + depth_mm), around)


def _apical(heart: Heart, body: Body, family: str, aim: _Aim, rng: np.random.Generator) -> Window:
    apex, mitral = body.places["apex_outside"], body.places["mitral"]
    axis = (mitral - apex) / np.linalg.norm(mitral - apex)
    right = direction(np.radians(_RIGHT_DEG[family] + rng.normal(0, 4)))
    off = rng.normal(0, 2.5, 2)
    face = apex - axis * (0.8 * heart.chest_wall_mm + 5) + off[0] * right + 0.35 * off[1] * np.cross(axis, right)
    through = (
        body.root.middle + rng.normal(0, 1.2, 3) if family == "a5ch" else 0.45 * mitral + 0.55 * body.left.endo[0].mean(axis=0)
    )
    forward = (through - face) / np.linalg.norm(through - face)
    right = right - (right @ forward) * forward
    right /= np.linalg.norm(right)
    target = _centre(body, aim.centre)
    # What is centred is centred within the plane: the beam turns in it, the plane stays.
    flat = target - face
    flat = (flat @ forward) * forward + (flat @ right) * right
    # A probe that looks for the right heart slides towards it, and turns for the rest of the way.
    slide = (0.55 if aim.centre == "rv" else 0.15) * float(flat @ right) * right
    face, flat = face + slide, flat - slide
    swing = rng.normal(0, 5.0)
    flat = flat + np.tan(np.radians(swing)) * float(np.linalg.norm(flat)) * right * 0.6
    depth = float(np.linalg.norm(flat)) + aim.below_mm * rng.uniform(0.85, 1.25)
    if aim.centre == "lv":
        depth = float(np.linalg.norm(mitral - face)) + rng.uniform(8, 24)
    if aim.centre == "apex_zoom":
        depth = 0.8 * heart.chest_wall_mm + rng.uniform(46, 66)
    near = None
    if aim.zoom and rng.random() < 0.5:
        near = max(float(np.linalg.norm(flat)) - rng.uniform(38, 55), 0.0)
    return _window(face, face + flat, right, depth, aim.half_deg + (0 if near is None else -8), "chest", rng, near)


def _centre(body: Body, name: str) -> Grid:
    places = body.places
    if name in ("lv", "apex_zoom"):
        return 0.5 * places["apex"] + 0.5 * places["mitral"]
    if name == "ias":
        return 0.5 * (places["la"] + places["ra"])
    return places[name]


_FORE_DEG = 330.0


def _long_axis(heart: Heart, body: Body, focus: str, rng: np.random.Generator) -> Window:
    """Parasternal long axis: the probe in front of the septum, the apex on the image's left, the aorta on its right."""
    if focus == "tv":
        return _inflow(heart, body, rng)
    mitral, root, length = body.places["mitral"], body.places["root"], body.left.length_mm
    fore = direction(np.radians(_FORE_DEG + rng.normal(0, 3)))
    reach = float(np.linalg.norm(body.left.epi[6, 20, :2])) + 0.55 * heart.rv_base_mm + heart.chest_wall_mm
    middle = mitral + np.array([0, 0, 0.16 * length])
    aims = {
        "full-lv": (middle, 18, 38, False), "full-la": (mitral - [0, 0, 6], 62, 38, False),
        "full-mv": (body.places["tips"], 28, 34, False), "full-out": (root, 32, 34, False),
        "full-rv-ao": (root - [0, 0, 24], 38, 36, False), "valves-av": (root, 18, 21, True),
        "valves-mv": (body.places["tips"] - [0, 0, 4], 22, 22, True),
    }  # fmt: skip
    target, below, half, zoom = aims[focus]
    shift = {"full-rv-ao": -30.0, "full-out": -10.0, "valves-av": -10.0}.get(focus, 6.0)
    face = mitral - fore * (reach + float(mitral @ fore)) + [0, 0, shift + rng.normal(0, 6)]
    # The plane holds the axis from the apex to the mitral valve; towards the root it follows the aorta.
    right = np.array([0, 0, -1.0]) + 0.06 * rng.normal() * fore
    target = target - np.cross(right, fore) * ((target - mitral) @ np.cross(right, fore)) * (0.4 if "full-lv" in focus else 0.0)
    deep = body.left.base_mm + heart.posterior_mm + reach
    along = float((target - face) @ fore)
    depth = max(along + below, deep + 12) if focus.startswith("full") and focus not in ("full-rv-ao",) else along + below
    depth *= float(rng.uniform(0.97, 1.16))
    near = along - rng.uniform(26, 36) if zoom and rng.random() < 0.7 else None
    return _window(face, target + rng.normal(0, 2, 3) * [1, 1, 3], right, depth, half, "chest", rng, near)


def _inflow(heart: Heart, body: Body, rng: np.random.Generator) -> Window:
    valve, chamber, ventricle = body.places["tricuspid"], body.places["ra"], body.places["rv"]
    fore = direction(np.radians(300 + rng.normal(0, 5)))
    face = valve - fore * (48 + heart.chest_wall_mm) + [0, 0, 12] + rng.normal(0, 3, 3)
    along = chamber - ventricle
    right = along - (along @ fore) * fore
    return _window(face, valve - [0, 0, 6], right, 105 + heart.chest_wall_mm + rng.uniform(0, 25), 35, "chest", rng)


def _short_axis(heart: Heart, body: Body, focus: str, rng: np.random.Generator) -> Window:
    """Parasternal short axis: anterior above, the septum on the image's left."""
    length = body.left.length_mm
    towards = 306 + rng.normal(0, 6)
    fore, right = direction(np.radians(towards)), direction(np.radians(towards + 90))
    reach = body.left.base_mm + heart.septum_mm + 0.45 * heart.rv_base_mm + heart.chest_wall_mm
    levels = {"lv-base": 0.14, "lv-mid": 0.5, "lv-apex": 0.8, "all": 0.4}
    if focus in levels:
        level = levels[focus] + rng.normal(0, 0.025)
        target = np.array([*(0.3 * rng.normal(0, 4, 2)), level * length])
        narrow = {"lv-apex": 0.8}.get(focus, 1.0)
        face = target - fore * reach * narrow + right * rng.normal(0, 5)
        below = body.left.base_mm + heart.posterior_mm + (58 if focus == "all" else 14)
        return _window(
            face, target, right, (reach * narrow + below) * rng.uniform(0.98, 1.14), 40 if focus == "all" else 36, "chest", rng
        )
    centre = {
        "av": body.places["root"],
        "pv": body.places["pulmonary"],
        "tv": body.places["tricuspid"] * [0.7, 0.7, 0] + body.places["root"] * [0.3, 0.3, 1.0],
    }[focus]
    root = body.places["root"]
    face = root - fore * (0.62 * heart.root_mm[1] + 0.9 * heart.pa_mm + heart.chest_wall_mm + 12)
    # Tilted a little up towards the pulmonary artery.
    tilt = {"pv": -0.2, "tv": 0.08}.get(focus, -0.02) + 0.03 * rng.normal()
    right = right + np.array([0, 0, tilt])
    shown = (centre - face) - ((centre - face) @ np.cross(right, fore)) * np.cross(right, fore) * (
        0.0 if focus == "pv" else 1.0
    )
    depth = float((root - face) @ fore) + {"av": 58, "pv": 40, "tv": 52}[focus] * rng.uniform(0.9, 1.25)
    return _window(face, face + shown, right, depth, 37, "chest", rng)


def _subcostal(heart: Heart, body: Body, rng: np.random.Generator) -> Window:
    """From below the ribs: through the liver to the right heart, the apex on the image's right."""
    middle = 0.5 * (body.places["mitral"] + body.places["tricuspid"]) + [0, 0, 10]
    tilt = np.radians(rng.uniform(18, 40))
    side = direction(np.radians(30 + rng.normal(0, 3)))
    forward = np.cos(tilt) * side - np.sin(tilt) * np.array([0, 0, 1.0])
    right = np.sin(tilt) * side + np.cos(tilt) * np.array([0, 0, 1.0])
    away = 0.75 * heart.rv_base_mm + body.left.base_mm + 26 + heart.chest_wall_mm + rng.uniform(0, 14)
    face = middle - forward * away
    return _window(face, middle + rng.normal(0, 4, 3), right, away + 70 * rng.uniform(0.85, 1.2), 38, "liver", rng)


def _cava(heart: Heart, body: Body, rng: np.random.Generator) -> Window:
    vein, mouth = body.places["ivc"], body.places["ivc_mouth"]
    along = (mouth - vein) / np.linalg.norm(mouth - vein)
    target = mouth - along * rng.uniform(14, 26)
    fore = np.array([-0.2, 0.1, -1.0]) if rng.random() < 0.5 else np.array([-0.35, 0.05, -0.9])
    fore = fore - (fore @ along) * along
    fore = fore / np.linalg.norm(fore)
    tilt = np.radians(rng.normal(12, 8))
    forward, right = np.cos(tilt) * fore + np.sin(tilt) * along, np.cos(tilt) * along - np.sin(tilt) * fore
    away = 52 + heart.chest_wall_mm + rng.uniform(0, 28)
    return _window(target - forward * away, target, right, away + rng.uniform(45, 85), 36, "liver", rng)


def _notch(heart: Heart, body: Body, rng: np.random.Generator) -> Window:
    """From the notch above the breastbone down on the arch."""
    vessel = body.root.vessel
    middles = vessel.mean(axis=1)
    start, top, end = middles[13], middles[19], middles[26]
    right = end - start
    right = right / np.linalg.norm(right)
    down = start + end - 2 * top
    down = down - (down @ right) * right
    down = down / np.linalg.norm(down)
    target = top + 12 * down
    face = target - down * (40 + heart.chest_wall_mm * 0.8) + rng.normal(0, 2, 3)
    return _window(face, target, right, 105 + rng.uniform(0, 40), 38, "mediastinum", rng)


_OTHER = {"subcostal-heart": _subcostal, "subcostal-ivc": _cava, "suprasternal": _notch}

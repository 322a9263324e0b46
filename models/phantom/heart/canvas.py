"""The picture that the heart's parts are painted on, one over the other: kinds, nearest boundaries, material."""

import torch
from torch import Tensor

from models.phantom.heart.kinds import Kind, Points, Tissue
from models.phantom.heart.table import Array


class Canvas:
    """A flat list of points, all lung at first. Tensors are (points,) or, with an `index` (n,) of int64, (n,); mm throughout.

    `paint(mask, kind)` takes a bool mask; `border(distance, normal)` and `move(mask, material)` take the points' float dtype.
    """

    def __init__(self, points: Points) -> None:
        self.points = points
        self._bounds = [(float(c.min()), float(c.max())) for c in points] if points.x.numel() else [(0.0, -1.0)] * 3
        self._kind = torch.zeros(points.x.shape, dtype=torch.int8, device=points.x.device)
        self._edge = torch.full_like(points.x, 30.0)
        self._normal = [torch.zeros_like(points.x), torch.zeros_like(points.x), torch.ones_like(points.x)]
        self._material = list(points)
        self._fibre = [torch.zeros_like(points.x), torch.zeros_like(points.x), torch.ones_like(points.x)]

    def near(self, low: Array, high: Array) -> Tensor:
        """Index int64 (n,) of the points inside the box from `low` to `high`, (3,) each, mm, float64."""
        if any(most < first or least > last for (first, last), least, most in zip(self._bounds, low, high, strict=True)):
            return torch.zeros(0, dtype=torch.int64, device=self.points.x.device)
        inside = None
        for coordinate, least, most in zip(self.points, low, high, strict=True):
            within = (coordinate > float(least)) & (coordinate < float(most))
            inside = within if inside is None else inside & within
        assert inside is not None
        return inside.nonzero()[:, 0]

    def at(self, index: Tensor) -> Points:
        return Points(*(coordinate[index] for coordinate in self.points))

    def kind_at(self, index: Tensor | None = None) -> Tensor:
        """The kinds so far, int8, a `Kind`'s index: (points,), or (n,) for an `index` (n,)."""
        return self._kind if index is None else self._kind[index]

    def paint(self, mask: Tensor, kind: Kind, index: Tensor | None = None) -> None:
        if index is None:
            self._kind.masked_fill_(mask, int(kind))
        else:
            self._kind[index[mask]] = int(kind)

    def border(self, distance: Tensor, normal: Points, index: Tensor | None = None) -> None:
        distance = distance.abs()
        if index is None:
            closer = distance < self._edge
            self._edge = torch.where(closer, distance, self._edge)
            self._normal = [torch.where(closer, new, old) for new, old in zip(normal, self._normal, strict=True)]
            return
        closer = distance < self._edge[index]
        chosen = index[closer]
        self._edge[chosen] = distance[closer]
        for new, old in zip(normal, self._normal, strict=True):
            old[chosen] = new[closer]

    def move(self, mask: Tensor, material: Points, index: Tensor | None = None) -> None:
        if index is None:
            self._material = [torch.where(mask, new, old) for new, old in zip(material, self._material, strict=True)]
            return
        chosen = index[mask]
        for axis, new in enumerate(material):
            self._material[axis] = (
                self._material[axis].clone() if self._material[axis] is self.points[axis] else self._material[axis]
            )
            self._material[axis][chosen] = new[mask]

    def run_fibres(self, fibre: Points) -> None:
        self._fibre = list(fibre)

    def tissue(self, shape: torch.Size) -> Tissue:
        """Everything as `Tissue`, reshaped to `shape`."""

        def back(parts: list[Tensor]) -> Points:
            return Points(*(part.reshape(shape) for part in parts))

        return Tissue(
            self._kind.reshape(shape), back(self._normal), self._edge.reshape(shape), back(self._material), back(self._fibre)
        )  # fmt: skip

"""Where in an image a network looked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeatMap:
    """Which places of one frame spoke for an answer of a network: no measurement, and not whether the answer is right.

    The whole image lies under a coarse grid of `rows` x `columns`. `levels` are its cells row after row, two hexadecimal digits
    each, 00 for none to ff for the most.
    """

    model: str
    answer: str
    frame_number: int
    rows: int
    columns: int
    levels: str

    def __post_init__(self) -> None:
        if len(self.levels) != 2 * self.rows * self.columns:
            raise ValueError("a heat map has one level for each cell")

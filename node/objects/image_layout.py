"""The Image Pixel Module's attributes that say how samples lie in the pixel data (PS3.3 C.7.6.3)."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from node.errors import UnreadableClip
from node.objects.colour import SampleBits
from node.objects.reading_limits import LARGEST_FRAME_PIXELS


@dataclass(frozen=True)
class ImageLayout:
    """What the header says. `number_of_frames` is None where it says nothing."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits: SampleBits
    planar: bool
    photometric: str
    number_of_frames: int | None

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def pixels(self) -> int:
        return self.rows * self.columns

    @property
    def is_rgb(self) -> bool:
        """Whether nothing has to be converted; JPEG 2000's decoder undoes its own transforms."""
        return self.photometric in ("RGB", "YBR_ICT", "YBR_RCT")


def read_layout(dataset: Dataset) -> ImageLayout:
    """Raises UnreadableClip saying what is missing, impossible or beyond what is decoded."""
    try:
        allocated = int(dataset.BitsAllocated)
        stored = int(dataset.get("BitsStored") or allocated)
        high = int(dataset.get("HighBit") or stored - 1)
        frames = dataset.get("NumberOfFrames")
        layout = ImageLayout(
            rows=int(dataset.Rows),
            columns=int(dataset.Columns),
            samples=int(dataset.get("SamplesPerPixel") or 1),
            bits_allocated=allocated,
            bits=SampleBits(stored, high, bool(dataset.get("PixelRepresentation"))),
            planar=dataset.get("PlanarConfiguration") == 1,
            photometric=str(dataset.get("PhotometricInterpretation") or "").strip(),
            number_of_frames=None if frames in (None, "") else int(frames),
        )
    except (AttributeError, TypeError, ValueError):  # its words may quote a value of the header
        raise UnreadableClip("Rows, Columns or the bits of the pixels are missing or no numbers") from None
    if layout.bits_allocated not in (8, 16) or layout.samples not in (1, 3) or not 0 < stored <= high + 1 <= allocated:
        raise UnreadableClip(f"{layout.samples} samples per pixel of {stored} in {allocated} bits")
    if layout.rows < 1 or layout.columns < 1:
        raise UnreadableClip("an image without rows, columns or frames")
    if layout.pixels > LARGEST_FRAME_PIXELS:
        raise UnreadableClip(f"frames of {layout.rows} x {layout.columns} are larger than any that is decoded")
    return layout

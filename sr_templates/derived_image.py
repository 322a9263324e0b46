"""What an image says of the one that it was made from (PS3.3 C.7.6.1)."""

from pydicom.dataset import Dataset
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, MPEGTransferSyntaxes

from sr_templates import codes
from sr_templates.codes import code_item
from sr_templates.copied_values import copied_list, text_of
from sr_templates.document import reference_to

_LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, *MPEGTransferSyntaxes})  # other syntaxes may be without loss


def lossy_compression(source: Dataset) -> Dataset:
    """Lossy once is lossy for ever (PS3.3 C.7.6.1.1.5): said again of what was derived from it, also where the source does not
    say it, and its transfer syntax does.
    """
    copied = Dataset()
    syntax = text_of(getattr(source, "file_meta", Dataset()), "TransferSyntaxUID")
    is_lossy = text_of(source, "LossyImageCompression") == "01" or syntax in _LOSSY
    copied.LossyImageCompression = "01" if is_lossy else "00"
    if copied.LossyImageCompression == "01":
        for keyword in ("LossyImageCompressionRatio", "LossyImageCompressionMethod"):
            if (element := copied_list(source, keyword).element) is not None:
                copied.add(element)
    return copied


def source_image(source: Dataset, *, in_place: bool) -> Dataset:
    """An item of Source Image Sequence (0008,2112), still without frames; `in_place` where every pixel lies where it lay."""
    item = reference_to(source)
    item.SpatialLocationsPreserved = "YES" if in_place else "NO"
    item.PurposeOfReferenceCodeSequence = [code_item(codes.SOURCE_IMAGE_FOR_PROCESSING)]
    return item

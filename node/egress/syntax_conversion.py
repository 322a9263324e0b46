"""A converted copy of a stored object: the same instance, laid out in another uncompressed transfer syntax."""

import zlib
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom.dsutils import split_dataset

from node.egress.encodings import ENCODINGS, NotConvertible, converted
from node.egress.transfer_syntaxes import COMPRESSED, DEFLATED

_LARGEST_BYTES = 1 << 30  # a deflated data set may claim a thousand times its size


def write_copy(path: Path, transfer_syntax_uid: str, folder: Path) -> Path:
    """The object of `path` in another uncompressed, little-endian syntax, as a new file in `folder`.

    Raises NotConvertible where its data set cannot be laid out anew, OSError.
    """
    file_meta, offset = split_dataset(path)
    source = str(file_meta.TransferSyntaxUID)
    if source in COMPRESSED:
        return _decompressed(path, transfer_syntax_uid, folder / "copy.dcm")
    data = path.read_bytes()[offset:]
    if source == DEFLATED:
        data = inflated(data)
    file_meta = FileMetaDataset(file_meta)
    file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    with (folder / "copy.dcm").open("wb") as out:
        out.write(bytes(128) + b"DICM")
        write_file_meta_info(DicomFileLike(out), file_meta)
        if ENCODINGS[source] == ENCODINGS[transfer_syntax_uid]:
            out.write(data)
        else:
            out.writelines(converted(data, ENCODINGS[source], ENCODINGS[transfer_syntax_uid]))
    return Path(out.name)


def _decompressed(path: Path, transfer_syntax_uid: str, copy: Path) -> Path:
    """Pixels as RGB; what was lost of them by compression stays said (PS3.3 C.7.6.1.1.5)."""
    try:
        dataset = dcmread(path)
        dataset.decompress(generate_instance_uid=False)
        dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
        dataset.save_as(copy, enforce_file_format=True)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError, NotImplementedError) as error:
        raise NotConvertible("its pixels cannot be decompressed") from error
    return copy


def inflated(data: bytes) -> bytes:
    """The data set behind a deflated one (PS3.5 A.5: raw deflate, perhaps padded). Raises NotConvertible."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflater.decompress(data, _LARGEST_BYTES)
    except zlib.error as error:
        raise NotConvertible("the deflated data set cannot be inflated") from error
    if inflater.unconsumed_tail:
        raise NotConvertible("the deflated data set inflates to more than can be sent")
    if not inflater.eof:
        raise NotConvertible("the deflated data set is cut off")
    return plain

"""What a folder of files holds to analyse: studies, videos, and what is passed over and why."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID

from node.errors import EchoNodeError
from node.files.file_arguments import distinct_files
from node.objects.character_sets import DEFAULT_FALLBACK
from node.objects.header import read_header
from node.objects.video_file import IMAGE_SUFFIXES, VIDEO_SUFFIXES, looks_like_image
from node.study.assembly import TRIGGER_SOP_CLASSES
from sr_templates.copied_values import text_of
from sr_templates.evidence import missing_reference
from sr_templates.reading.content_tree import SR_CLASSES

_ANOTHER_OBJECT = "another file of this object comes later by name; that one counts"
_A_PICTURE = "an image beside DICOM objects or videos: name the file itself to have it analysed"
_NO_PIXELS = "an image class without pixel data"


@dataclass(frozen=True)
class PassedOver:
    """A file that was not used. `wrong`: it should have been, or was asked for by name."""

    path: Path
    reason: str
    wrong: bool = False


@dataclass
class FolderContents:
    """`studies` hold file and header by SOP Instance UID, by the Study Instance UID as the headers have it; `replaced` what is
    not used of them. `reports` are structured reports of these studies, as they would be passed over alone.
    """

    studies: dict[str, dict[str, tuple[Path, Dataset]]] = field(default_factory=lambda: defaultdict(dict))
    replaced: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    reports: dict[str, dict[str, PassedOver]] = field(default_factory=lambda: defaultdict(dict))
    videos: list[Path] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


def find_files(paths: Sequence[Path], fallback_character_set: str = DEFAULT_FALLBACK) -> FolderContents:
    """Of several files of one object the last in the order of names counts."""
    found = FolderContents()
    images: list[Path] = []
    for path, asked_for in distinct_files(paths):
        if path.suffix.lower() in VIDEO_SUFFIXES:
            found.videos.append(path)
            continue
        if path.suffix.lower() in IMAGE_SUFFIXES and looks_like_image(path):
            (found.videos if asked_for else images).append(path)
            continue
        try:
            header = read_header(path, fallback_character_set)
        except EchoNodeError:
            found.passed_over.append(
                PassedOver(path, "neither a DICOM object nor a video or image", asked_for or looks_like_dicom(path))
            )
            continue
        except OSError as error:
            found.passed_over.append(PassedOver(path, f"cannot be read: {error.strerror or type(error).__name__}", wrong=True))
            continue
        _sort(found, path, header, asked_for)
    if found.studies or found.videos:
        found.passed_over += [PassedOver(path, _A_PICTURE) for path in images]
    else:
        found.videos += images
    for study in set(found.reports) - set(found.studies):
        found.passed_over += found.reports.pop(study).values()
    return found


def _sort(found: FolderContents, path: Path, header: Dataset, asked_for: bool) -> None:
    sop_class = text_of(header, "SOPClassUID")
    if "Rows" not in header:
        wrong = asked_for or sop_class in TRIGGER_SOP_CLASSES
        reason = _NO_PIXELS if sop_class in TRIGGER_SOP_CLASSES else f"no image: {_class_name(sop_class)}"
        passed_over = PassedOver(path, reason, wrong)
        if sop_class in SR_CLASSES:
            found.reports[text_of(header, "StudyInstanceUID")][text_of(header, "SOPInstanceUID")] = passed_over
        else:
            found.passed_over.append(passed_over)
    elif missing := missing_reference(header):
        found.passed_over.append(PassedOver(path, f"no {missing}: no document could refer to this object", wrong=True))
    else:
        study = found.studies[text_of(header, "StudyInstanceUID")]
        uid = text_of(header, "SOPInstanceUID")
        if uid in study:
            found.replaced[text_of(header, "StudyInstanceUID")].append(f"{study[uid][0].name} not used: {_ANOTHER_OBJECT}")
        study[uid] = (path, header)


def _class_name(sop_class: str) -> str:
    """The standard's name of a class it knows; the text itself is the sender's."""
    return (UID(sop_class).name if sop_class.replace(".", "").isdecimal() else "") or "no SOP class"


def looks_like_dicom(path: Path) -> bool:
    """By its name or its preamble, whether or not it can be read."""
    try:
        with path.open("rb") as file:
            return path.suffix.lower() == ".dcm" or file.read(132)[128:] == b"DICM"
    except OSError:
        return False

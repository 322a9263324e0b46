"""What each tool says of each of our documents: one function a tool, for a table that people read."""

import html
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import highdicom
from pydicom import dcmread
from pydicom.dataset import Dataset

from sr_templates.conformance_check import check_document
from tests.peers import dcmqi, javascript_readers, pixelmed

Documents = Mapping[str, Path]  # the kind of a document, as its template is called -> its file
NO_TREE = ("seg", "sc", "gsps", "heat_maps", "pdf")  # every other kind has a content tree


@dataclass(frozen=True)
class Verdict:
    """`lines` are what the tool finds worth saying, each once; `read` what it took from the document, in words."""

    lines: frozenset[str]
    read: str = ""


Verdicts = dict[str, Verdict]


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def _lost(read: int, there: int) -> list[str]:
    return [f"{read} of {there} values"] if read != there else []


def _exit(result: subprocess.CompletedProcess[str]) -> list[str]:
    return [f"exit status {result.returncode}"] if result.returncode else []


def _content(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from _content(child)


def _numbers(path: Path) -> list[Dataset]:
    return [item for item in _content(dcmread(path)) if item.ValueType == "NUM"]


def _grouped(path: Path) -> list[Dataset]:
    """The values of measurement groups."""
    containers = [item for item in _content(dcmread(path)) if item.ValueType == "CONTAINER"]
    groups = [item for item in containers if item.ConceptNameCodeSequence[0].CodeValue == "125007"]
    return [child for group in groups for child in group.ContentSequence if child.ValueType == "NUM"]


def dciodvfy(documents: Documents, _: Path) -> Verdicts:
    said = {kind: _run("dciodvfy", path).stderr.splitlines() for kind, path in documents.items()}
    return {
        kind: Verdict(frozenset(line.strip() for line in lines if line.startswith(("Error", "Warning"))))
        for kind, lines in said.items()
    }


def _dcmtk(*command: str) -> Callable[[Documents, Path], Verdicts]:
    """A tool of DCMTK that renders reports: its complaints, and how many of the values it shows with their names."""

    def verdicts(documents: Documents, _: Path) -> Verdicts:
        found = {}
        for kind in sorted(documents.keys() - set(NO_TREE)):
            result = _run(f"/usr/bin/{command[0]}", *command[1:], documents[kind])
            lines = [line for line in result.stderr.splitlines() if line[:2] in ("E:", "W:", "F:")]
            markup = r"</?[a-z][^>]*>" if command[0] != "dsrdump" else "$^"
            shown = " ".join(html.unescape(re.sub(markup, " ", result.stdout)).split())
            names = [str(item.ConceptNameCodeSequence[0].CodeMeaning) for item in _numbers(documents[kind])]
            named = sum(name in shown for name in names)
            lines += _lost(named, len(names)) + _exit(result)
            found[kind] = Verdict(frozenset(lines), f"{len(names)} values named" if names else "")
        return found

    return verdicts


def ours(documents: Documents, _: Path) -> Verdicts:
    reports = {kind: dcmread(path) for kind, path in documents.items() if kind not in NO_TREE}
    return {
        kind: Verdict(frozenset(f"{one.severity}: {one.message} [{one.rule}]" for one in check_document(report)))
        for kind, report in reports.items()
    }


def read_by_highdicom(documents: Documents, _: Path) -> Verdicts:
    found = {}
    for kind, path in documents.items():
        if kind in ("gsps", "pdf"):
            continue  # it writes presentation states and reads none, and knows nothing of PDF
        try:
            read = _HIGHDICOM.get(kind, _opened)(path)
            values = read if isinstance(read, int) else None
            lost = [] if values is None else _lost(values, len(_grouped(path)))
            found[kind] = Verdict(frozenset(lost), str(read) if values is None else f"{values} values")
        except (ValueError, RuntimeError, AttributeError, TypeError, KeyError, IndexError) as error:
            found[kind] = Verdict(frozenset({f"{type(error).__name__}: {error}"}))
    return found


def _opened(path: Path) -> str:
    highdicom.sr.srread(path)
    return "opened"


def _measurement_groups(path: Path) -> int:
    content = highdicom.sr.srread(path).content
    groups = [
        *content.get_image_measurement_groups(), *content.get_planar_roi_measurement_groups(),
        *content.get_volumetric_roi_measurement_groups(),
    ]  # fmt: skip
    return sum(len(group.get_measurements()) for group in groups)


def _segments(path: Path) -> str:
    segmentation = highdicom.seg.segread(path)
    return f"{segmentation.number_of_segments} segments on {segmentation.NumberOfFrames} frames"


def _key_objects(path: Path) -> str:
    selection = highdicom.ko.KeyObjectSelectionDocument.from_dataset(dcmread(path))
    return f"{len(selection.content.get_references())} objects"


def _picture(path: Path) -> str:
    frame = highdicom.imread(path).get_frame(1)
    return f"{frame.shape[1]} x {frame.shape[0]} px"


_HIGHDICOM: dict[str, Callable[[Path], str | int]] = {
    "tid1500": _measurement_groups,
    "tid1500_3d": _measurement_groups,
    "seg": _segments,
    **dict.fromkeys(("kos", "kos_best_in_set", "kos_of_interest"), _key_objects),
    "sc": _picture,
    "heat_maps": _picture,
}


def pixelmed_templates(documents: Documents, folder: Path) -> Verdicts:
    """Of the two templates that it has rules for. Its exit status is always 0: the text is the verdict.

    In the same machine a report without its observer: a validator that finds nothing there has checked nothing. It holds no
    more than one group of measurements, for each value takes a second.
    """
    broken = dcmread(documents["tid1500"])
    broken.ContentSequence = [item for item in broken.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue != "121012"]
    for container in broken.ContentSequence:
        if container.ValueType == "CONTAINER":
            container.ContentSequence = container.ContentSequence[-1:]
    broken.save_as(folder / "broken.dcm")
    judged = ("tid1500", "kos", "kos_best_in_set", "kos_of_interest")
    files = {**{kind: documents[kind] for kind in judged}, "broken": folder / "broken.dcm"}
    reports = pixelmed.reports("DicomSRValidator", list(files.values()))
    found = {}
    for kind, path in files.items():
        proofs = ("Found Root Template", "Root Template Validation Complete", "IOD validation complete")
        unproven = {f"nothing was checked: no {proof!r}" for proof in proofs if proof not in reports[path]}
        found[kind] = Verdict(frozenset(_pixelmed_lines(reports[path]) | unproven))
    if not any("(121012,DCM" in line for line in found.pop("broken").lines - found["tid1500"].lines):
        found["tid1500"] = Verdict(frozenset({"would not notice a report without its observer"}))
    return found


def pixelmed_modules(documents: Documents, _: Path) -> Verdicts:
    report = pixelmed.reports("DicomInstanceValidator", [documents["seg"]])[documents["seg"]]
    unproven = set() if "IOD validation complete" in report else {"nothing was checked"}
    return {"seg": Verdict(frozenset(_pixelmed_lines(report) | unproven))}


_PLACE = re.compile(r"(?<=: )(?:within )?\d[\d.]*: (?:/.*)?/(?=[A-Z0-9]+ \([^)]*\): )")


def _pixelmed_lines(report: str) -> set[str]:
    """Of a content item its name alone, not where it stands; of warnings only what they are about."""
    lines = set()
    for line in report.splitlines():
        if line.startswith("Error") or "Exception" in line:
            lines.add(_PLACE.sub("", line))
        elif line.startswith("Warning"):
            lines.add(f"Warning: {line.rpartition(': ')[2]}")
    return lines


def read_by_dcmqi(documents: Documents, folder: Path) -> Verdicts:
    report = dcmqi.read_measurement_report(documents["tid1500"], folder)
    segmentation = dcmqi.read_segmentation(documents["seg"], folder)
    lost = _lost(report.values, len(_grouped(documents["tid1500"])))
    return {
        "tid1500": Verdict(_complaints(report.lines) | frozenset(lost), f"{report.values} values"),
        "seg": Verdict(_complaints(segmentation.lines), "no volume"),
    }


def _complaints(lines: tuple[str, ...]) -> frozenset[str]:
    return frozenset(line for line in lines if re.match(r"W:|E:|F:|Warning|Error|ERROR|Fatal|exit|Found concept", line))


def read_by_dcmjs(documents: Documents, _: Path) -> Verdicts:
    """Read, written again and read: every value is still there."""
    found = {}
    for kind, answer in _javascript(documents).items():
        result = answer["dcmjs"].get("result")
        if result is None:
            found[kind] = Verdict(frozenset({str(answer["dcmjs"]["error"])}))
            continue
        expected = 0 if kind in NO_TREE else len(_numbers(documents[kind]))
        whole = result["numbers"] == result["numbersWrittenAgain"] == expected and result["sameInstance"]
        read = f"{expected} values" if expected else f"{result['frames']} frames" if kind in ("seg", "sc", "heat_maps") else ""
        found[kind] = Verdict(frozenset() if whole else frozenset({f"not what was written: {result}"}), read)
    return found


def read_by_adapters(documents: Documents, _: Path) -> Verdicts:
    """Annotations that a viewer draws, and segments."""
    found = {}
    for kind, answer in _javascript(documents).items():
        if kind not in ("tid1500", "tid1500_3d", "seg"):
            continue  # "can currently only interpret DICOM SR TID 1500"
        result = answer["adapters"].get("result")
        if result is None:
            found[kind] = Verdict(frozenset({str(answer["adapters"]["error"])}))
        elif kind == "seg":
            found[kind] = Verdict(frozenset(), f"{result['segments']} segments on {result['framesWithSegments']} frames")
        else:
            content = _content(dcmread(documents[kind]))
            regions = sum(item.ValueType == "SCOORD" and item.RelationshipType == "CONTAINS" for item in content)
            drawn = sum(result.values())
            lines = {f"draws {drawn} of {regions} regions"} if drawn != regions else set()
            found[kind] = Verdict(frozenset(lines), f"{drawn} regions drawn")
    return found


def _javascript(documents: Documents) -> dict[str, dict[str, dict[str, object]]]:
    answers = javascript_readers.read(list(documents.values()))
    return {kind: answers[path] for kind, path in documents.items()}


VALIDATORS: dict[str, Callable[[Documents, Path], Verdicts]] = {
    "dciodvfy": dciodvfy,
    "dsrdump": _dcmtk("dsrdump", "+Pc", "+Pl"),
    "dsr2html": _dcmtk("dsr2html"),
    "dsr2xml": _dcmtk("dsr2xml", "+Xs", "+Xn"),
    "highdicom": read_by_highdicom,
    "sr check": ours,
    "PixelMed templates": pixelmed_templates,
    "PixelMed modules": pixelmed_modules,
    "dcmqi": read_by_dcmqi,
    "dcmjs": read_by_dcmjs,
    "adapters": read_by_adapters,
}

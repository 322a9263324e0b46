"""DICOM validators that nobody here wrote: dicom3tools, DCMTK, PixelMed. What each checks, and where each is wrong."""

import html
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.peers import pixelmed

# Errors of PixelMed's own: CID 100 is extensible and has no echocardiography; TID 2010 rows 3 and 4 look for the document title
# among the concept names of the children (`../code[concept/@cv='113010']`), so that their condition is never satisfied. It puts
# every CODE and NUM below a value to the wildcards of TID 300 rows 2, 9 and 10 too: those of TID 310 are properties.
_PIXELMED_IS_WRONG = (
    r'Procedure reported"\): Code \(40701008,SCT,"Echocardiography"\) not found in context group 100$',
    r"^Error: Template 2010 .*\[Row [34]\] CODE CID 701[12]: .*Conditional content item present when condition not satisfied$",
    r"^Error: Template 300 Measurement/\[Row 1\] NUM \*/\[Row 2\] CODE \*: .*/"
    r'CODE \(121404,DCM,"Selection Status"\): Incorrect relationship - expected HAS CONCEPT MOD - found HAS PROPERTIES$',
    r"^Error: Template 300 Measurement/\[Row 1\] NUM \*/\[Row (9|10)\] NUM \*: .*/"
    r'NUM \(386136009,SCT,"Standard Deviation"\): Incorrect relationship - expected INFERRED FROM - found HAS PROPERTIES$',
)

# Without plane positions, PixelMed wants Derivation Image in the shared functional groups as well as in each frame's.
# When it stands in both, it calls that an error, rightly (PS3.3 C.7.6.16).
_PIXELMED_IS_WRONG_OF_INSTANCES = (
    "Error: DerivationImageMacro/DerivationImageSequence/: SharedFunctionalGroupsSequence/Item[1]/: "
    "Missing required sequence attribute (Type 2)",
)


def dciodvfy_errors(path: Path) -> list[str]:
    """IOD modules, types, value representations, SR macros, evidence. Empty when the object is valid."""
    result = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert (result.returncode == 0) == (not errors), result.stderr
    assert "Information Object Not found" not in result.stderr, "an object that the tool does not know is not checked"
    return errors


def dsrdump(path: Path) -> str:
    """The content tree as text; fails unless DCMTK reads the document and its relationships are those of its SOP class."""
    result = subprocess.run(["/usr/bin/dsrdump", "+Pc", "+Pl", str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert not [line for line in result.stderr.splitlines() if line.startswith("E:")], result.stderr
    return result.stdout


def dsr2html(path: Path) -> str:
    """What DCMTK shows a reader, without markup; fails unless it can render the document."""
    result = subprocess.run(["/usr/bin/dsr2html", str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", result.stdout)).split())


def pixelmed_errors(path: Path) -> list[str]:
    """Templates 1500 and 2010 row by row, without what PixelMed itself gets wrong. Its exit status is always 0."""
    (errors,) = _pixelmed("DicomSRValidator", [path], "Found Root Template", "Root Template Validation Complete")
    return [line for line in errors if not any(re.search(pattern, line) for pattern in _PIXELMED_IS_WRONG)]


def pixelmed_instance_errors(paths: Sequence[Path], iod: str) -> list[list[str]]:
    """Modules, attributes and functional groups of each object of `iod`, as PixelMed names it, without its known mistakes."""
    found = _pixelmed("DicomInstanceValidator", paths, f"Found {iod} IOD", "IOD validation complete")
    return [[line for line in errors if line not in _PIXELMED_IS_WRONG_OF_INSTANCES] for errors in found]


def _pixelmed(validator: str, paths: Sequence[Path], *proofs_of_work: str) -> list[list[str]]:
    reports = pixelmed.reports(validator, paths)
    for report in reports.values():
        assert all(proof in report for proof in proofs_of_work), report
        assert "Exception" not in report, report
    return [[line for line in reports[path].splitlines() if line.startswith("Error")] for path in paths]

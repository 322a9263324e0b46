"""PixelMed's validators, several files in one Java machine: it takes seconds to compile its 6 MB of rules.

`python -m tests.peers.pixelmed VALIDATOR FILE...` prints a JSON object, file -> report.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

JAR = "/usr/share/java/pixelmed.jar"
_OPTIONS = (
    "-Xss64m",
    "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",  # it runs for seconds: in half the time without the second compiler
    # Without these, Java 17 and later print an exception, check nothing and exit 0.
    "-Djdk.xml.xpathTotalOpLimit=0", "-Djdk.xml.xpathExprOpLimit=0", "-Djdk.xml.xpathExprGrpLimit=0",
)  # fmt: skip


def reports(validator: str, paths: Sequence[Path]) -> dict[Path, str]:
    """Of `DicomSRValidator` (templates 1500 and 2010 row by row) or `DicomInstanceValidator` (modules), each file's report.

    In a process of its own, for a Java machine cannot be ended.
    """
    command = [sys.executable, "-m", "tests.peers.pixelmed", validator, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    said = json.loads(result.stdout.splitlines()[-1])
    return {path: said[str(path)] + result.stderr for path in paths}


def _validate(validator: str, paths: Sequence[str]) -> None:
    import jpype

    jpype.startJVM(*_OPTIONS, classpath=[JAR])
    rules = jpype.JClass(f"com.pixelmed.validate.{validator}")()
    attributes = jpype.JClass("com.pixelmed.dicom.AttributeList")
    said = {}
    for path in paths:
        content = attributes()
        content.read(path)
        said[path] = str(rules.validate(content))
    sys.stdout.write(f"\n{json.dumps(said)}\n")


if __name__ == "__main__":
    _validate(sys.argv[1], sys.argv[2:])

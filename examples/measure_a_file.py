"""Measure DICOM files or videos without a node: python examples/measure_a_file.py FILE... OUT

Does what `echonode analyse` does, and prints what it found. OUT receives findings.json and the documents of each study.
"""

import json
import subprocess
import sys
from pathlib import Path


def main(*arguments: str) -> None:
    *files, out = arguments
    subprocess.run([sys.executable, "-m", "node.cli", "analyse", *files, "--out", out], check=False)
    for path in sorted(Path(out).glob("*/findings.json")):
        findings = json.loads(path.read_text(encoding="utf-8"))
        print(f"\nstudy {findings['study_instance_uid']}")
        for value in findings["measurements"]:
            print(f"{value['key']:14} {value['value']:6.1f} {value['unit']:3} {value['method']}")
        for missing in findings["not_measured"]:
            print(f"{missing['key']:14} not measured: {', '.join(missing['reasons'])}")


if __name__ == "__main__":
    main(*sys.argv[1:])

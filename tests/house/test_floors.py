"""The import rules of the house, beside what import-linter checks."""

import subprocess
import sys


def test_listing_models_and_help_never_load_torch() -> None:
    """Bug prevented: `echonode --help` or `models list` taking three seconds because something imports torch at the top."""
    code = "import sys, models, node.cli; models.list_models(); sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_node_process_never_loads_torch() -> None:
    """Bug prevented: torch's threads and a gigabyte of memory in the process that receives."""
    code = "import sys, node.app; sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr

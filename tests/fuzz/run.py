"""Runs inputs of one target in this process, which may die of them: `python -m tests.fuzz.run TARGET FIRST COUNT`.

For each input that is a fault a line of JSON on standard output; before each input its number goes to the file `progress`, so
that whoever started this knows which one killed it. To replay a fault: the same command with its number and count 1, which
prints the traceback.
"""

import json
import mmap
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import Target, target_named
from tests.waiting import patience

LONGEST_S = 5.0  # of computing; of waiting `LONGEST_WAIT_S`, for other tests may have the machine
LONGEST_WAIT_S = 60.0
MOST_MEMORY_MB = 512  # by which the peak may rise over that of the valid inputs
_ADDRESSES_MB = 4096  # a request beyond this fails at once and takes no machine down


@dataclass(frozen=True)
class Fault:
    target: str
    number: int
    what: str

    @property
    def replay(self) -> str:
        return f"python -m tests.fuzz.run {self.target} {self.number} 1"


def attempt(target: Target, data: bytes, folder: Path) -> str:
    """What is wrong with the way the parser ended; "" for a result or an error it documents."""
    path = folder / f"input{target.suffix}"
    path.write_bytes(data)
    before = peak_mb()
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)  # their signals end the process, also inside a library
    signal.setitimer(signal.ITIMER_REAL, patience(LONGEST_WAIT_S))
    try:
        target.run(data, path)
    except Exception as error:  # noqa: BLE001
        if type(error).__name__ not in target.allowed:
            return "".join(traceback.format_exception(error))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return f"took {peak_mb() - before} MB" if peak_mb() - before > MOST_MEMORY_MB else ""


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def prepare(target: Target, folder: Path) -> None:
    """The valid inputs first: they load the libraries. Then the limit of addresses over what that took."""
    warnings.simplefilter("ignore")
    for seed in target.seeds():
        if problem := attempt(target, seed, folder):
            sys.exit(f"{target.name}: a valid input is refused\n{problem}")
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    resource.setrlimit(resource.RLIMIT_AS, (taken + (_ADDRESSES_MB << 20),) * 2)


def main(name: str, first: int, count: int, progress: Path | None = None) -> None:
    target = target_named(name)
    with tempfile.TemporaryDirectory() as folder:
        prepare(target, Path(folder))
        for number in range(first, first + count):
            if progress:
                progress.write_text(str(number))
            if problem := attempt(target, mutated(target.seeds(), name, number), Path(folder)):
                print(json.dumps(asdict(Fault(name, number, problem))) if count > 1 else problem, flush=True)  # noqa: T201
        if progress:
            progress.write_text("done")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *map(Path, sys.argv[4:]))

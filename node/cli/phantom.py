"""`echonode phantom`: synthetic studies with known truth."""

import os
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from models.phantom.realism import measure_realism
from models.phantom.sheets import write_sheet
from node.cli.options import AsJson, CallingAET, Peer, parse_peer
from node.cli.output import console, show_rows
from node.egress.dicom_store import send_files
from node.files.exam_stream import SentObject, stream_exam
from node.objects.exam_plan import ExamDetail, plan_exam
from node.objects.exam_writer import write_whole_study
from node.objects.phantom_writer import write_study

phantom = typer.Typer(no_args_is_help=True, help="The synthetic heart with exactly known truth.")

Seed = Annotated[int, typer.Option(help="Which heart.", min=0)]
Objects = Annotated[int | None, typer.Option(help="How many objects; by default 38 to 54, as the seed has it.", min=1, max=500)]
Flawed = Annotated[bool, typer.Option("--flawed", help="Two objects in five wrong as real files are; truth.json says how.")]
Frames = Annotated[
    int | None, typer.Option(help="Of each loop, over one beat; else 30 a second of 1 to 3 beats.", min=8, max=500)
]
Quality = Annotated[int | None, typer.Option(help="Of every picture, 0 (worst) to 3; else mixed.", min=0, max=3)]


@phantom.command("make")
def make_phantom(
    out: Annotated[Path, typer.Argument(help="Folder for the DICOM files and truth.json.")],
    seed: Seed = 7,
    whole: Annotated[bool, typer.Option("--whole", help="A whole examination instead of four clips.")] = False,
    objects: Objects = None,
    flawed: Flawed = False,
    megabytes: Annotated[float, typer.Option(help="About how large; 0 leaves it as it comes.", min=0, max=20000)] = 0.0,
    frames: Frames = None,
    quality: Quality = None,
) -> None:
    """Write a synthetic echo study and its truth: two A4C and two A2C clips, one of them poor, or a whole examination.

    A whole one has loops, colour, M-modes, spectra and stills in the usual order, in several transfer syntaxes.
    """
    if not whole and (objects is not None or flawed or megabytes or frames is not None or quality is not None):
        raise typer.BadParameter("--objects, --flawed, --megabytes, --frames and --quality: add --whole")
    if frames is not None and megabytes:
        raise typer.BadParameter("--megabytes makes loops longer, --frames says how long they are: choose one")
    if whole:
        study = write_whole_study(
            out,
            seed=seed,
            objects=objects,
            flawed=flawed,
            megabytes=megabytes,
            detail=ExamDetail(frames=frames, quality=quality),
            processes=os.cpu_count() or 1,
        )
        console.print(f"{len(study.paths)} objects and truth.json in {out}")
        return
    study = write_study(out, seed=seed)
    console.print(f"{len(study.paths)} clips and truth.json in {out}")


@phantom.command("stream")
def stream_phantom(
    peer: Peer,
    pace: Annotated[float, typer.Option(help="Seconds from one object to the next.", min=0)] = 20.0,
    seed: Seed = 7,
    objects: Objects = None,
    flawed: Flawed = False,
    out: Annotated[Path | None, typer.Option(help="Keep the files and truth.json in this folder.")] = None,
    calling_aet: CallingAET = "PHANTOMCART",
    as_json: AsJson = False,
) -> None:
    """Make a whole examination and send each object when it is taken, as a cart does during an examination.

    Where making an object takes longer than the pace, it is sent as soon as it is made.
    """
    aet, host, port = parse_peer(peer)
    plan = plan_exam(seed, objects=objects, flawed=flawed)

    def send(path: Path) -> tuple[bool, str]:
        (answer,) = send_files([path], host=host, port=port, called_aet=aet, calling_aet=calling_aet)
        return answer.ok, answer.message

    sent: list[SentObject] = []
    with TemporaryDirectory(prefix="echonode-") as temporary:
        for one in stream_exam(plan, out or Path(temporary), send, pace_s=pace, processes=os.cpu_count() or 1):
            sent.append(one)
            if not as_json:
                console.print(f"{len(sent)}/{len(plan.objects)} {one.path.name}: {one.answer}", markup=False)
    if as_json:
        rows = [{"file": one.path.name, "ok": one.ok, "answer": one.answer, "late_s": round(one.late_s, 1)} for one in sent]
        show_rows(rows, ("file", "ok", "answer", "late_s"), as_json=True, empty="nothing was sent")
    if not all(one.ok for one in sent):
        raise typer.Exit(1)


@phantom.command("realism")
def show_realism(as_json: AsJson = False) -> None:
    """Measure how real the synthetic pictures are: each criterion, its target, the value, and whether it is met."""
    rows = [asdict(criterion) for criterion in measure_realism()]
    show_rows(rows, ["name", "what", "target", "value", "is_met", "note"], as_json=as_json, empty="nothing was measured")


@phantom.command("sheet")
def make_sheet(
    out: Annotated[Path, typer.Argument(help="The picture to be written, PNG or JPEG.")],
    classes: Annotated[list[str] | None, typer.Argument(help="Names of EchoView47; every B-mode plane without them.")] = None,
    seed: Annotated[int, typer.Option(help="Which hearts.")] = 1,
    truth: Annotated[bool, typer.Option(help="Draw the contours and lines.")] = False,
) -> None:
    """Draw planes of synthetic hearts, a row per class, from the best quality to the worst, to be judged by eye."""
    try:
        write_sheet(out, classes or [], seed=seed, truth=truth)
    except LookupError as error:
        raise typer.BadParameter(str(error)) from error

"""`echonode analyse`: files analysed without a running node."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from node.cli.output import console, print_json
from node.files.analysis import AnalysedStudy, analyse_files
from node.files.folder_contents import PassedOver
from node.settings import Settings, load_settings


def analyse(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files, videos (AVI, MP4) or folders.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder for findings.json and the documents of each study.")],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Analyse files without network or database; writes findings.json and the documents the node would send.

    Exit code 1 where a study, a clip or a document failed, documents are withheld until a person has decided whose they are, a
    file could not be used, or there was nothing to analyse.
    """
    settings = load_settings(config) if config.exists() else Settings()
    analysed, wrong, rows = 0, False, []
    for result in analyse_files(paths, out, settings):
        rows.append(asdict(result))
        if not as_json:
            console.print(_line(result), highlight=False)
        if isinstance(result, AnalysedStudy):
            analysed += not result.failed
            wrong |= bool(result.problems)
        else:
            wrong |= result.wrong
    if as_json:
        print_json(rows)
    elif not analysed:
        console.print("nothing was analysed: there is no DICOM image and no video")
    if wrong or not analysed:
        raise typer.Exit(1)


def _line(result: AnalysedStudy | PassedOver) -> str:
    if not isinstance(result, AnalysedStudy):
        return f"{result.path}: passed over: {result.reason}"
    if result.failed:
        return f"{result.folder}: not analysed: {'; '.join(result.problems)}"
    documents = f"no documents: {result.withheld}" if result.withheld else f"{result.documents} documents"
    why = f" ({', '.join(result.why_nothing)})" if result.why_nothing else ""
    said = [f"{result.measured} measured", f"{result.not_measured} not measured{why}", documents]
    said += [one for one in (*result.problems, *result.notes) if one != result.withheld]
    return f"{result.folder}: {', '.join(said)}"

"""A distribution reference, learnt from folders of DICOM images."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from models.analysis.embedding import require_embedding
from models.analysis.loaded_model import LoadedModel, load_for_role
from models.errors import ExcludedClip, ReadingError, TooFewImages
from models.library.manifest import Manifest, read_manifest
from models.library.model import Model
from models.library.model_set import Role
from models.library.registry import find_manifest, list_models, load_manifest, reference_family
from models.training.distribution_reference import Images, draft_of, reference_of, seen_clip, write_reference
from node.errors import ConfigError, EchoNodeError, Unparseable, UnreadableClip
from node.files.file_arguments import named_files
from node.objects.clip_reader import open_clip
from node.objects.header import read_header
from sr_templates.copied_values import text_of

_NO_IMAGE = "no readable DICOM image"
_NOBODY = "names neither patient nor study"


def learn_reference(
    embedder: str,
    paths: Sequence[Path],
    view_model: str,
    device: str,
    *,
    draft: dict[str, str],
    quantile: float,
    hold_out: str,
    folder: Path,
) -> tuple[Manifest, Images, float]:
    try:
        found = find_manifest(embedder)
        model = load_manifest(found, pretrained=True, device=device)
        require_embedding(model)
        views = load_for_role(Role.VIEW, view_model, device=device) if view_model else None
        images = _seen(model, paths, hold_out, views)
        named = str(found.path.resolve()) if embedder.endswith(".toml") else found.name
        of_views = views.manifest if views else None
        options = f" --quantile {quantile:g} --hold-out {hold_out}"
        empty = draft_of(
            embedder=found, named=named, of_phantoms=images.of_phantoms, view_model=of_views, options=options, **draft
        )
        manifest, learnt = reference_of(images, model, empty, quantile)
        return write_reference(manifest, learnt, found, folder), images, learnt.limit
    except TooFewImages as error:
        left = "; ".join(f"{count} left out: {why}" for why, count in images.left_out.items())
        raise EchoNodeError(f"{error}{f' ({left})' if left else ''}") from error
    except OSError as error:  # the model folder: images that cannot be read are left out
        raise EchoNodeError(f"cannot store the distribution reference: {error}") from error


def _seen(model: Model, paths: Sequence[Path], hold_out: str, views: LoadedModel | None) -> Images:
    """Raises EchoNodeError for images of patients and phantoms together: a reference tells the ones or the others."""
    clips, left_out, known = [], Counter[str](), set()
    phantoms = Counter[bool]()
    for path, _ in named_files(paths):
        try:
            uid, patient, study = _whose(path, hold_out)
            if uid in known:
                raise ExcludedClip("the same object again")
            known.add(uid)
            clip = open_clip(path)
            clips.append(seen_clip(model, clip, patient=patient, study=study, view_model=views))
            phantoms[clip.is_quality_control_subject] += 1
        except (UnreadableClip, OSError):
            left_out[_NO_IMAGE] += 1
        except (ExcludedClip, ReadingError) as error:
            left_out[str(error)] += 1
    if len(phantoms) > 1:
        raise EchoNodeError(f"{phantoms[True]} images of phantoms among {phantoms[False]} of patients: learn from either alone")
    return Images(clips, left_out, of_phantoms=phantoms[True] > 0)


def _whose(path: Path, hold_out: str) -> tuple[str, str, str]:
    """SOP Instance UID, what is held out together, and the study. Raises UnreadableClip, or ExcludedClip for nobody's image."""
    tags = ["SOPInstanceUID", "PatientID", "IssuerOfPatientID", "StudyInstanceUID"]
    try:
        header = read_header(path)
        uid, patient, issuer, study = (text_of(header, tag) for tag in tags)
    except Unparseable:
        raise UnreadableClip(_NO_IMAGE) from None
    by_patient = f"{patient} {issuer}" if patient and hold_out == "patient" else ""
    if not (whose := by_patient or study):
        raise ExcludedClip(_NOBODY)
    return uid, whose, study or whose


def next_version(name: str, folder: Path) -> str:
    """1, or one more than the reference of this name in `folder`. Raises ConfigError for the name of another model."""
    path = folder / "manifests" / f"{name}.toml"
    known = {other: manifest for manifest in list_models() for other in (manifest.name, *manifest.aliases)}
    mine = read_manifest(path) if path.exists() else known.get(name)
    if mine is None:
        return "1"
    if mine.family != reference_family():
        raise ConfigError(f"--name {name}: there is a model of this name")
    return str(int(mine.version) + 1) if mine.version.isdigit() else "1"

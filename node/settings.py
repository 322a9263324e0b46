"""The configuration: one TOML file, checked as a whole, every error with its key. `echonode init` writes a commented one."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from models.derive.study.conventions import BodySurfaceFormula, Breathing, Conventions, RightAtrialPressure
from models.library.model_set import ModelSet, ModelSettings
from models.setting_errors import setting_errors
from node.errors import ConfigError
from sr_templates.profile import PROFILE_FIELDS, Fill, FindingsConcept, Profile, Scheme, VelocityUnit

AETitle = Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[ -\[\]-~]+$")]  # VR AE: no backslash, no control
CharacterSet = Literal[  # of one term without code extensions, PS3.3 C.12.1.1.2
    "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 126", "ISO_IR 127", "ISO_IR 138", "ISO_IR 144",
    "ISO_IR 148", "ISO_IR 166", "ISO_IR 13", "ISO_IR 192", "GB18030", "GBK",
]  # fmt: skip
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


def reachable(host: str) -> str:
    """What the socket library cannot even look up is no host; of the empty name it makes this machine."""
    try:
        plausible = bool(host.encode("idna")) and not any(letter.isspace() for letter in host)
    except UnicodeError:
        plausible = False
    if not plausible:
        raise ValueError(f"{host!r} is no host name and no address")
    return host


Host = Annotated[str, AfterValidator(reachable)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSettings(_Section):
    ae_title: AETitle = "ECHONODE"
    host: Host = "127.0.0.1"
    port: Port = 11112
    data_dir: Path = Path("echonode-data")
    database_url: str = ""
    institution_name: str = ""
    overlong_identifiers: Literal["echo", "omit"] = "echo"
    multiple_identifiers: Literal["refuse", "echo", "omit"] = "echo"
    min_free_disk_mb: int = Field(default=1024, ge=0)
    max_associations: int = Field(default=20, ge=1)
    max_pdu_bytes: int = Field(default=1 << 20, ge=4096)
    receivers: int = Field(default=1, ge=1, le=16)
    upper_layer: Literal["echonode", "pynetdicom"] = "echonode"

    @property
    def listens_to_itself(self) -> bool:
        """Whether `host` is reached from this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return False


class StudySettings(_Section):
    quiet_pacs_s: float = Field(default=60, gt=0)
    quiet_modality_s: float = Field(default=900, gt=0)
    max_open_s: float = Field(default=4 * 3600, gt=0)
    max_revisions: int = Field(default=5, ge=1)
    private_sop_classes: Literal["store", "reject"] = "store"
    fallback_character_set: CharacterSet = "ISO_IR 100"


class WorkSettings(_Section):
    processes: int = Field(default=1, ge=1)
    threads_per_process: int = Field(default=0, ge=0)
    clip_timeout_s: float = Field(default=300, gt=0)
    max_attempts: int = Field(default=3, ge=1)
    lease_s: float = Field(default=60, gt=1)
    poll_s: float = Field(default=15, gt=0)


class ResearchSettings(_Section):
    override: bool = False


class ConventionSettings(_Section):
    body_surface: BodySurfaceFormula = Conventions.body_surface
    right_atrial_pressure: RightAtrialPressure = Conventions.right_atrial_pressure
    right_atrial_pressure_mmhg: float = Field(default=Conventions.right_atrial_pressure_mmhg, ge=0, le=30)
    vena_cava_breathing: Breathing = Conventions.vena_cava_breathing

    @property
    def chosen(self) -> Conventions:
        return Conventions(**self.model_dump())


class DeliverySettings(_Section):
    first_retry_s: float = Field(default=5, gt=0)
    max_retry_s: float = Field(default=600, gt=0)
    expire_after_s: float = Field(default=3 * 86400, gt=0)
    timeout_s: float = Field(default=30, gt=0)


class AERule(_Section):
    """Who may send to us. The first rule that matches calling AE title, called AE title and address decides."""

    name: Name
    calling_aet: str = "*"
    called_aet: str = "*"
    address: str
    kind: Literal["pacs", "modality"] = "pacs"
    quiet_s: float | None = Field(default=None, gt=0)
    report_studies_older_than_days: int | None = Field(default=None, ge=0)

    @property
    def admits_anybody(self) -> bool:
        return not self.calling_aet.strip("*? ") and ipaddress.ip_network(self.address, strict=False).prefixlen == 0

    @field_validator("address")
    @classmethod
    def _is_network(cls, value: str) -> str:
        ipaddress.ip_network(value, strict=False)
        return value


class Destination(_Section):
    """Where documents go. `documents` names the templates this destination takes.

    What its kind needs beside these is kept as it is written: `node.egress.destinations` checks it, at `check` and at start.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Name
    kind: str = "dicom"
    documents: Annotated[tuple[str, ...], Field(min_length=1)] = ("tid1500", "seg")
    scheme: Scheme = Profile.scheme
    findings: FindingsConcept = Profile.findings
    velocity: VelocityUnit = Profile.velocity
    replicates: bool = Profile.replicates
    fill: Fill = Profile.fill
    strict: bool = Profile.strict
    reject_superseded: Literal["never", "wrong_patient", "all"] = "never"

    @property
    def heat_maps(self) -> bool:
        return "heat_maps" in self.documents

    @property
    def profile(self) -> Profile:
        return Profile(**{name: getattr(self, name) for name in PROFILE_FIELDS})


class Route(_Section):
    """Which destinations a study's documents go to; empty match fields match everything, first match wins."""

    name: Name
    calling_aet: str = "*"
    description: str = "*"
    destinations: tuple[str, ...] = ()
    ignore: bool = False


class Settings(_Section):
    node: NodeSettings = NodeSettings()
    study: StudySettings = StudySettings()
    work: WorkSettings = WorkSettings()
    models: ModelSettings = ModelSettings()
    conventions: ConventionSettings = ConventionSettings()
    research: ResearchSettings = ResearchSettings()
    delivery: DeliverySettings = DeliverySettings()
    ae_rule: tuple[AERule, ...] = ()
    destination: tuple[Destination, ...] = ()
    route: tuple[Route, ...] = ()
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Of the configuration file: relative paths in it are relative to the file."""
        return self._folder

    @model_validator(mode="after")
    def _names_fit(self) -> "Settings":
        named: dict[str, tuple[AERule | Destination | Route, ...]] = {
            "ae_rule": self.ae_rule, "destination": self.destination, "route": self.route,
        }  # fmt: skip
        for table, rows in named.items():
            names = [row.name for row in rows]
            if twice := next((name for name in names if names.count(name) > 1), ""):
                raise ValueError(f"{table}: two of them are named {twice!r}; each needs a name of its own")
        destinations = [destination.name for destination in self.destination]
        for route in self.route:
            for name in route.destinations:
                if name not in destinations:
                    among = f"there are {', '.join(destinations)}" if destinations else "there is none at all"
                    raise ValueError(f"route {route.name!r}: no destination is named {name!r}; {among}")
        return self

    @model_validator(mode="after")
    def _not_open_to_all(self) -> "Settings":
        """Whoever listens to the network says who may send."""
        for rule in self.ae_rule:
            if rule.admits_anybody and not self.node.listens_to_itself:
                raise ValueError(
                    f"ae_rule {rule.name!r} admits every AE title from every address, and node.host {self.node.host!r} listens "
                    "to the network: state a calling_aet or a network"
                )
        return self

    @property
    def database_url(self) -> str:
        return self.node.database_url or f"sqlite:///{(self.node.data_dir / 'echonode.sqlite').as_posix()}"

    @property
    def model_set(self) -> ModelSet:
        return ModelSet(
            **self.models.model_dump(),
            research_override=self.research.override,
            heat_maps=any(destination.heat_maps for destination in self.destination),
        )

    @property
    def archive_dir(self) -> Path:
        return self.node.data_dir / "archive"

    def quiet_s(self, rule_name: str) -> float:
        """The quiet period of the AE rule that let the sender in (facts: PACS 30-120 s, modality minutes)."""
        for rule in self.ae_rule:
            if rule.name == rule_name:
                by_kind = self.study.quiet_modality_s if rule.kind == "modality" else self.study.quiet_pacs_s
                return rule.quiet_s if rule.quiet_s is not None else by_kind
        return self.study.quiet_modality_s


def load_settings(path: Path) -> Settings:
    """Read and check a configuration file; relative paths in it are relative to the file.

    Raises ConfigError naming the file, the key and what is wrong.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; `echonode init DIR` writes one") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {setting_errors(error, Settings)}") from error
    data_dir = path.parent / settings.node.data_dir  # stays as it is when absolute
    settings = settings.model_copy(update={"node": settings.node.model_copy(update={"data_dir": data_dir})})
    settings._folder = path.parent
    return settings

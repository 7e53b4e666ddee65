"""Report templates as data: which kinds exist, in which version, and which of them is in use.

A template is a YAML file: sections in fixed order, each with blocks (text with slots, tables,
figures) and the gap to state where a mandatory block has no data. It can look values up and name
them; it cannot compute.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import yaml

from carbonost.engines.report.slots import addresses, refuse_bare_figures
from carbonost.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGED: Final = ("park", "cn_enterprise", "ghgp", "iso_14064_1", "zero_carbon_park")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VERBS: Final = frozenset({"text", "metrics", "table", "figure", "records"})
_OPTIONS: Final = frozenset(
    [
        "depth",
        "only",
        "gap",
        "otherwise",
        "caption",
        "note",
        "style",
        "narrative",
        "when",
        "columns",
        "series",
        "category",
        "names",
        "data",
        "alt",
        "x_title",
        "y_title",
        "limit",
        "keep",
        "total",
    ]
)
_SECTION: Final = frozenset({"id", "title", "depth", "mandatory", "blocks", "sections", "gap"})


@dataclass(frozen=True, slots=True)
class Template:
    """One version of one kind of report.

    Attributes
    ----------
    kind, version : str
        What it is, and which edition of it.
    category : {"government", "certification", "esg", "internal"}
        The report type of the platform.
    status : {"stable", "draft"}
        A draft has not been held against the official text; the cover says so.
    active : bool
        Whether `generate` may use it.
    """

    kind: str
    version: str
    title: str
    category: str
    status: str = "draft"
    active: bool = True
    basis: str = ""
    numbering: str = "arabic"
    audiences: dict[str, str] = field(default_factory=dict)
    sections: tuple[dict[str, Any], ...] = ()

    @property
    def id(self) -> str:
        """``kind@version``."""
        return f"{self.kind}@{self.version}"


class TemplateRegistry:
    """Every template known, by kind and version.

    Examples
    --------
    >>> TemplateRegistry().active("park").category
    'government'
    """

    def __init__(self) -> None:
        self._known = {template.id: template for template in map(_packaged, PACKAGED)}

    def __iter__(self) -> Iterator[Template]:
        return iter(self._known.values())

    def add(self, source: str) -> Template:
        """Read a template's YAML; of one kind, the last active version added is the one in use.

        Raises
        ------
        FileFormatError
            If it does not follow the schema, or its words state a figure.
        """
        template = parse(source)
        self._known.pop(template.id, None)
        self._known[template.id] = template
        return template

    def activate(self, kind: str, version: str, *, active: bool = True) -> Template:
        """Set the active flag of one version."""
        template = self.get(kind, version)
        self._known[template.id] = replace(template, active=active)
        return self._known[template.id]

    def get(self, kind: str, version: str) -> Template:
        """One version of a kind, active or not."""
        if f"{kind}@{version}" not in self._known:
            raise InputError(
                "no such report template", "template", f"{kind}@{version}", f"Known: {', '.join(self._known)}."
            )
        return self._known[f"{kind}@{version}"]

    def active(self, kind: str) -> Template:
        """The version of a kind that `generate` uses."""
        found = [template for template in self._known.values() if template.kind == kind and template.active]
        if not found:
            kinds = sorted({template.kind for template in self._known.values() if template.active})
            raise InputError("no active template of this kind", "kind", kind, f"Kinds: {', '.join(kinds)}.")
        return found[-1]


@lru_cache(maxsize=len(PACKAGED))
def _packaged(kind: str) -> Template:
    return parse((files(__package__) / "templates" / f"{kind}.yaml").read_text(encoding="utf-8"))


def parse(source: str) -> Template:
    """A template from its YAML."""
    try:
        body = yaml.load(source, Loader=_LOADER)  # noqa: S506 -- a safe loader, in C where there is one
    except yaml.YAMLError as exc:
        raise FileFormatError("the template is not YAML", "template", str(exc)[:80]) from exc
    if not isinstance(body, dict) or not {"kind", "version", "title", "sections"} <= set(body):
        raise FileFormatError("a template has kind, version, title and sections", "template", type(body).__name__)
    known = set(Template.__dataclass_fields__)
    if unknown := set(body) - known:
        raise FileFormatError("unknown key", "template", min(unknown), f"Known: {', '.join(sorted(known))}.")
    for section in body["sections"]:
        _check_section(section)
    body["sections"] = tuple(body["sections"])
    return Template(**{**body, "version": str(body["version"])})


def _check_section(section: dict[str, Any]) -> None:
    name = f"section {section.get('id')}"
    if unknown := set(section) - _SECTION:
        raise FileFormatError("unknown key", name, min(unknown), f"Known: {', '.join(sorted(_SECTION))}.")
    for block in section.get("blocks", ()):
        verbs = VERBS & set(block)
        if len(verbs) != 1 or (unknown := set(block) - VERBS - _OPTIONS):
            raise FileFormatError(
                "a block has one verb and known options", name, ", ".join(block), f"Verbs: {', '.join(sorted(VERBS))}."
            )
        for words in (block.get("text", ""), block.get("note", ""), block.get("alt", ""), block.get("otherwise", "")):
            refuse_bare_figures(words)
            addresses(words)
    for inner in section.get("sections", ()):
        _check_section(inner)

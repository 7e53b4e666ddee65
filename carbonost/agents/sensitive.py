"""What may not leave the house: tagged by path, taken out by group, its hash left behind.

A tagged value that is withheld becomes ``{"$withheld": sha256 of its canonical JSON}``. The audit
chain holds, beside the name of an envelope, the hash of its form with every tagged value withheld;
so what is left in a bundle is bound to the chain's head whichever groups were taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carbonost.agents.canonical import content_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    Tags = Mapping[str, Sequence[str]]

MARK: Final = "$withheld"
METERS: Final = "meters"
ENTITIES: Final = "entities"
INPUTS: Final[Tags] = dict.fromkeys(("entities", "activities", "production"), (ENTITIES,))
"""Tagged parts of a job's inputs; the readings stand in a file of their own."""
_CORRECTIONS: Final = ("overrides", "patch")


def withhold(document: Mapping[str, Any], tags: Tags, groups: Collection[str] | None = None) -> dict[str, Any]:
    """Return a document whose tagged values are replaced by their hashes.

    Parameters
    ----------
    document : mapping
        Plain JSON: an envelope, a job's inputs, or the body of an audit entry.
    tags : mapping of str to groups
        Path of a sensitive value, and the groups it belongs to.
    groups : collection of str, optional
        Only values of these groups; by default every tagged one.
    """
    found = dict(document)
    for path, of in tags.items():
        if groups is not None and not set(of) & set(groups):
            continue
        _hide(found, path.split("."))
        for name in _CORRECTIONS:
            corrections = found.get(name)
            if isinstance(corrections, dict):
                found[name] = {
                    key: _hidden(value) if _under(key, path) else value for key, value in corrections.items()
                }
    return found


def public_hash(document: Mapping[str, Any], tags: Tags) -> str:
    """Return the hash of a document without its tagged values; withheld ones stay as they are."""
    return content_hash(withhold(document, tags))


def is_withheld(value: object) -> bool:
    """Whether a value, or anything in it, was withheld."""
    if isinstance(value, dict):
        return set(value) == {MARK} or any(map(is_withheld, value.values()))
    return isinstance(value, list) and any(map(is_withheld, value))


def groups_of(tags: Iterable[Tags]) -> set[str]:
    """Return every group some tags name."""
    return {group for one in tags for groups in one.values() for group in groups}


def _hide(node: dict[str, Any], path: Sequence[str]) -> None:
    """Replace the value at a path; the dicts on the way are copied, not changed."""
    head, *rest = path
    if head not in node:
        return
    if not rest:
        node[head] = _hidden(node[head])
    elif isinstance(node[head], dict):
        node[head] = dict(node[head])
        _hide(node[head], rest)


def _hidden(value: Any) -> Any:
    return value if isinstance(value, dict) and set(value) == {MARK} else {MARK: content_hash(value)}


def _under(key: str, path: str) -> bool:
    return key == path or key.startswith(f"{path}.")

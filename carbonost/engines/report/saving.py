"""Files into a folder: all of them, or none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def save_files(folder: Path | str, files: Mapping[str, bytes]) -> dict[str, Path]:
    """Write files beside their final place first, then move them in.

    Raises
    ------
    InputError
        If the folder cannot be made or written; what was written is removed.
    """
    target = Path(folder)
    staged: list[tuple[Path, Path]] = []
    made = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            final = target / name
            final.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=f".{final.name}.", dir=final.parent)
            staged.append((Path(temporary), final))
            with os.fdopen(handle, "wb") as stream:
                stream.write(body)
            Path(temporary).chmod(0o644)
        for temporary_path, final in staged:
            temporary_path.replace(final)
    except OSError as exc:
        for temporary_path, _ in staged:
            temporary_path.unlink(missing_ok=True)
        if made:
            _remove_empty(target)
        raise InputError(
            f"the report cannot be written there: {exc.strerror or exc}",
            field="folder",
            value=str(folder),
            remedy="Name a folder this user may write.",
        ) from exc
    return {name: target / name for name in files}


def _remove_empty(folder: Path) -> None:
    for inner in sorted(folder.glob("**/*"), reverse=True):
        if inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

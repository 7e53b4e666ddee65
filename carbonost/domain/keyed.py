"""Results that can be read like the dict the specification returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView


class Keyed(ABC):
    """`result["key"]`, `"key" in result` and `dict(result)` for results the specification returns as a dict."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Figures by name."""

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        return getattr(self, key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and not key.startswith("_") and hasattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def keys(self) -> KeysView[str]:
        """Names of the figures, as `to_dict` gives them."""
        return self.to_dict().keys()

    def get(self, key: str, default: Any = None) -> Any:
        """The value under a name, or `default` where there is none."""
        try:
            return self[key]
        except KeyError:
            return default

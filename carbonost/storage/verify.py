"""Hold a live server against the laws, and write down what was seen: the adapter card.

``verify("influx+http://user:password@host:8086/db")`` works in a place of its own (a schema, a
prefix, a folder) and removes it. Each law gets a fresh store.
"""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pandas as pd

from carbonost.errors import Unsupported
from carbonost.storage.address import normal, parse_address
from carbonost.storage.conformance import MeterStoreContract, ObjectStoreContract, RecordStoreContract, run_laws
from carbonost.storage.registry import open_meters, open_objects, open_records, schemes, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carbonost.storage.conformance import LawResult
    from carbonost.storage.registry import Port

_PORTS: Final[dict[str, tuple[type, Callable[[str], Any], str]]] = {
    "records": (RecordStoreContract, open_records, "sqlite:///{}/r.db"),
    "meters": (MeterStoreContract, open_meters, "sqlite:///{}/m.db"),
    "objects": (ObjectStoreContract, open_objects, "file://{}/o"),
}
_TURNS: Final = 7


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """What one adapter was seen to do on one server.

    Attributes
    ----------
    port, target : str
        Which port, and the address without credentials.
    server : str
        What the server calls itself.
    capabilities : tuple of str
        As probed.
    laws : tuple of LawResult
        One result for each test.
    write_ratio, read_ratio : float
        Time the embedded adapter takes for the same work on this machine, over the time this one takes.
    """

    port: str
    target: str
    server: str
    capabilities: tuple[str, ...]
    laws: tuple[LawResult, ...]
    write_ratio: float
    read_ratio: float

    @property
    def passed(self) -> bool:
        """Whether every law held."""
        return all(law.passed for law in self.laws)

    def to_dict(self) -> dict[str, Any]:
        """Return the card as plain JSON."""
        laws = [{"law": r.law, "test": r.test, "passed": r.passed, "detail": r.detail} for r in self.laws]
        shown = {name: getattr(self, name) for name in ("port", "target", "server", "write_ratio", "read_ratio")}
        return shown | {"passed": self.passed, "capabilities": list(self.capabilities), "laws": laws}

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_markdown(self) -> str:
        """Return the card as a Markdown section."""
        held = sum(law.passed for law in self.laws)
        lines = [
            f"## {self.port}: `{self.target}`",
            "",
            f"- server: {self.server}",
            f"- laws: {held} of {len(self.laws)} tests hold",
            f"- capabilities: {', '.join(self.capabilities)}",
            f"- speed beside the embedded adapter: writes {self.write_ratio:.2f}×, reads {self.read_ratio:.2f}×",
            "",
        ]
        broken = [f"- **{law.law}** `{law.test}`: {law.detail}" for law in self.laws if not law.passed]
        return "\n".join([*lines, *broken]).rstrip() + "\n"


def verify(url: str, port: Port | None = None, *, disposable: bool = False) -> list[AdapterCard]:
    """Hold the adapter and the server behind an address against the laws of its ports.

    Parameters
    ----------
    url : str
        As for ``open_records``, ``open_meters`` or ``open_objects``.
    port : str, optional
        ``"records"``, ``"meters"`` or ``"objects"``; by default every port that knows the scheme.
    disposable : bool
        The store is empty and may be filled: needed for an adapter without a `scratch`.

    Raises
    ------
    Unsupported
        If no adapter knows the scheme, or it cannot make a place of its own.
    """
    url = normal(url, objects=port == "objects")
    scheme = url.partition(":")[0]
    ports = [port] if port else [one for one in _PORTS if scheme in schemes(cast("Port", one))]
    if not ports:
        raise Unsupported(f"no adapter answers the scheme {scheme!r}", capability=scheme)
    return [_card(cast("Port", one), url, disposable=disposable) for one in ports]


def _card(port: Port, url: str, *, disposable: bool) -> AdapterCard:
    contract, open_store, embedded = _PORTS[port]
    addresses: dict[int, str] = {}

    @contextmanager
    def fresh() -> Iterator[Any]:
        with scratch(port, url, disposable=disposable) as address:
            store = open_store(address)
            addresses[id(store)] = address
            try:
                yield store
            finally:
                store.close()

    bound = type(f"Bound{contract.__name__}", (contract,), {"address": lambda _self, store: addresses[id(store)]})
    laws = run_laws(bound, fresh)
    with fresh() as store:
        capabilities = tuple(sorted(store.capabilities))
        server = f"{type(store).__name__} {getattr(store, 'server', '')}".rstrip()
        with TemporaryDirectory() as folder, closing(open_store(embedded.format(folder))) as other:
            ratios = _beside(port, store, other)
    shown = parse_address(url).shown
    return AdapterCard(port, shown, server, capabilities, tuple(laws), ratios[0], ratios[1])


def _beside(port: Port, store: Any, other: Any) -> tuple[float, float]:
    """Return how many times quicker a store writes and reads than another: medians of turns taken in both orders."""
    ratios = []
    for n in range(_TURNS):
        pair = (store, other) if n % 2 else (other, store)
        seconds = dict(zip(map(id, pair), (_ROUNDS[port](one, n) for one in pair), strict=True))
        ratios.append([theirs / mine for mine, theirs in zip(seconds[id(store)], seconds[id(other)], strict=True)])
    write, read = np.median(ratios[1:], axis=0)  # the first turn opens files and connections
    return float(write), float(read)


def _meters(store: Any, n: int) -> tuple[float, float]:
    start = pd.date_range(f"20{10 + n}-01-01", periods=2000, freq="1min", tz="UTC")
    values = np.random.default_rng(n).normal(100, 10, 20_000).round(2)
    points = np.repeat([f"m{i}" for i in range(10)], 2000)
    frame = pd.DataFrame({"point": points, "start": start.append([start] * 9), "value": values})
    frame = frame.assign(energy_type="electricity", unit="kWh")
    return _clocked(lambda: store.write(frame), lambda: store.read({}, start[0], start[-1]))


def _records(store: Any, n: int) -> tuple[float, float]:
    tenant = store.for_tenant("verify")

    def write() -> None:
        with tenant.begin() as uow:
            uow.jobs.put([{"id": f"{n}-{i}", "status": "done", "n": i} for i in range(500)])

    def read() -> None:
        with tenant.begin(write=False) as uow:
            uow.jobs.list(status="done")

    return _clocked(write, read)


def _objects(store: Any, n: int) -> tuple[float, float]:
    content = np.random.default_rng(n).bytes(1 << 20)
    return _clocked(lambda: store.put(f"k{n}", content), lambda: store.get(f"k{n}"))


_ROUNDS: Final[dict[str, Callable[[Any, int], tuple[float, float]]]] = {
    "meters": _meters,
    "records": _records,
    "objects": _objects,
}


def _clocked(*calls: Callable[[], object]) -> tuple[float, float]:
    seconds = []
    for call in calls:
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1]


def matrix(cards: Sequence[AdapterCard]) -> str:
    """Return the support matrix of several cards as a Markdown table."""
    rows = ["| port | adapter | laws | capabilities | writes | reads |", "|---|---|---|---|---|---|"]
    for card in cards:
        held = sum(law.passed for law in card.laws)
        capabilities = ", ".join(f"`{one}`" for one in card.capabilities)
        ratios = f"{card.write_ratio:.2f}× | {card.read_ratio:.2f}×"
        rows.append(f"| {card.port} | {card.server} | {held}/{len(card.laws)} | {capabilities} | {ratios} |")
    return "\n".join(rows) + "\n"

"""The laws of a `RecordStore`; the numbers are those of its docstring."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import (
    AlreadyExistsError,
    ClosedError,
    ConcurrencyConflict,
    IntegrityError,
    InvalidDataError,
    NotFoundError,
    TenantRequiredError,
    TransientError,
    Unsupported,
)
from carbonost.storage.conformance.kit import BAD_LIMITS, ODD_NAMES, killed_after, refuses
from carbonost.storage.conformance.samples import NOW, SAMPLES, sample
from carbonost.storage.models import KINDS
from carbonost.storage.ports import WriteResult

if TYPE_CHECKING:
    from carbonost.storage.ports import RecordStore

_WRITER: Final = """
import sys
from carbonost.storage import open_records
tenant = open_records(sys.argv[1]).for_tenant("org")
for n in range(100_000):
    with tenant.begin() as uow:
        uow.jobs.put([{"id": f"j{n}-{part}", "status": "done"} for part in range(3)])
        uow.audit.put({"id": f"a{n}", "action": "run"})
        uow.outbox.put({"id": f"e{n}", "aggregate": "jobs", "type": "done", "payload": n})
    print(n, flush=True)
"""


class RecordStoreContract:
    """What every record store does. Supply a fixture ``store``: fresh and empty.

    A store that declares ``multi_process`` also overrides `address`; one that can be changed from
    outside overrides `tamper`.
    """

    def address(self, store: RecordStore) -> str:
        """Return an address by which another process opens the same records."""
        raise AssertionError(f"{type(store).__name__} declares multi_process: override address()")

    def tamper(self, store: RecordStore, what: str) -> bool:  # noqa: ARG002 -- for subclasses
        """Change one stored byte of an envelope or an audit entry; False where that cannot be done."""
        return False

    # R1
    def test_every_kind_reads_back(self, store: RecordStore) -> None:
        """R1: every field of every kind, to the last digit."""
        with store.for_tenant("org").begin() as uow:
            for kind in KINDS:
                repository = getattr(uow, kind)
                item = sample(kind, "org")
                assert repository.put(item) == WriteResult(created=1), kind
                found = repository.get(item["id"])
                assert found.version == 1
                for name, value in item.items():
                    assert found[name] == value, (kind, name)
                    assert type(found[name]) is type(value), (kind, name)
        with store.for_tenant("org").begin() as uow:
            assert uow.users.get("u1")["last_login_at"] == NOW

    def test_an_item_that_does_not_fit_is_refused(self, store: RecordStore) -> None:
        """R1: unknown fields, choices, NaN, truth values, NUL, naive instants, periods that end before they start."""
        bad: list[tuple[str, dict[str, Any]]] = [
            ("users", {"email": "no address"}),
            ("users", {"role": "emperor"}),
            ("users", {"unheard_of": 1}),
            ("users", {"last_login_at": datetime(2024, 1, 1)}),  # noqa: DTZ001
            ("organizations", {"type": "planet"}),
            ("devices", {"status": "asleep"}),
            ("devices", {"building_id": "nowhere"}),
            ("activities", {"consumption": float("nan")}),
            ("activities", {"consumption": True}),
            ("activities", {"consumption": -1.0}),
            ("activities", {"energy_type": ""}),
            ("activities", {"note": "a\0b"}),
            ("activities", {"note": {1, 2}}),
            ("activities", {"period_end": date(2023, 1, 1)}),
            ("emissions", {"scope1_total": Decimal("NaN")}),
            ("emissions", {"scope1_total": True}),
            ("factors", {"valid_to": date(2020, 1, 1)}),
            ("jobs", {"x": float("inf")}),
        ]
        for kind, change in bad:
            with store.for_tenant("org").begin() as uow:
                uow.places.put(sample("places", "org"))
                with refuses(InvalidDataError):
                    getattr(uow, kind).put([{**sample(kind, "org"), **change}])
                if kind != "places":
                    assert not getattr(uow, kind).list(), (kind, change)

    def test_items_are_listed_by_filter_and_page(self, store: RecordStore) -> None:
        """R1: equality, lists of values, and pages by id."""
        with store.for_tenant("org").begin() as uow:
            uow.jobs.put([{"id": f"j{n}", "status": "done" if n % 2 else "new"} for n in range(10)])
            assert [item.id for item in uow.jobs.list(status="done")] == ["j1", "j3", "j5", "j7", "j9"]
            assert len(uow.jobs.list(status=["done", "new"])) == 10
            assert [item.id for item in uow.jobs.list(after="j3", limit=2)] == ["j4", "j5"]
            uow.audit.put([{"action": "a"}, {"action": "b"}])
            uow.outbox.put([{"aggregate": "jobs", "type": name} for name in "ab"])
            for log in (uow.jobs, uow.audit, uow.outbox):
                assert log.list(limit=0) == []
                assert len(log.list(limit=1)) == 1
                for limit in BAD_LIMITS:
                    with refuses(InvalidDataError):
                        log.list(limit=limit)
            with refuses(InvalidDataError):
                uow.jobs.list(no_such_field=1)
            with refuses(NotFoundError):
                uow.jobs.get("nobody")
            assert uow.jobs.delete("j1") is True
            assert uow.jobs.delete("j1") is False

    def test_an_item_without_an_id_is_named_by_its_nature(self, store: RecordStore) -> None:
        """R1. R3: the same activity twice is one; two of one list are refused."""
        item = {k: v for k, v in SAMPLES["activities"].items() if k != "id"}
        with store.for_tenant("org").begin() as uow:
            assert uow.activities.put(item) == WriteResult(created=1)
            assert uow.activities.put(item) == WriteResult(unchanged=1)
            assert uow.activities.put({**item, "consumption": 2.0}) == WriteResult(updated=1)
            with refuses(InvalidDataError):
                uow.activities.put([item, {**item, "consumption": 3.0}])
            assert len(uow.activities.list()) == 1

    # R2
    def test_an_error_rolls_everything_back(self, store: RecordStore) -> None:
        """R2: whole or not at all, the audit log and the outbox included."""
        tenant = store.for_tenant("org")
        with suppress(ZeroDivisionError), tenant.begin() as uow:
            uow.jobs.put({"id": "j1"})
            uow.audit.put({"action": "run"})
            uow.outbox.put({"aggregate": "a", "type": "t"})
            _ = 1 / 0
        with tenant.begin() as uow:
            assert not uow.jobs.list()
            assert not uow.audit.list()
            assert not uow.outbox.list()

    def test_a_refused_list_leaves_the_rest_of_the_work(self, store: RecordStore) -> None:
        """R2: a put is whole or not at all, and the unit of work goes on."""
        tenant = store.for_tenant("org")
        with tenant.begin() as uow:
            uow.users.put({"id": "u0", "email": "a@b"})
            with refuses(AlreadyExistsError):
                uow.users.put([{"id": "u1", "email": "c@d"}, {"id": "u2", "email": "A@B"}])
            uow.users.put({"id": "u3", "email": "e@f"})
        with tenant.begin() as uow:
            assert [item.id for item in uow.users.list()] == ["u0", "u3"]

    def test_what_belongs_to_a_removed_item_goes_with_it(self, store: RecordStore) -> None:
        """R2: buildings and devices of a park, memberships of a user."""
        with store.for_tenant("org").begin() as uow:
            for kind in ("users", "memberships", "places", "devices"):
                getattr(uow, kind).put(sample(kind, "org"))
            uow.places.delete("p1")
            uow.users.delete("u1")
            assert not uow.devices.list()
            assert not uow.memberships.list()

    # R3, R4
    def test_the_same_again_is_unchanged(self, store: RecordStore) -> None:
        """R3: and keeps its version."""
        with store.for_tenant("org").begin() as uow:
            for kind in KINDS:
                repository, item = getattr(uow, kind), sample(kind, "org")
                repository.put(item)
                assert repository.put(item) == WriteResult(unchanged=1), kind
                assert repository.put(repository.get(item["id"])) == WriteResult(unchanged=1), kind
                assert repository.get(item["id"]).version == 1

    def test_a_stale_version_is_refused(self, store: RecordStore) -> None:
        """R4: with both versions named, and nothing changed."""
        tenant = store.for_tenant("org")
        with tenant.begin() as uow:
            uow.reviews.put({"id": "r1", "status": "pending"})
        with tenant.begin() as uow:
            old = uow.reviews.get("r1")
            uow.reviews.put(old.replace(status="approved"))
            assert uow.reviews.get("r1").version == 2
        with tenant.begin() as uow:
            for version in (0, 1, 3):
                with refuses(ConcurrencyConflict) as caught:
                    uow.reviews.put({"id": "r1", "status": "rejected", "version": version})
                assert (caught.error.expected, caught.error.actual) == (version, 2)
            with refuses(ConcurrencyConflict) as caught:
                uow.reviews.put({"id": "r2", "version": 1})
            assert (caught.error.expected, caught.error.actual) == (1, 0)
            assert uow.reviews.get("r1")["status"] == "approved"

    def test_of_many_writers_on_one_version_one_wins(self, store: RecordStore) -> None:
        """R4: eight threads decide one review."""
        tenant = store.for_tenant("org")
        with tenant.begin() as uow:
            uow.reviews.put({"id": "r1", "status": "pending"})
        won: list[int] = []
        ready = threading.Barrier(8)

        def decide(n: int) -> None:
            with tenant.begin(write=False) as uow:
                read = uow.reviews.get("r1")
            ready.wait(10)
            try:
                with tenant.begin() as uow:
                    uow.reviews.put(read.replace(status="approved", by=str(n)))
                won.append(n)
            except (ConcurrencyConflict, TransientError):
                return

        threads = [threading.Thread(target=decide, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        with tenant.begin() as uow:
            assert uow.reviews.get("r1")["by"] == str(won[0])

    # R5
    def test_no_call_crosses_from_one_tenant_to_another(self, store: RecordStore) -> None:
        """R5: every method of every repository, as another organisation."""
        with store.for_tenant("mine").begin() as uow:
            for kind in KINDS:
                getattr(uow, kind).put(sample(kind, "mine"))
            uow.audit.put({"id": "x", "action": "mine"})
            uow.outbox.put({"id": "x", "aggregate": "a", "type": "mine"})
            head = uow.audit.head()
        other = store.for_tenant("other")
        with other.begin() as uow:
            for kind in KINDS:
                repository, id_ = getattr(uow, kind), sample(kind, "mine")["id"]
                assert repository.list() == [], kind
                assert repository.list(id=[id_]) == [], kind
                assert repository.delete(id_) is False, kind
                with refuses(NotFoundError):
                    repository.get(id_)
            assert uow.audit.list() == uow.outbox.list() == []
            assert uow.audit.head() != head
            assert uow.outbox.delete("x") is False
            for kind in set(KINDS) - {"organizations", "memberships", "devices"}:
                assert getattr(uow, kind).put(sample(kind, "other")) == WriteResult(created=1), kind
            uow.audit.put({"id": "x", "action": "other"})
        assert other.drain(print) == 0
        with store.for_tenant("mine").begin() as uow:
            for kind in KINDS:
                assert getattr(uow, kind).get(sample(kind, "mine")["id"]).version == 1
            assert uow.audit.head() == head

    def test_nothing_is_reached_without_a_tenant(self, store: RecordStore) -> None:
        """R5: and an organisation stores only itself."""
        for nobody in (None, "", "  ", "a\0", "a\n", "x" * 300, 1):
            with refuses(TenantRequiredError):
                store.for_tenant(nobody)  # type: ignore[arg-type]
        with store.for_tenant("org").begin() as uow, refuses(InvalidDataError):
            uow.organizations.put({"id": "other", "name": "x"})

    # R6
    def test_an_envelope_never_changes(self, store: RecordStore) -> None:
        """R6: other content under its id is refused; an altered byte is detected."""
        with store.for_tenant("org").begin() as uow:
            uow.envelopes.put(sample("envelopes", "org"))
            with refuses(AlreadyExistsError):
                uow.envelopes.put({**SAMPLES["envelopes"], "stage": "other"})
        if self.tamper(store, "envelope"):
            with store.for_tenant("org").begin() as uow, refuses(IntegrityError):
                uow.envelopes.get("h1")

    # R7
    def test_the_audit_log_is_a_chain(self, store: RecordStore) -> None:
        """R7: appended once, in order, the same head wherever the same happened."""
        heads = []
        for org in ("one", "two"):
            with store.for_tenant(org).begin() as uow:
                assert uow.audit.put([{"id": f"a{n}", "action": "act", "n": n} for n in range(5)]).created == 5
                assert uow.audit.put({"id": "a3", "action": "act", "n": 3}) == WriteResult(unchanged=1)
                with refuses(AlreadyExistsError):
                    uow.audit.put({"id": "a3", "action": "act", "n": 4})
                with refuses(Unsupported):
                    uow.audit.delete("a3")  # type: ignore[attr-defined]
                with refuses(InvalidDataError):
                    uow.audit.put({"id": "a9"})
                assert [entry["n"] for entry in uow.audit.list()] == [0, 1, 2, 3, 4]
                assert uow.audit.verify().length == 5
                heads.append(uow.audit.head())
        assert heads[0] == heads[1]
        if self.tamper(store, "audit"):
            with store.for_tenant("one").begin() as uow, refuses(IntegrityError):
                uow.audit.verify()

    def test_a_purged_chain_still_verifies(self, store: RecordStore) -> None:
        """R7: the content goes, the head stays (P123)."""
        with store.for_tenant("org").begin() as uow:
            uow.audit.put([{"id": f"a{n}", "action": "act", "secret": "x"} for n in range(3)])
            head = uow.audit.head()
            with refuses(InvalidDataError):
                uow.audit.purge(datetime(2099, 1, 1))  # noqa: DTZ001
            assert uow.audit.purge(datetime.now(UTC) - timedelta(days=1)) == 0
            assert uow.audit.purge(datetime.now(UTC) + timedelta(days=1)) == 3
            assert uow.audit.purge(datetime.now(UTC) + timedelta(days=1)) == 0
            report = uow.audit.verify()
            assert (report.length, report.purged, report.head) == (3, 3, head)
            assert "secret" not in uow.audit.get("a1").to_dict()

    # R8
    def test_events_are_delivered_in_order_at_least_once(self, store: RecordStore) -> None:
        """R8: a failure holds its aggregate back, not the others; the next drain goes on."""
        tenant = store.for_tenant("org")
        with tenant.begin() as uow:
            uow.outbox.put([{"aggregate": a, "type": "t", "payload": n} for n in range(4) for a in ("x", "y")])
        seen: list[tuple[str, int]] = []

        def deliver(event: Any) -> None:
            if (event["aggregate"], event["payload"]) == ("x", 1) and ("x", 1) not in tried:
                tried.append(("x", 1))
                raise OSError("the bus is away")
            seen.append((event["aggregate"], event["payload"]))

        tried: list[tuple[str, int]] = []
        with suppress(OSError):
            tenant.drain(deliver)
        assert seen == [("x", 0), ("y", 0), ("y", 1), ("y", 2), ("y", 3)]
        assert tenant.drain(deliver) == 3
        assert [n for a, n in seen if a == "x"] == [0, 1, 2, 3]
        assert tenant.drain(deliver) == 0
        with tenant.begin() as uow:
            assert not uow.outbox.list(delivered=False)

    # R9
    def test_texts_are_data(self, store: RecordStore) -> None:
        """R9: quotes, SQL and control words are stored as they are."""
        with store.for_tenant("o'rg; drop table users --").begin() as uow:
            for name in (*ODD_NAMES, "a\nb\tc", "'; delete from jobs; --"):
                uow.jobs.put({"id": name, "status": name, "note": name})
                assert uow.jobs.get(name)["note"] == name
                assert [item.id for item in uow.jobs.list(status=name)] == [name]
            assert len(uow.jobs.list()) == len(ODD_NAMES) + 2

    # R2, R11
    def test_a_committed_unit_survives_kill_9(self, store: RecordStore) -> None:
        """R2. R8: what was committed before SIGKILL is whole, and nothing else is there."""
        if "multi_process" not in store.capabilities:
            return
        with killed_after(_WRITER, self.address(store), acknowledged=5) as lines:
            last = int(lines[-1])
        with store.for_tenant("org").begin() as uow:
            jobs, audit, events = len(uow.jobs.list()), uow.audit.verify().length, len(uow.outbox.list())
        assert jobs == 3 * audit
        assert audit == events
        assert last + 1 <= audit <= last + 2

    def test_what_is_over_says_so(self, store: RecordStore) -> None:
        """R11: a closed store, and a unit of work after its end."""
        with store.for_tenant("org").begin() as uow:
            uow.jobs.put({"id": "j1"})
        with refuses(ClosedError):
            uow.jobs.list()
        store.close()
        store.close()
        with refuses(ClosedError), store.for_tenant("org").begin():
            pass

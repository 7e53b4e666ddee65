"""The embedded meter store under random histories, held call by call against dicts (S35, S60)."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from carbonost.errors import BeyondRetentionError, InvalidDataError
from carbonost.storage import RetentionPolicy, open_meters
from carbonost.storage.meters_sqlite import head, writer

ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")
ZONES = ("Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
CLOCKS = ("2024-03-09T12:00Z", "2024-04-06T06:00Z", "2024-10-05T06:00Z", "2024-11-02T12:00Z")
"""Half a day before one of the zones sets its clock: by an hour, or by half of one."""

numbers = st.sampled_from(
    [
        lambda rng, n: rng.integers(0, 3, n).astype(float),
        lambda rng, n: np.round(rng.normal(50, 20, n), 2),
        lambda rng, n: rng.normal(0, 1e3, n),
        lambda rng, n: np.round(np.cumsum(rng.gamma(2, 3, n)), 1),
        lambda rng, n: rng.choice([0.0, -0.0, 5e-324, 1e-7, 0.1 + 0.2, 2.0**43, -(2.0**43) - 0.5, 123456.789], n),
    ]
)
moments = st.sampled_from([-400, 0, 0, 5, 30, 60, 60, 715, 720, 1440, 4000])
"""Minutes after the beginning; few, so that histories meet."""
pieces = st.tuples(
    st.integers(0, 3),  # the point
    moments,
    st.sampled_from([1, 60, 60, 300, 900, 1801, 3600]),  # seconds between two readings
    st.sampled_from([1, 2, 2, 5, 9, 31, 32, 33, 96, 193, 300]),
    numbers,
)
batches = st.tuples(
    st.integers(0, 1),  # the connection
    st.lists(pieces, min_size=1, max_size=4, unique_by=lambda part: part[0]),
    st.integers(0, 3),  # a seed
    *(st.booleans() for _ in range(4)),  # with quality, status, holes; skipping faults
)
spans = st.tuples(st.one_of(moments, st.integers(-500, 6000)), st.sampled_from([0, 1, 7, 60, 1440, 3000]))
some_points = st.one_of(st.just({}), st.integers(0, 3).map("m{}".format), st.just(["m3", "m0", "nobody"]))


def outcome(call):
    """Return what a call returned, or the kind of its refusal."""
    try:
        return call()
    except (InvalidDataError, BeyondRetentionError) as exc:
        return type(exc)


def same(found, expected, **tolerance):
    if isinstance(expected, pd.DataFrame) and isinstance(found, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, **tolerance)
    else:
        assert found == expected if not isinstance(found, pd.DataFrame) else found is expected


class Histories(RuleBasedStateMachine):
    """Writes, corrections, late data, deletions, retention, two connections, in any order."""

    @initialize(clock=st.sampled_from(CLOCKS), tz=st.sampled_from(ZONES))
    def open(self, clock, tz):
        self.folder = tempfile.TemporaryDirectory()
        self.kept = writer.HEAD_LEAST, writer.HEAD_EACH, writer.BLOCK, head.FEW, head.PIECE
        writer.HEAD_LEAST = writer.HEAD_EACH = 90  # compacts often
        writer.BLOCK, head.FEW, head.PIECE = 100, 8, 20
        self.url = f"sqlite:///{self.folder.name}/m.db"
        self.stores = [self.connect(), self.connect()]
        self.oracle = open_meters("memory://")
        self.base, self.tz = pd.Timestamp(clock), tz

    def connect(self):
        store = open_meters(self.url)
        store._db.execute("pragma synchronous = off")  # power cuts are another test's matter
        return store

    def at(self, minutes):
        return self.base + timedelta(minutes=minutes)

    def both(self, which, call, **tolerance):
        same(outcome(lambda: call(self.stores[which])), outcome(lambda: call(self.oracle)), **tolerance)

    @rule(batches=st.lists(batches, min_size=1, max_size=4))
    def write(self, batches):
        for batch in batches:
            self.write_one(*batch)

    def write_one(self, which, parts, seed, quality, status, holes, skip):
        rng = np.random.default_rng(seed)
        frames = []
        for point, minutes, step, count, draw in parts:
            start = pd.date_range(self.at(minutes), periods=count, freq=f"{step}s")
            frame = pd.DataFrame({"point": f"m{point}", "start": start, "value": draw(rng, count)})
            if quality:
                frame["quality"] = rng.integers(0, 101, count)
            if status:
                frame["status"] = rng.choice(["", "在线", "a b"], count)
            frames.append(frame.assign(energy_type="electricity", unit="kWh", site=f"s{point % 2}"))
        frame = pd.concat(frames).sample(frac=1, random_state=seed)
        if holes and skip:
            frame.loc[rng.random(len(frame)) < 0.2, "value"] = np.nan
        on_invalid = "skip" if skip else "raise"
        self.both(which, lambda store: store.write(frame, on_invalid=on_invalid))

    @rule(
        who=st.lists(st.integers(0, 1), min_size=1, max_size=12),
        points=st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),
        minutes=st.one_of(moments, st.integers(0, 100)),
        status=st.sampled_from(["", "", "late"]),
    )
    def stream(self, who, points, minutes, status):
        """One reading a minute of some meters, as gateways send them, by either connection."""
        for minute, which in enumerate(who):
            start = self.at(minutes + minute).to_pydatetime()
            reading = {"point": [f"m{point}" for point in points], "start": start, "value": [1.5] * len(points)}
            reading |= {"energy_type": "electricity", "unit": "kWh", "status": status}
            self.both(which, lambda store, reading=reading: store.write(reading))

    @rule(which=st.integers(0, 1), selector=some_points, span=spans)
    def delete(self, which, selector, span):
        first, last = self.at(span[0]), self.at(sum(span))
        self.both(which, lambda store: store.delete(selector, first, last))

    @rule(which=st.integers(0, 1), days=st.integers(1, 200), raw=st.integers(1, 3))
    def roll_up(self, which, days, raw):
        policy = RetentionPolicy(raw=f"{raw}d", hourly="9d", daily="2mo", monthly=None, tz=self.tz)
        now = self.base + timedelta(days=days)
        self.both(which, lambda store: store.apply_retention(policy, now))

    @rule(which=st.integers(0, 1), reopen=st.booleans())
    def tidy_up(self, which, reopen):
        if reopen:
            self.stores[which].close()
            self.stores[which] = self.connect()
        else:
            self.stores[which].compact()

    @rule(which=st.integers(0, 1), selector=some_points, span=spans)
    def read_a_range(self, which, selector, span):
        first, last = self.at(span[0]), self.at(sum(span))
        self.both(which, lambda store: store.read(selector, first, last))

    @rule(
        which=st.integers(0, 1),
        selector=some_points,
        span=st.one_of(st.none(), spans),
        every=st.sampled_from(["5min", "15min", "30min", "1h", "6h", "1d", "1mo", "1y"]),
        zone=st.integers(0, 2),
        how=st.sampled_from(["energy", "mean", "max", "min"]),
    )
    def downsample(self, which, selector, span, every, zone, how):
        tz = self.tz if zone == 0 else ZONES[zone]
        first, last = (self.at(span[0]), self.at(sum(span))) if span else ALWAYS
        self.both(
            which,
            lambda store: store.downsample(selector, first, last, every, tz, how),
            rtol=1e-9,
            atol=1e-2 if how == "energy" else 1e-3,  # of sums of 2**43
        )

    @invariant()
    def both_connections_read_what_was_acknowledged(self):
        if not hasattr(self, "oracle"):
            return
        expected = self.oracle.read({}, *ALWAYS)
        for store in self.stores:
            pd.testing.assert_frame_equal(store.read({}, *ALWAYS), expected)
        pd.testing.assert_frame_equal(self.stores[0].latest({}), self.oracle.latest({}))
        assert self.stores[1].series() == self.oracle.series()

    def teardown(self):
        if hasattr(self, "oracle"):
            for store in self.stores:
                with suppress(Exception):
                    store.close()
            self.folder.cleanup()
            writer.HEAD_LEAST, writer.HEAD_EACH, writer.BLOCK, head.FEW, head.PIECE = self.kept


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=30, stateful_step_count=30, suppress_health_check=list(HealthCheck))

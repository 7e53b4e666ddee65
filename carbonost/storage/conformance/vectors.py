"""The laws of a `VectorIndex`; the numbers are those of its docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.errors import ClosedError, InvalidDataError
from carbonost.storage.conformance.kit import refuses

if TYPE_CHECKING:
    from carbonost.storage.ports import VectorIndex


class VectorIndexContract:
    """What every vector index does. Supply a fixture ``store``: fresh and empty, for vectors of length 8."""

    def test_the_nearest_by_cosine_come_first(self, store: VectorIndex) -> None:
        """V1: exactly those a full comparison finds."""
        vectors = np.random.default_rng(5).normal(size=(200, 8))
        ids = [f"v{i:03d}" for i in range(200)]
        assert store.upsert(ids, vectors).created == 200
        query = np.random.default_rng(6).normal(size=8)
        score = vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
        found = store.query(query, k=10)
        assert [item["id"] for item in found] == [ids[i] for i in np.argsort(-score)[:10]]
        np.testing.assert_allclose([item["score"] for item in found], np.sort(score)[::-1][:10], atol=1e-6)

    def test_an_id_has_one_vector(self, store: VectorIndex) -> None:
        """V2: upsert replaces; what is no vector is refused."""
        store.upsert(["a", "b"], np.eye(8)[:2], [{"t": "1"}, {"t": "2"}])
        assert store.upsert(["a"], np.eye(8)[5:6], [{"t": "3"}]).updated == 1
        assert store.query(np.eye(8)[5], k=1)[0]["payload"] == {"t": "3"}
        for wrong in (np.full((1, 8), np.nan), np.zeros((1, 8)), np.ones((1, 7)), np.ones((2, 8))):
            with refuses(InvalidDataError):
                store.upsert(["c"], wrong)
        assert len(store.query(np.ones(8), k=9)) == 2

    def test_a_filter_keeps_only_its_items(self, store: VectorIndex) -> None:
        """V3: every named value must match."""
        store.upsert(["a", "b", "c"], np.eye(8)[:3], [{"x": "1"}, {"x": "2"}, {"x": "1", "y": "z"}])
        assert [item["id"] for item in store.query(np.ones(8), where={"x": "1"})] == ["a", "c"]
        assert [item["id"] for item in store.query(np.ones(8), where={"x": "1", "y": "z"})] == ["c"]
        assert store.delete(["a", "nobody"]) == 1
        assert [item["id"] for item in store.query(np.ones(8), where={"x": "1"})] == ["c"]

    def test_a_closed_index_says_so(self, store: VectorIndex) -> None:
        """V1: and closing twice is no fault."""
        store.close()
        store.close()
        with refuses(ClosedError):
            store.query(np.ones(8))

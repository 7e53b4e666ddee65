"""What a record that does not fit is told."""

from __future__ import annotations

import pytest

from carbonost.errors import InvalidDataError
from carbonost.storage import open_records


def test_an_unknown_field_is_refused_with_the_fields_there_are() -> None:
    store = open_records("memory://")
    with (
        pytest.raises(InvalidDataError, match=r"field 'name'.*users: has no such field.*full_name") as caught,
        store.for_tenant("org").begin() as uow,
    ):
        uow.users.put({"id": "u1", "email": "a@b.cn", "name": "张"})
    assert caught.value.value == "张"

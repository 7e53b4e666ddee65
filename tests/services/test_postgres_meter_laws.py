"""The laws of a `MeterStore`, held against a running PostgreSQL: each test has a schema of its own (S12, S60)."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from carbonost.storage import open_meters
from carbonost.storage.conformance import MeterStoreContract
from carbonost.storage.meters_postgres.store import scratch

pytestmark = pytest.mark.service


def address(postgres, who="carbonost"):
    return f"postgresql://{who}@127.0.0.1:{postgres.port}/postgres"


class TestPostgresMeters(MeterStoreContract):
    options = ""

    @pytest.fixture
    def store(self, postgres):
        with scratch(address(postgres) + self.options) as self.url, closing(open_meters(self.url)) as opened:
            yield opened

    def address(self, store):
        return self.url


class TestPostgresMetersInChunks(TestPostgresMeters):
    """Compressed days beside a head of rows."""

    options = "?layout=chunk"


class TestPostgresMetersUnderRowSecurity(MeterStoreContract):
    """As a role that owns nothing and may not COPY into a table."""

    @pytest.fixture(params=["rows", "chunk"])
    def store(self, postgres, request):
        with scratch(address(postgres) + f"?layout={request.param}") as owned:
            open_meters(owned).close()
            schema = owned.rpartition("=")[2]
            with psycopg.connect(address(postgres), autocommit=True) as owner:
                for right in (
                    f"usage on schema {schema}",
                    f"select, insert, update, delete on all tables in schema {schema}",
                    f"execute on function {schema}.meter_partition",
                ):
                    owner.execute(f"grant {right} to tenant")
            self.url = f"{address(postgres, 'tenant:secret')}?schema={schema}"
            with closing(open_meters(self.url)) as opened:
                assert "row_security" in opened.capabilities
                yield opened

    def address(self, store):
        return self.url

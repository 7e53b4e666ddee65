"""Hold every shipped adapter against the laws on running servers, and write the support matrix.

``python benchmarks/adapters.py docs/reference/adapters.md`` needs the servers of the tests.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from carbonost.storage.verify import matrix, verify
from carbonost.testing import services

HEAD = """# Support matrix of the storage adapters

Written by `python benchmarks/adapters.py`: every shipped adapter was held against the laws of its port on a running
server. Laws that hold / laws of the port; capabilities as tried out on that server; speed beside the embedded adapter
on the same machine (above 1 is faster).

"""
TAIL = """
- **Run live**: PostgreSQL 15, InfluxDB 1.6.7, SeaweedFS 4.48 (first row of S3), rclone 1.75 (second row: a weak server
  that ignores create-only and object lock, which the adapter finds out).
- **Resting on documents, not run**: InfluxDB 2.x and 3.x by their 1.x interface.
- **Not a system of record**: VictoriaMetrics; it acknowledged readings and lost them on kill -9.
- `nested_keys`: `a` and `a/b` side by side. `late`: a late reading of a rolled-up hour is accepted once. `row_security`
  shows for a role that is neither superuser nor `BYPASSRLS`.
"""


def main():
    cards = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        postgres = stack.enter_context(services.postgres(fsync=True))
        influx = stack.enter_context(services.influx())
        seaweed, rclone = (stack.enter_context(start()) for start in (services.seaweed, services.rclone))
        for url in (
            "memory://",
            f"sqlite:///{folder}/x.db",
            f"file://{folder}/objects",
            f"postgresql://carbonost@127.0.0.1:{postgres.port}/postgres",
            f"postgresql://carbonost@127.0.0.1:{postgres.port}/postgres?layout=chunk",
            f"influx+http://carbonost:s3cret@127.0.0.1:{influx.port}/matrix",
            f"s3+http://carbonost:s3cretkey@127.0.0.1:{seaweed.port}/matrix",
            f"s3+http://carbonost:s3cretkey@127.0.0.1:{rclone.port}/matrix",
        ):
            for card in verify(url, "meters" if "layout" in url else None):
                says_amazon = str(rclone.port) in url
                cards.append(replace(card, server="S3ObjectStore rclone 1.75") if says_amazon else card)
                print(card.to_markdown(), flush=True)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(HEAD + matrix(cards) + TAIL, encoding="utf-8")


if __name__ == "__main__":
    main()

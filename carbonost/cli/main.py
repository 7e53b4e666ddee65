"""``carbonost``: the pipeline from a terminal.

Exit codes: 0 done; 1 an input or a store refused, the message says what to do; 2 the command line is
wrong; 3 the job waits for a review; 4 the job was rejected.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Final

from carbonost import __version__
from carbonost.cli.show import console, tell
from carbonost.errors import CarbonostError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DONE, REFUSED, USAGE, WAITING, REJECTED = range(5)

_ROOMS: Final = ("run", "jobs", "lookup", "stores")
"""Modules that each add their commands to the parser with ``add(commands)``."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="carbonost", description="零碳园区：选区 → 基线 → 措施 → 经济性 → 报告", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"carbonost {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for room in _ROOMS:
        import_module(f"carbonost.cli.{room}").add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.call
    warnings.showwarning = lambda message, *_rest, **_kw: tell(f"! {message}", style="yellow")
    try:
        return command(args)
    except MissingExtraError as exc:
        console(error=True).print(str(exc), markup=False, highlight=False, soft_wrap=True)
        console(error=True).print("整条流水线的全部依赖：pip install 'carbonost[demo]'", markup=False, highlight=False)
        return REFUSED
    except CarbonostError as exc:
        console(error=True).print(f"[bold red]错误[/] {type(exc).__name__}", highlight=False)
        console(error=True).print(str(exc), markup=False, highlight=False, soft_wrap=True)
        return REFUSED
    except BrokenPipeError:
        sys.stderr.close()
        return REFUSED
    except KeyboardInterrupt:
        tell("已中断；任务已保存，可用 carbonost jobs 查看并继续。", style="yellow")
        return REFUSED

"""``factors``, ``tariffs``, ``template``, ``schema``: what is packaged, files to start from, shapes of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost.cli import main as codes
from carbonost.cli.show import table, tell

if TYPE_CHECKING:
    import argparse

_ASKED: Final = {"parts": "需电价构成", "prices": "需各时段电价", "bands": "需时段与电价"}


def add(commands: Any) -> None:
    """Add the commands of this module."""
    factors = commands.add_parser("factors", help="查询内置排放因子")
    search = factors.add_subparsers(required=True, metavar="search").add_parser("search", help="按名称、地区、文件检索")
    search.add_argument("text", nargs="+")
    search.add_argument("--most", type=int, default=20, help="最多显示几行")
    search.set_defaults(call=_search)
    tariffs = commands.add_parser("tariffs", help="列出内置的分时电价规则")
    tariffs.set_defaults(call=_tariffs)
    template = commands.add_parser("template", help="生成可修改的园区文件")
    template.add_argument("kind", choices=("park",))
    template.add_argument("folder", type=Path)
    template.set_defaults(call=_template)
    schema = commands.add_parser("schema", help="公开数据模型的 JSON Schema")
    export = schema.add_subparsers(required=True, metavar="export").add_parser("export", help="输出到屏幕，或写入目录")
    export.add_argument("folder", type=Path, nargs="?", help="每个模型一个文件：ResultEnvelope.v1.json")
    export.set_defaults(call=_schema)


def _search(args: argparse.Namespace) -> int:
    from carbonost.factors.library import FactorLibrary

    text = " ".join(args.text)
    found = FactorLibrary.default().search(text, limit=None)
    found = found.assign(abroad=~found["region"].str.startswith("CN"))
    found = found.sort_values(["score", "abroad"], ascending=[False, True], kind="stable")
    table(
        f"“{text}”：{len(found)} 个因子" + (f"，显示前 {args.most} 个" if len(found) > args.most else ""),
        ("编号", "名称", "地区", "数值", "单位", "数据年", "核实", "文件"),
        [
            (
                row["id"],
                row.get("name_zh") or row.get("name_en") or row["energy_type"],
                row["region"],
                f"{row['value']:g}",
                row["unit"],
                _year(row["data_year"]),
                row["status"],
                row["document"],
            )
            for row in found.head(args.most).to_dict("records")
        ],
        right=(3,),
    )
    return codes.DONE


def _tariffs(_: argparse.Namespace) -> int:
    from carbonost.engines.energy import packaged_tariffs

    found = packaged_tariffs()
    table(
        f"分时电价规则：{len(found)} 个地区；状态 secondary 为二手转录，使用前请对照文件核实",
        ("地区", "名称", "文件", "执行起", "执行止", "状态", "两部制", "单一制"),
        [
            (
                row["region"],
                row["name_zh"],
                row["document"],
                str(row["in_force_from"] or "未载明"),
                str(row["in_force_to"] or ""),
                row["status"],
                _ASKED[row["two_part"]],
                _ASKED[row["single_part"]],
            )
            for row in found.to_dict("records")
        ],
    )
    return codes.DONE


def _year(value: object) -> str:
    return "" if value is None or value != value else str(int(float(str(value))))  # noqa: PLR0124 -- NaN


def _template(args: argparse.Namespace) -> int:
    from carbonost.sample import write_park

    path = write_park(args.folder)
    tell(f"已生成 {path}；修改后运行：carbonost run {path}")
    return codes.DONE


def _schema(args: argparse.Namespace) -> int:
    from carbonost.agents.schemas import schemas

    body = schemas()
    if args.folder is None:
        print(json.dumps(body, ensure_ascii=False, indent=2))
        return codes.DONE
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, schema in body["models"].items():
        file = args.folder / f"{name}.v{body['version']}.json"
        file.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", "utf-8")
    tell(f"已写入 {len(body['models'])} 个模型（版本 {body['version']}）：{args.folder}")
    return codes.DONE

"""P6, P86, P92: the command line runs a park, refuses bad input in one message, and leaves nothing half written."""

import json
import re
import shlex
import subprocess
import sys
from math import fsum

import pytest
import yaml

from carbonost._lazy import EXTRA_OF
from carbonost.cli.main import main
from carbonost.cli.show import _rounded
from carbonost.sample import write_park


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)

    def call(*argv):
        code = main([str(part) for part in argv])
        out, err = capfd.readouterr()
        return code, re.sub(r"\s+", " ", out), re.sub(r"\s+", " ", err)

    return call


@pytest.fixture(scope="module")
def park(tmp_path_factory):
    """The sample park cut down to three firms, two of them metered, so that reading it takes little."""
    path = write_park(tmp_path_factory.mktemp("park"))
    for name in ("meters.csv", "entities.csv", "activities.csv"):
        header, *rows = (path.parent / name).read_text("utf-8").splitlines(keepends=True)
        kept = [row for row in rows if any(firm in row for firm in ("E11", "E12", "E13"))]
        (path.parent / name).write_text(header + "".join(kept), "utf-8")
    return path


def metered_kwh(park):
    rows = (park.parent / "meters.csv").read_text("utf-8").splitlines()[1:]
    return fsum(float(row.split(",")[3]) for row in rows)


def changed(park, tmp_path, **sections):
    """Copy the park file beside its tables with some sections changed."""
    body = yaml.safe_load(park.read_text("utf-8"))
    for name, section in sections.items():
        body[name] = {**body[name], **section} if isinstance(section, dict) and name in body else section
    path = park.parent / f"{tmp_path.name}.yaml"
    path.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    return path


def test_a_park_is_run_to_its_report(run, park, tmp_path):
    code, out, err = run("run", park, "--auto-approve", "--output", "out", "--formats", "md,html")
    assert code == 0
    total = metered_kwh(park) + 965_000  # and the 96.5 万kWh one firm declares
    assert f"{total:,.2f}" in (tmp_path / "out/park-government.md").read_text("utf-8")
    assert f"{total / 1e4:,.2f}" in out, "the key figures are on screen"
    assert "park-government.html" in err
    envelopes = json.loads((tmp_path / "out/envelopes.json").read_text("utf-8"))
    assert set(envelopes) >= {"geo", "baseline", "measures", "finance"}


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"scenarios": {}}, r"\.yaml: scenarios.*unknown key.*'scenario'"),
        ({"scenario": {"accounting_year": "soon"}}, r"scenario\.accounting_year.*'soon'"),
        ({"meters": [{"file": "gone.csv"}]}, r"meters\[0\]\.file.*'gone\.csv'.*no such file"),
        ({"selection": {"geometry": {"type": "Polygon", "coordinates": [
            [[120, 30], [120.2, 30.2], [120.2, 30.0], [120.0, 30.2], [120, 30]]]}}},
         r"selection\.geometry.*crosses itself"),
        ({"selection": {"geometry": {"type": "Polygon", "coordinates": [
            [[31.4, 120.70], [31.4, 120.71], [31.41, 120.71], [31.4, 120.70]]]}}}, r"selection\.geometry.*swapped"),
        ({"selection": {"datum": "ED50"}}, r"selection\.datum.*'ED50'"),
    ],
)  # fmt: skip
def test_bad_input_ends_the_run_with_one_message_and_nothing_written(run, park, tmp_path, sections, told):
    code, _, err = run("run", changed(park, tmp_path, **sections), "--output", "out")
    assert code == 1
    assert re.search(told, err)
    assert not (tmp_path / "out").exists()


def test_a_year_without_a_factor_waits_for_a_person_and_invents_nothing(run, park, tmp_path):
    """P48, P50: the accounting year 2003 lies before every packaged grid factor."""
    code, out, err = run("run", changed(park, tmp_path, scenario={"accounting_year": 2003}), "--output", "out")
    assert code == 3
    assert "数据缺失" in out
    assert "carbonost review" in err
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_refused_before_anything_runs(run, park, tmp_path):
    (tmp_path / "out").write_text("a file, not a folder")
    code, _, err = run("run", park, "--output", "out")
    assert code == 1
    assert "field 'output', value 'out'" in err
    assert "选区解析" not in err


def test_a_rejected_review_ends_the_job(run, park, tmp_path):
    """P92."""
    run("run", changed(park, tmp_path, scenario={"accounting_year": 2003}), "--output", "out")
    _, out, _ = run("jobs")
    job = re.search(r"[0-9a-f]{32}", out).group()
    _, out, _ = run("jobs", job)
    checkpoint = re.search(r"baseline\.r\d+\.[0-9a-f]+", out.replace(" ", "")).group()
    code, _, _ = run("review", job, checkpoint, "--reject", "--by", "tester")
    assert code == 4
    code, _, _ = run("report", job, "--output", "out")
    assert code == 1
    assert not (tmp_path / "out").exists()


def test_a_patch_outside_the_editable_fields_is_refused(run, park, tmp_path):
    """P89."""
    run("run", changed(park, tmp_path, scenario={"accounting_year": 2003}), "--output", "out")
    _, out, _ = run("jobs")
    job = re.search(r"[0-9a-f]{32}", out).group()
    _, out, _ = run("jobs", job)
    checkpoint = re.search(r"baseline\.r\d+\.[0-9a-f]+", out.replace(" ", "")).group()
    code, _, err = run("review", job, checkpoint, "--approve", "--patch", '{"metrics.total_tco2e_y": 1}')
    assert code == 1
    assert "NotEditableError" in err


def test_a_finished_job_is_exported_and_verified_elsewhere(run, park, tmp_path):
    """P124."""
    run("run", park, "--auto-approve", "--output", "out", "--formats", "md")
    _, out, _ = run("jobs")
    job = re.search(r"[0-9a-f]{32}", out).group()
    assert run("export", job, "bundle.zip")[0] == 0
    assert run("verify", "bundle.zip")[0] == 0
    body = bytearray((tmp_path / "bundle.zip").read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / "bundle.zip").write_bytes(bytes(body))
    assert run("verify", "bundle.zip")[0] == 1


def test_a_waiting_run_prints_the_commands_that_bring_it_to_its_report(run, park, tmp_path):
    """P91: every printed command works as it stands, with a store of one's own."""
    path = changed(park, tmp_path, scenario={"accounting_year": 2003})
    code, _, err = run("run", path, "--store", "own store", "--output", "out")
    assert code == 3
    for _ in range(6):
        printed = re.findall(r"carbonost ((?:review|report) .*?--store 'own store')", err)
        code, _, err = run(*shlex.split(printed[0]))
        if printed[0].startswith("report"):
            break
    assert code == 0
    assert (tmp_path / "carbonost-report" / "park-government.pdf").exists()


def test_a_misspelt_fact_of_the_site_is_asked_about(run, park, tmp_path):
    body = yaml.safe_load(park.read_text("utf-8"))
    body["site"]["roof_area"] = body["site"].pop("roof_area_m2")
    body["scenario"]["accounting_year"] = 2003
    path = park.parent / f"{tmp_path.name}.yaml"
    path.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    _, _, err = run("run", path)
    assert "site.roof_area 未被使用；是否为 roof_area_m2？" in err


def test_chinese_factors_come_first_and_all_are_counted(run):
    _, out, _ = run("factors", "search", "电力", "--most", "2")
    assert "0.5306" in out
    assert int(re.search(r"(\d+) 个因子", out).group(1)) > 50


def test_a_figure_is_rounded_as_the_report_rounds_it():
    assert [_rounded(value, 2) for value in (0.805, 0.815, 1234.5)] == ["0.80", "0.82", "1,234.50"]


def test_a_missing_package_ends_the_command_with_the_extra_that_brings_all(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    code, _, err = run("demo", "--formats", "pdf")
    assert code == 1
    assert "pip install 'carbonost[report]'" in err
    assert "pip install 'carbonost[demo]'" in err


def test_factors_are_searched_in_chinese_with_source_and_status(run):
    code, out, _ = run("factors", "search", "江苏", "--most", "3")
    assert code == 0
    assert "0.5827" in out
    assert "公告2025年第47号" in out.replace(" ", "").replace("│", "")


def test_the_packaged_tariffs_are_listed_with_their_document_and_what_they_ask_for(run):
    code, out, _ = run("tariffs")
    assert code == 0
    line = next(line for line in out.splitlines() if "CN-JS" in line)
    assert "江苏省" in line
    assert "需电价构成" in line
    assert "二手" in out


def test_a_template_is_not_written_over_a_park(run, park):
    code, _, err = run("template", "park", park.parent)
    assert code == 1
    assert "already" in err


@pytest.mark.parametrize(
    "command",
    [
        ("jobs",),
        ("jobs", "j1"),
        ("review", "j1", "c1", "--approve"),
        ("report", "j1"),
        ("export", "j1", "job.zip"),
        ("retention", "--logs", "1y"),
    ],
)
def test_a_store_that_is_not_there_is_refused_and_not_made(run, tmp_path, command):
    code, _, err = run(*command, "--store", tmp_path / "misspelt")
    assert code == 1
    assert "no jobs are kept there" in err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_command_line_exits_with_two(run):
    with pytest.raises(SystemExit) as exit_:
        run("run")
    assert exit_.value.code == 2


def test_an_adapter_is_held_against_the_laws(run, tmp_path):
    """S60."""
    code, out, _ = run("adapters", "verify", f"sqlite:///{tmp_path}/m.db", "--port", "meters", "--disposable")
    assert code == 0
    assert "tests hold" in out


def test_a_database_is_brought_up_to_date(run, tmp_path):
    """S61."""
    assert run("db", "upgrade", f"sqlite:///{tmp_path}/records.db")[0] == 0
    assert (tmp_path / "records.db").is_file()


def test_an_unknown_scheme_is_refused_by_name(run):
    code, _, err = run("adapters", "verify", "nonsense://x")
    assert code == 1
    assert "nonsense" in err


def test_the_schemas_of_the_public_models_are_exported_with_their_version(run, tmp_path):
    """P25."""
    code, out, _ = run("schema", "export")
    assert code == 0
    body = json.loads(out)
    code, _, err = run("schema", "export", tmp_path / "schemas")
    assert code == 0
    assert f"{len(body['models'])} 个模型" in err
    stored = json.loads((tmp_path / f"schemas/ResultEnvelope.v{body['version']}.json").read_text("utf-8"))
    assert stored["additionalProperties"] is False
    assert {"metrics", "data_gaps", "reproducibility"} <= stored["properties"].keys()


def test_what_needs_no_extra_runs_on_the_core_install(tmp_path):
    """S62, P100: jobs are listed, factors found and schemas written with every optional package absent."""
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in EXTRA_OF)
    calls = [
        ["jobs", "--store", str(tmp_path / "store")],
        ["factors", "search", "江苏"],
        ["tariffs"],
        ["schema", "export"],
    ]
    opened = f"from carbonost.cli.run import open_pipeline\nopen_pipeline(Path({calls[0][2]!r}), create=True)\n"
    called = f"from carbonost.cli.main import main\nsys.exit(max(main(one) for one in {calls!r}))"
    script = f"import sys\nfrom pathlib import Path\n{blocked}{opened}{called}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "任务（0）" in done.stdout


def test_a_waiting_job_names_the_review_and_why_it_asks(run, park, tmp_path):
    """P87: the id, the question and the reason, on the run and in the list, in the reviewer's words."""
    terms = {"grid_ef_version": "CN-grid-2099"}
    code, _, err = run("run", changed(park, tmp_path, scenario=terms), "--formats", "md")
    assert code == 3
    asked = re.search(r"carbonost review (\w+) ([\w.]+) --approve", err)
    assert f"[{asked[2]}]" in err
    assert "原因：baseline.factor: 缺少排放因子：" in err
    _, out, _ = run("jobs", asked[1])
    assert "待复核" in out
    assert "缺少排放因子" in out


def test_what_stands_in_brackets_is_shown():
    from carbonost.cli.show import console, table

    with console().capture() as shown:
        table("[a]", ("字段",), [("motor_list[0].rated_kw",), ("[red]",)])
    assert "motor_list[0].rated_kw" in shown.get()
    assert "[red]" in shown.get()
    assert "[a]" in shown.get()

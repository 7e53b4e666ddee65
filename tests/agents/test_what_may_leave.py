"""Sensitive values are tagged, and a bundle without them still verifies against the chain's head (P122)."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from carbonost import Pipeline
from carbonost.agents.canonical import canonical_bytes, content_hash, sha256
from carbonost.agents.sensitive import MARK, is_withheld, public_hash, withhold
from carbonost.agents.spec import Editable
from carbonost.errors import EnvelopeError, InputError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def parts_of(path):
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def forged(path, parts, **changed):
    """Write a bundle whose manifest fits its changed parts: only the chain can tell."""
    parts = parts | changed
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"] = {name: sha256(data) for name, data in parts.items() if name != "manifest.json"}
    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in (parts | {"manifest.json": canonical_bytes(manifest)}).items():
            zipped.writestr(name, data)
    return path


def test_no_enterprise_and_no_curve_is_left_where_both_are_withheld(sample_job, tmp_path):
    from carbonost import sample_park

    enterprises = sample_park()[2].entities
    whole = sample_job.export(tmp_path / "whole.zip")
    path = sample_job.export(tmp_path / "open.zip", withhold=("meters", "entities"))
    assert str(Pipeline.verify(path)).endswith("without entities and meters")
    assert Pipeline.verify(path).head == Pipeline.verify(whole).head == sample_job.audit_head
    for name, data in parts_of(path).items():
        text = data.decode()
        assert not [e.name for e in enterprises if e.name in text], name
        assert not [e.id for e in enterprises if f'"{e.id}"' in text], name
        assert "discharge_kw" not in text or name == "stages.json", name
    assert "meters.bin" not in parts_of(path)


@pytest.mark.parametrize("groups", [(), ("meters",), ("entities",), "entities", ("entities", "meters")])
def test_every_choice_of_groups_verifies_and_keeps_the_hash_of_what_is_gone(sample_job, tmp_path, groups):
    whole = parts_of(sample_job.export(tmp_path / "whole.zip"))
    path = sample_job.export(tmp_path / "part.zip", withhold=groups)
    assert set(Pipeline.verify(path).withheld) == ({groups} if isinstance(groups, str) else set(groups))
    for name, data in parts_of(path).items():
        if not name.startswith("envelopes/"):
            continue
        before, after = json.loads(whole[name]), json.loads(data)
        for key, value in after["artifacts"].items():
            if is_withheld(value):
                assert value == {MARK: content_hash(before["artifacts"][key])}
            else:
                assert value == before["artifacts"][key]
        assert {k: v for k, v in after.items() if k != "artifacts"} == {
            k: v for k, v in before.items() if k != "artifacts"
        }


def test_a_figure_changed_beside_a_withheld_value_is_found_though_the_manifest_fits(sample_job, tmp_path):
    path = sample_job.export(tmp_path / "part.zip", withhold=("entities", "meters"))
    parts = parts_of(path)
    name = next(n for n, d in parts.items() if n.startswith("envelopes/") and json.loads(d)["stage"] == "baseline")
    envelope = json.loads(parts[name])
    assert is_withheld(envelope)
    key = next(key for key, metric in envelope["metrics"].items() if isinstance(metric["value"], float))
    changes = [
        lambda e: e["metrics"][key].update(value=1.0),
        lambda e: e["artifacts"].update(top_emitters=[{"id": "made up"}]),
        lambda e: e["artifacts"].update(by_scope={MARK: content_hash(e["artifacts"]["by_scope"])}),
    ]
    for change in changes:
        wrong = json.loads(parts[name])
        change(wrong)
        with pytest.raises(
            EnvelopeError, match=r"what is left is not what the audit chain names|does not match its name"
        ):
            Pipeline.verify(forged(tmp_path / "forged.zip", parts, **{name: json.dumps(wrong).encode()}))
    inputs = json.loads(parts["inputs.json"]) | {"name": "another park"}
    with pytest.raises(EnvelopeError, match="inputs are not those"):
        Pipeline.verify(forged(tmp_path / "forged.zip", parts, **{"inputs.json": json.dumps(inputs).encode()}))


def test_a_correction_of_a_sensitive_value_leaves_no_trace_in_an_open_bundle(selection, tmp_path):
    class Tagged(toy.Source):
        spec = replace(
            toy.Source.spec,
            artifacts=("names",),
            editable=(Editable("artifacts.names", list[str], "who"),),
            sensitive={"artifacts.names": ("secret",)},
        )

        def run(self, context):
            notes = context.notes()
            names = notes.override("artifacts.names") or ["somebody"]
            return notes.output({"amount": (self.amount, "kWh/y")}, {"names": names}, self.confidence)

    job = toy.pipeline(Tagged(), toy.Double(), toy.Words()).run(selection, job_id="j")
    secret = ["the enterprise nobody may know"]
    checkpoint = job.review_queue[0].checkpoint_id
    job.review(checkpoint, status="approved", patch={"artifacts.names": secret}, by="li")
    job.resume()
    assert job.revisions("source")[-1].overrides == {"artifacts.names": secret}
    path = job.export(tmp_path / "open.zip", withhold="secret")
    assert Pipeline.verify(path).head == job.audit_head
    assert not any(b"nobody may know" in data for data in parts_of(path).values())
    assert any(b"nobody may know" in data for data in parts_of(job.export(tmp_path / "whole.zip")).values())
    with pytest.raises(InputError, match="Known: entities, meters, secret"):
        job.export(tmp_path / "x.zip", withhold=("everything",))


@given(st.dictionaries(st.sampled_from("abc"), json_values), st.sets(st.sampled_from("abc")))
def test_the_open_hash_is_the_same_whatever_was_taken_out(values, taken):
    tags = {f"artifacts.{name}": (name,) for name in "abc"}
    document = {
        "artifacts": values,
        "overrides": {f"artifacts.{name}": value for name, value in values.items()},
        "x": 1,
    }
    kept = json.dumps(document, sort_keys=True)
    part = withhold(document, tags, taken)
    assert public_hash(part, tags) == public_hash(document, tags)
    assert withhold(part, tags, taken) == part
    assert json.dumps(document, sort_keys=True) == kept
    assert public_hash(document | {"x": 2}, tags) != public_hash(document, tags)

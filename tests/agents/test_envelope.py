import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost import PipelineBuilder
from carbonost.agents.envelope import HumanCheckpoint, Metric, ResultEnvelope, grade, register_stage
from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem, Reproducibility
from carbonost.errors import EnvelopeError, InputError

BASE = {
    "scenario_id": "s",
    "region_id": "r",
    "stage": "baseline",
    "confidence": 0.5,
    "reproducibility": Reproducibility(model_version="baseline@1", param_version="p"),
}


def sealed(**more):
    return ResultEnvelope.seal(**{**BASE, **more})


def test_an_envelope_has_the_fields_of_the_specification():  # P8
    wanted = {
        "result_id", "scenario_id", "region_id", "stage", "metrics", "artifacts", "assumptions", "evidence",
        "confidence", "data_gaps", "reproducibility", "human_checkpoints",
    }  # fmt: skip
    assert wanted <= set(ResultEnvelope.model_fields)


def test_an_unknown_field_is_refused_by_name():  # P8
    with pytest.raises(InputError, match="no such field"):
        sealed(colour="green")


def test_only_a_known_stage_seals_and_a_further_one_is_registered():  # P9
    with pytest.raises(InputError, match="no stage of this name"):
        sealed(stage="hydrogen")
    register_stage("hydrogen")
    envelope = sealed(stage="hydrogen")
    assert ResultEnvelope.read(envelope.to_bytes()).stage == "hydrogen"
    with pytest.raises(InputError, match="like a variable"):
        register_stage("a stage")


def test_the_name_of_an_envelope_is_its_content():  # P10, P11
    one, two = sealed(metrics={"a": Metric(value=1.0, unit="1")}), sealed(metrics={"a": Metric(value=1.0, unit="1")})
    assert one.result_id == two.result_id
    assert len(one.result_id) == 64
    assert sealed(metrics={"a": Metric(value=2.0, unit="1")}).result_id != one.result_id


def test_no_field_holds_the_time_of_day():  # P11
    text = sealed().to_bytes().decode()
    assert "ts" not in sealed().to_dict()
    assert "20" not in text.replace("2.0", "")


def test_assumptions_evidence_and_gaps_carry_the_specified_fields():  # P12, P13, P14
    assert {"name", "value", "unit", "rationale", "sensitivity"} <= set(AssumptionItem.model_fields)
    assert {"type", "id", "ts", "version", "note"} <= set(EvidenceItem.model_fields)
    assert {"missing", "impact", "severity", "workaround", "affects"} <= set(DataGap.model_fields)
    assert {"checkpoint", "question", "status", "editable_fields", "trigger_reason"} <= set(
        HumanCheckpoint.model_fields
    )


def test_reproducibility_needs_model_and_parameters():  # P16
    assert {"solver_version", "code_commit", "container_digest"} <= set(Reproducibility.model_fields)
    with pytest.raises(ValueError, match="param_version"):
        Reproducibility(model_version="m")


@pytest.mark.parametrize(
    ("confidence", "letter"), [(1.0, "A"), (0.8, "A"), (0.79, "B"), (0.6, "B"), (0.59, "C"), (0, "C")]
)
def test_a_confidence_has_a_grade(confidence, letter):  # P15
    assert grade(confidence) == letter


@pytest.mark.parametrize("wrong", [-0.01, 1.01, 64])
def test_a_confidence_outside_0_to_1_is_refused(wrong):  # P15
    with pytest.raises(InputError):
        sealed(confidence=wrong)
    with pytest.raises(InputError):
        grade(wrong)


def test_every_metric_has_a_unit():  # P17
    with pytest.raises(InputError):
        Metric(value=1.0, unit="")


@pytest.mark.parametrize("wrong", [35, 1.01, -0.1])
def test_an_uncertainty_in_percent_is_refused(wrong):  # P18
    with pytest.raises(InputError, match=r"0\.35 for 35 %"):
        sealed(metrics={"uncertainty_pct": Metric(value=wrong, unit="1")})


def test_an_unknown_uncertainty_is_allowed():
    assert sealed(metrics={"uncertainty_pct": Metric(value=None, unit="1")}).value("uncertainty_pct") is None


def test_nan_in_an_artifact_is_refused_with_its_path():  # P19
    with pytest.raises(EnvelopeError) as caught:
        sealed(artifacts={"curve": {"kw": [1.0, float("nan")]}})
    assert caught.value.field == "$.artifacts.curve.kw[1]"


@given(st.data())
def test_one_changed_byte_is_found(data):  # P23
    envelope = sealed(metrics={"S1_tco2e_y": Metric(value=139500.25, unit="tCO2e/y")}, artifacts={"note": "甲乙丙"})
    body = bytearray(envelope.to_bytes())
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EnvelopeError):
        ResultEnvelope.read(bytes(body))


def test_an_envelope_reads_back_equal():
    envelope = sealed(
        metrics={"a": Metric(value=1.5, unit="kWh/y"), "b": Metric(value=None, unit="t")},
        assumptions=(AssumptionItem(name="x", value=[1, 2]),),
        data_gaps=(DataGap(missing="m", impact="i", affects=("a",)),),
    )
    assert ResultEnvelope.read(envelope.to_bytes()) == envelope
    assert pickle.loads(pickle.dumps(envelope)) == envelope  # noqa: S301 -- our own bytes


def test_values_are_looked_up_by_name_and_an_unknown_one_names_the_known():
    envelope = sealed(metrics={"a": Metric(value=1.5, unit="kWh/y"), "t": Metric(value="x", unit="text")})
    assert envelope.number("a") == 1.5
    assert envelope.flat() == {"a": 1.5, "t": "x"}
    with pytest.raises(InputError, match="Known: a, t"):
        envelope.value("b")
    with pytest.raises(InputError, match="not a number"):
        envelope.number("t")


def test_an_envelope_shows_itself_in_a_notebook_without_running_its_text():  # S51
    html = sealed(metrics={"<script>": Metric(value="<b>", unit="text")})._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "C (0.50)" in html


def test_a_notebook_shows_an_envelope_in_a_line_and_a_table(sample_job):
    """S51."""
    for stage, envelope in sample_job.envelopes.items():
        line = repr(envelope)
        assert line == str(envelope)
        assert line.startswith(f"<ResultEnvelope {stage} {envelope.result_id[:12]}: {len(envelope.metrics)} metrics")
        assert len(line) < 140
    table = sample_job.envelopes["baseline"]._repr_html_()
    assert ">114,428<" in table
    assert ">2025<" in table
    assert "&lt;" not in table
    assert len(repr(sample_job.view())) < 200
    assert repr(PipelineBuilder()) == "PipelineBuilder(geo → baseline → measures → finance → report)"

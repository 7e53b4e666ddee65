"""The awaitable faces have the names and signatures of their twins, and give the same results."""

import asyncio
import inspect

import pytest

import carbonost
from carbonost import aio

BILL = {
    "energy_type": "electricity",
    "consumption": 1.0,
    "unit": "MWh",
    "region": "CN",
    "period_start": "2023-01-01",
    "period_end": "2023-12-31",
}


@pytest.mark.parametrize("name", sorted(aio._CLASSES))
def test_a_face_has_the_methods_and_signatures_of_its_twin(name):
    twin, face = getattr(carbonost, name), getattr(aio, name)
    for method, function in inspect.getmembers(twin, inspect.isfunction):
        if not method.startswith("_"):
            assert inspect.signature(getattr(face, method)) == inspect.signature(function)
    assert inspect.signature(face.__init__) == inspect.signature(twin.__init__)


@pytest.mark.parametrize("name", sorted(aio._FUNCTIONS))
def test_a_function_is_awaitable_with_the_same_signature(name):
    face = getattr(aio, name)
    assert inspect.iscoroutinefunction(face)
    assert inspect.signature(face) == inspect.signature(getattr(carbonost, name))


def test_awaiting_gives_what_the_plain_call_gives():
    async def total():
        inventory = await aio.CarbonCalculator().calculate([BILL])
        return inventory.total_t("location_based")

    assert asyncio.run(total()) == carbonost.CarbonCalculator().calculate([BILL]).total_t("location_based")


def test_the_event_loop_is_free_while_a_call_runs():
    async def ticks():
        count = 0

        async def tick():
            nonlocal count
            while True:
                await asyncio.sleep(0.001)
                count += 1

        ticking = asyncio.ensure_future(tick())
        await aio.sample_park()
        ticking.cancel()
        return count

    assert asyncio.run(ticks()) > 3


def test_a_builder_is_chained_and_its_pipeline_is_awaited():
    async def described():
        pipeline = await aio.PipelineBuilder().with_records("sqlite://").build()
        return await pipeline.describe()

    assert asyncio.run(described())["stages"][0]["name"] == "geo"


def test_events_come_by_async_for_and_a_bundle_is_verified_by_the_class(tmp_path):
    async def told():
        pipeline = await aio.PipelineBuilder().build()
        selection = carbonost.GeoSelection(type="park_id", geometry="P1")
        scenario = carbonost.ScenarioParams(region="CN-JS", accounting_year=2025)
        kinds = [event.kind async for event in pipeline.stream(selection, scenario, carbonost.ParkData(), job_id="j")]
        job = await pipeline.job("j")
        path = await job.export(tmp_path / "j.zip")
        return kinds, await aio.Pipeline.verify(path), await aio.CarbonCalculator.hourly_match([2.0], [1.0], [0.5])

    kinds, checked, match = asyncio.run(told())
    assert kinds[0] == "stage.started"
    assert checked.problems == ()
    assert str(match) == str(carbonost.CarbonCalculator.hourly_match([2.0], [1.0], [0.5]))


def test_a_class_method_that_makes_the_object_stays_a_plain_call():
    assert isinstance(aio.PipelineBuilder.of(), aio.PipelineBuilder)


def test_a_store_is_faced(tmp_path):
    async def stored():
        objects = await aio.open_objects((tmp_path / "objects").as_uri())
        await objects.put("a/b.txt", b"x")
        return await objects.get("a/b.txt")

    assert asyncio.run(stored()) == b"x"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError):
        aio.Nothing  # noqa: B018

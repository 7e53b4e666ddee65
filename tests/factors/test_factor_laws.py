"""What holds for every region, day and date of knowledge."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.errors import FactorNotFoundError
from carbonost.factors import FactorLibrary, region, resolve
from carbonost.factors.tables import read

LIBRARY = FactorLibrary.default()
CODES = st.sampled_from(read("admin_codes")["code"].tolist())
DAYS = st.dates(date(2021, 1, 1), date(2028, 12, 31))
NEAR = st.dates(date(2021, 1, 1), date(2026, 12, 31))  # within five years of the first data year
KNOWN = st.dates(date(2024, 4, 12), date(2027, 1, 1))
OUTWARD = ["city", "province", "grid_region", "nation", "global"]


@given(CODES)
def test_every_region_leads_outward_to_the_world(code):
    found = region(code)
    levels = [OUTWARD.index(level) for _, level in found.chain]
    assert levels == sorted(levels)
    assert found.chain[0][0] == found.code
    assert found.chain[-1] == ("GLOBAL", "global")
    assert region(found.code) == found


@given(CODES, DAYS)
def test_every_mainland_place_has_one_grid_factor_on_every_day(code, day):
    if code[:2] in {"71", "81", "82"}:
        with pytest.raises(FactorNotFoundError):
            resolve(LIBRARY, "electricity", code, day)
        return
    found = resolve(LIBRARY, "electricity", code, day)
    assert found.level == ("nation" if code.startswith("54") else "province")
    assert found.fallback is code.startswith("54")
    assert found.data_year <= day.year
    assert found.stale is (found.data_year != day.year)


@given(NEAR, KNOWN, KNOWN)
def test_knowing_more_never_takes_the_answer_farther_from_the_year(day, one, other):
    early, late = sorted((one, other))
    years = [resolve(LIBRARY, "electricity", "CN-JS", day, as_of=known).data_year for known in (early, late)]
    assert abs(day.year - years[0]) >= abs(day.year - years[1])


@given(NEAR, KNOWN, st.sampled_from(["data_year", "latest_published"]))
def test_nothing_published_later_than_as_of_answers(day, known, vintage):
    found = resolve(LIBRARY, "electricity", "CN", day, as_of=known, vintage=vintage)
    assert LIBRARY.get(found.factor_id).published_on <= known


def test_many_threads_get_the_answers_one_gets():
    library = FactorLibrary.from_frame(LIBRARY.to_frame().query("region.str.startswith('CN')", engine="python"))
    asked = [(code, date(2021, 1, 1) + timedelta(days=37 * i)) for i, code in enumerate(["CN-JS", "苏州", "西藏"] * 20)]

    def ask(question):
        return resolve(library, "electricity", *question).factor_id, len(library.search(question[0]))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, asked)) == [ask(question) for question in asked]

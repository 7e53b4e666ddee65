"""Who is in the park: enterprises and facilities."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field

from carbonost.domain.scenario import SpokenModel
from carbonost.errors import InputError

_INDUSTRY: Final = re.compile(r"^[A-T]?\d{2,4}$|^[A-T]$")


class Entity(SpokenModel):
    """An enterprise or facility inside the boundary.

    Attributes
    ----------
    id, name : str
        The park's own id, and the name for reports.
    industry_code : str or None
        GB/T 4754-2017: a section letter, or two to four digits with or without it (C26, 26, C2614).
    credit_code : str or None
        统一社会信用代码.
    lon, lat : float or None [degree]
        WGS84.
    employees : int or None
        Yearly average.
    floor_area_m2, roof_area_m2 : float or None [m2]
        Built area and roof area.
    source : str
        Where the entry comes from.
    confidence : float
        0 to 1.
    """

    id: str
    name: str
    industry_code: str | None = None
    credit_code: str | None = None
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    employees: Annotated[int | None, Field(ge=0)] = None
    floor_area_m2: Annotated[float | None, Field(ge=0)] = None
    roof_area_m2: Annotated[float | None, Field(ge=0)] = None
    source: str = "declared"
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0

    def model_post_init(self, _context: object, /) -> None:
        """Refuse an industry code that cannot be one."""
        if self.industry_code is not None and not _INDUSTRY.match(self.industry_code):
            raise InputError(
                "not a GB/T 4754 code",
                "industry_code",
                self.industry_code,
                "Write a section letter and two to four digits, such as C26 or C2614.",
            )

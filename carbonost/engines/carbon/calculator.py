"""`CarbonCalculator`: activity data and factors to an inventory a verifier can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from carbonost.domain.activity import ActivityData, Contract
from carbonost.domain.period import Period, as_date
from carbonost.engines.carbon.context import Context
from carbonost.engines.carbon.engine import Engine
from carbonost.engines.carbon.fugitive import mass_balance_leak_kg
from carbonost.engines.carbon.heat import FEED_WATER_KJ_PER_KG, steam_energy_gj
from carbonost.engines.carbon.matching import hourly_match
from carbonost.engines.carbon.park.account import zero_carbon_park
from carbonost.engines.carbon.result import CarbonInventory
from carbonost.engines.carbon.rules import method_for
from carbonost.engines.carbon.scope3 import prepare
from carbonost.errors import InputError
from carbonost.factors.gwp import gwp_set
from carbonost.factors.library import FactorLibrary
from carbonost.factors.parameters import parameter_set as parameter_set_called
from carbonost.factors.regions import region as region_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from carbonost.domain.emission import EmissionResult
    from carbonost.domain.factor import Vintage
    from carbonost.engines.carbon.activities import Rows
    from carbonost.engines.carbon.matching import HourlyMatch
    from carbonost.engines.carbon.park.account import ZeroCarbonPark


class CarbonCalculator:
    """Compute greenhouse gas inventories.

    Parameters
    ----------
    factors : FactorLibrary or None
        None is the packaged library.
    gwp : str
        Global warming potentials: ``"AR4"``, ``"AR5"``, ``"AR6"`` or an edition.
    parameter_set : str or None
        Fuel parameters by standard and edition: ``"gbt32151.22-2024"``, ``"ndrc.steel"``, ``"ndrc.other"``,
        ``"ipcc2006"``; None is the one of the method.
    as_of : date or str or None
        Use only what was published by that day.
    vintage : {"data_year", "latest_published"}
        Which grid data year answers an accounting year.
    strict : bool
        Refuse a plain m3 of fuel gas.
    calculation_method : str or None
        ``"China_Standard"``, ``"IPCC_2006"``, ``"GHGP"``, ``"ISO14064"``; None is that of the row's nation.
    accelerate : bool
        Walk the rows in a loop compiled by numba: the same numbers, worth it for repeated large tables.

    Examples
    --------
    >>> calc = CarbonCalculator()
    >>> row = {"energy_type": "电力", "consumption": 100, "unit": "万kWh", "region": "苏州"}
    >>> inv = calc.calculate([row | {"period_start": "2023-01-01", "period_end": "2023-12-31"}])
    >>> round(inv.total_t("location_based"), 3), inv.trace(0).factor_id
    (582.7, 'cn.grid.2023.province.js')
    """

    def __init__(
        self,
        factors: FactorLibrary | None = None,
        *,
        gwp: str = "AR6",
        parameter_set: str | None = None,
        as_of: date | str | None = None,
        vintage: Vintage = "data_year",
        strict: bool = True,
        calculation_method: str | None = None,
        accelerate: bool = False,
    ) -> None:
        if vintage not in {"data_year", "latest_published"}:
            raise InputError("no such rule", "vintage", vintage, "Use data_year or latest_published.")
        if calculation_method is not None:
            method_for(calculation_method, "CN")
        self._context = Context(
            library=FactorLibrary.default() if factors is None else factors,
            gwp=gwp_set(gwp),
            parameter_set=None if parameter_set is None else parameter_set_called(parameter_set),
            calculation_method=calculation_method,
            as_of=None if as_of is None else as_date(as_of, "as_of"),
            vintage=vintage,
            strict=strict,
        )
        self._engine = Engine(self._context, accelerate=accelerate)

    @property
    def settings(self) -> dict[str, Any]:
        """What it takes to compute an inventory again, with the same library."""
        context = self._context
        return {
            "factors": context.library.digest,
            "gwp": context.gwp.edition,
            "parameter_set": None if context.parameter_set is None else context.parameter_set.name,
            "calculation_method": context.calculation_method,
            "as_of": None if context.as_of is None else context.as_of.isoformat(),
            "vintage": context.vintage,
            "strict": context.strict,
        }

    def calculate(
        self,
        activities: Rows,
        contracts: Iterable[Contract | dict[str, Any]] = (),
        errors: Literal["raise", "collect"] = "raise",
    ) -> CarbonInventory:
        """Return the inventory of activity rows.

        Parameters
        ----------
        activities : DataFrame, or iterable of ActivityData or dict
            Columns or fields as `ActivityData`; further columns serve `Inventory.by`.
        contracts : iterable of Contract or dict
            What stands behind the electricity, for the market-based total.
        errors : {"raise", "collect"}
            Refuse the table at the first sign of trouble, telling every row; or compute the rest and
            return the refused rows in `Inventory.rejected`.

        Raises
        ------
        InputError, UnitError, FactorError
            The one fault of the table.
        InputErrors
            Several faults, each naming row and field.
        OverclaimError
            If contracts claim more than was consumed.
        """
        if errors not in {"raise", "collect"}:
            raise InputError("no such choice", "errors", errors, "Use 'raise' or 'collect'.")
        read, lines, bases = self._engine.run(activities, errors)
        inventory = CarbonInventory(
            bases=bases,
            basis_index=lines.basis,
            consumption=lines.consumption,
            emissions_t=lines.emissions_t,
            start_day=lines.start_day,
            end_day=lines.end_day,
            source=read.frame,
            row=lines.row,
            share=lines.share,
            rejected=read.faults.frame(),
            settings=self.settings,
        )
        claims = [Contract.of(contract) for contract in contracts]
        return inventory.with_contracts(claims) if claims else inventory

    # ---- the specification's conveniences -----------------------------------------------------

    def calculate_scope1(self, inputs: Rows) -> list[EmissionResult]:
        """Return the direct emissions of each row.

        Raises
        ------
        InputError
            As `calculate`; also if a row belongs to another scope.
        """
        return self._one_scope(inputs, 1)

    def calculate_scope3(self, inputs: Rows, *, borrow: str | None = None) -> list[EmissionResult]:
        """Return the other indirect emissions of each row; as `calculate_scope1`.

        Names of common activities (``flight_long_haul``, ``waste_landfill``) find their packaged
        factor; ``borrow="GB"`` lets rows of other regions use the United Kingdom's, and says so.
        """
        rows = [inputs] if isinstance(inputs, (ActivityData, dict)) else inputs
        return self._one_scope(prepare(rows, self._context.library, borrow=borrow), 3)

    def _one_scope(self, inputs: Rows, scope: int) -> list[EmissionResult]:
        inventory = self.calculate(inputs)
        results = inventory.results()
        wrong = [(row, found) for row, found in enumerate(results) if found.scope != scope]
        if wrong:
            row, found = wrong[0]
            problem = f"{found.energy_type} belongs to scope {found.scope}, not {scope}"
            raise InputError(problem, "energy_type", found.energy_type, f"Use calculate_scope{found.scope}.", row)
        return results

    def calculate_scope2(
        self,
        electricity_kwh: Decimal | float,
        region: str,
        method: str = "location_based",
        period: Period | tuple[object, object] | str | int | None = None,
        contracts: Sequence[Contract | dict[str, Any]] = (),
    ) -> EmissionResult:
        """Return the emissions of purchased electricity by one of the two methods.

        Parameters
        ----------
        electricity_kwh : Decimal or float [kWh]
        region : str
        method : {"location_based", "market_based"}
            The location-based figure ignores `contracts`.
        period : (first day, last day), year or text, optional
            None is the last year the region's factor describes; the result says so.
        contracts : sequence of Contract or dict

        Raises
        ------
        InputError
            If the method is neither of the two.
        """
        if method not in {"location_based", "market_based"}:
            raise InputError("no such method", "method", method, "Use location_based or market_based.")
        when = self._last_year("electricity", region) if period is None else Period.of(period)
        row = {
            "energy_type": "electricity",
            "consumption": electricity_kwh,
            "unit": "kWh",
            "region": region,
            "period_start": when.start,
            "period_end": when.end,
        }
        inventory = self.calculate([row], contracts=contracts if method == "market_based" else ())
        result = inventory.results(method)[0]
        note = {} if period is not None else {"period_assumed": str(when)}
        return result.model_copy(update={"metadata": result.metadata | note})

    def steam_heat(
        self,
        mass_t: float,
        enthalpy_kj_per_kg: float,
        reference_enthalpy_kj_per_kg: float = FEED_WATER_KJ_PER_KG,
        factor: Mapping[str, Any] | str | None = None,
        *,
        region: str = "CN",
        period: Period | tuple[object, object] | str | int | None = None,
    ) -> EmissionResult:
        """Return the emissions of purchased steam from its mass and enthalpy; consumption is in GJ.

        Parameters
        ----------
        mass_t : float [t]
        enthalpy_kj_per_kg, reference_enthalpy_kj_per_kg : float [kJ/kg]
            Of the steam, and of the water it is counted from (20 °C by the guidelines).
        factor : mapping, factor id or None
            The supplier's own factor; None is the published default.
        """
        gj = float(steam_energy_gj(mass_t, enthalpy_kj_per_kg, reference_enthalpy_kj_per_kg))
        when = self._last_year("heat", region) if period is None else Period.of(period)
        row = {"energy_type": "steam", "consumption": gj, "unit": "GJ", "region": region, "factor": factor}
        inventory = self.calculate([row | {"period_start": when.start, "period_end": when.end}])
        return inventory.results()[0]

    def refrigerants(self, mass_balance: Mapping[str, Any]) -> EmissionResult:
        """Return the emissions of a refrigerant from its stock book; consumption is the leak in kg.

        Parameters
        ----------
        mass_balance : mapping
            ``refrigerant, opening_kg, purchased_kg, sold_or_returned_kg, closing_kg`` and
            ``capacity_increase_kg`` (0 if absent).

        Raises
        ------
        InputError
            If a field is missing or the book gives a negative leak.
        """
        names = ("opening_kg", "purchased_kg", "sold_or_returned_kg", "closing_kg")
        for name in ("refrigerant", *names):
            if name not in mass_balance:
                raise InputError("the stock book lacks this field", name, None, f"Give {name}=….")
        growth = mass_balance.get("capacity_increase_kg", 0.0)
        leak = mass_balance_leak_kg(**{name: mass_balance[name] for name in names}, capacity_increase_kg=growth)
        when = (
            self._last_year("electricity", "CN") if "period" not in mass_balance else Period.of(mass_balance["period"])
        )
        row = {"energy_type": mass_balance["refrigerant"], "consumption": float(leak), "unit": "kg"}
        inventory = self.calculate([row | {"period_start": when.start, "period_end": when.end}])
        return inventory.results()[0]

    @staticmethod
    def hourly_match(load_kwh: Any, clean_kwh: Any, grid_kg_per_kwh: Any) -> HourlyMatch:
        """Return how far clean energy meets the load hour by hour; see `carbonost.engines.carbon.hourly_match`."""
        return hourly_match(load_kwh, clean_kwh, grid_kg_per_kwh)

    def zero_carbon_park(
        self,
        activities: Rows,
        contracts: Sequence[Contract | dict[str, Any]] = (),
        production: Any = (),
        energy_coefficients: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> ZeroCarbonPark:
        """Return the account of a park by the national method; see `engines.carbon.park.account.zero_carbon_park`."""
        return zero_carbon_park(self.calculate, activities, contracts, production, energy_coefficients, **options)

    def _last_year(self, key: str, region: str) -> Period:
        """Return the last calendar year the packaged or given factors of a carrier describe."""
        library = self._context.library
        place = region_of(region, library.known_regions)
        rows = [row for code, _ in place.chain for row in library.by_key.get((key, code), ())]
        years = [int(library.columns.data_year[row]) for row in rows]
        if not any(years):  # an undated figure answers any year; the grid's last year is as good as another
            return self._last_year("electricity", "CN") if (key, region) != ("electricity", "CN") else Period.year(2023)
        return Period.year(max(years))

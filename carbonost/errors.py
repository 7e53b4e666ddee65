"""Every error carbonost raises, in one tree.

::

    CarbonostError
    ├── InputError (ValueError)                what you gave cannot be used: field, value, remedy
    │   ├── InputErrors (ExceptionGroup)       several faults of one table, each naming row and field
    │   ├── UnitError                          a unit that does not fit its carrier
    │   │   └── AmbiguousUnitError             a gas volume without its reference condition
    │   ├── UnknownEnergyTypeError             a carrier the factor data do not know
    │   ├── UnknownRegionError                 a region that is neither a code nor a known name
    │   ├── OverclaimError                     contracts above the consumption they claim
    │   ├── TariffError                        hours missing, overlapping, or without a price
    │   ├── GeometryError                      a boundary that is not one
    │   ├── FileFormatError                    a file whose content does not fit its schema
    │   └── NaiveTimestampError (StorageError) an instant without a zone
    ├── FactorError (LookupError)
    │   ├── FactorNotFoundError                no factor for carrier, region and date
    │   ├── FactorUseError                     a reduction-project factor in an inventory
    │   └── ImplausibleFactorError             a factor physics does not allow
    ├── MissingExtraError (ImportError)        an optional package is not installed
    ├── MissingLibraryError (OSError)          a system library (Pango …) is not installed
    ├── OptimizationError (RuntimeError)
    │   ├── InfeasibleError                    names the limit, when and by how much
    │   ├── UnboundedError
    │   └── SolverTimeoutError
    ├── FinanceError (ValueError)
    │   └── InconsistentMetricsError           metrics of one cash flow that contradict each other
    ├── ForecastError (ValueError)
    │   └── HistoryTooShortError
    ├── ReportError (RuntimeError)
    │   ├── MissingGlyphError                  a character no packaged font can draw
    │   ├── RefusedResourceError               a document asked for a file or an address
    │   ├── UnresolvedFigureError              a figure that is in no envelope
    │   └── UnresolvedCitationError
    ├── PipelineError (RuntimeError)
    │   ├── StageError                         a stage failed; the cause is chained
    │   │   └── StageBoundaryError             a stage returned what its boundary forbids
    │   ├── EnvelopeError (ValueError)         content that cannot be hashed or does not match its hash
    │   ├── ReviewError
    │   │   ├── NotEditableError               a patch outside the editable fields
    │   │   └── ReviewConflictError            the item is already decided
    │   ├── JobNotFoundError (LookupError)
    │   ├── JobLockedError                     another driver holds the job
    │   └── GraphVersionError                  the job was started by another graph
    ├── LanguageModelError (RuntimeError)      with ``retryable``
    │   └── UnsupportedFigureError             a figure in prose that is in no envelope
    └── StorageError (RuntimeError)            with ``retryable`` and a redacted ``target``
        ├── InvalidDataError (ValueError)      row, column
        ├── InvalidKeyError (ValueError)
        ├── NotFoundError (LookupError)
        ├── AlreadyExistsError
        ├── ConcurrencyConflict                expected, actual
        ├── TenantRequiredError
        ├── Unsupported                        capability
        ├── AuthError
        │   └── PermissionDeniedError
        ├── TransientError                     retryable
        │   └── StorageTimeout
        ├── PartialWrite                       stored, rejected
        ├── BeyondRetentionError
        ├── StorageFullError
        ├── ReadOnlyError
        ├── IntegrityError
        ├── ClosedError
        └── SchemaOutdatedError

Each error derives from `CarbonostError` and from the built-in it specialises, keeps its facts
as attributes, pickles, and ends with what to do. Standard library only.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

_VALUE_WIDTH = 80  # characters of a value that a message shows


class CarbonostError(Exception):
    """The root: ``except CarbonostError`` catches whatever this library raises on purpose."""


class _Fault(CarbonostError):
    """A problem told in one sentence, with the facts beside it."""

    def __init__(
        self,
        problem: str,
        field: str | None = None,
        value: object = None,
        remedy: str | None = None,
        row: int | str | None = None,
    ) -> None:
        super().__init__(problem, field, value, remedy, row)
        self.problem, self.field, self.value, self.remedy, self.row = problem, field, value, remedy, row

    def __str__(self) -> str:
        facts = []
        if self.row is not None:
            facts.append(f"row {self.row}")
        if self.field is not None:
            facts.append(f"field {self.field!r}")
        if self.value is not None:
            facts.append(f"value {_shown(self.value)}")
        head = f"{', '.join(facts)}: {self.problem}" if facts else self.problem
        return f"{head.rstrip('.')}. {self.remedy}" if self.remedy else head


def _shown(value: object) -> str:
    """A value as a reader would write it: numbers and instants without the package they come from."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    shown = repr(value)
    return shown if len(shown) <= _VALUE_WIDTH else shown[: _VALUE_WIDTH - 3] + "..."


class InputError(_Fault, ValueError):
    """What the caller gave cannot be used.

    Attributes
    ----------
    problem : str
        What is wrong, in one sentence.
    field, value, row
        Where it stands; None where it does not apply.
    remedy : str or None
        What to do about it.
    """


class InputErrors(ExceptionGroup[InputError], InputError):
    """Several faults of one table, told together; each names its row and field."""

    def __new__(cls, message: str, errors: Sequence[InputError]) -> Self:
        """Build the group; the standard library wants it here."""
        return super().__new__(cls, message, list(errors))

    def __init__(self, message: str, errors: Sequence[InputError]) -> None:
        ExceptionGroup.__init__(self, message, list(errors))
        self.problem, self.field, self.value, self.remedy, self.row = message, None, None, None, None

    def __str__(self) -> str:
        shown = [f"  - {error}" for error in self.exceptions[:20]]
        more = len(self.exceptions) - len(shown)
        if more > 0:
            shown.append(f"  … and {more} more")
        return f"{self.message} ({len(self.exceptions)} faults)\n" + "\n".join(shown)

    def derive(self, excs: Sequence[Any], /) -> Any:
        """Keep the class when ``except*`` splits the group."""
        return InputErrors(self.message, excs)


def raise_faults(message: str, errors: Sequence[InputError]) -> None:
    """Raise nothing, the one fault, or all of them as `InputErrors`."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise InputErrors(message, errors)


class UnitError(InputError):
    """A unit is unknown, or does not fit its carrier."""


class AmbiguousUnitError(UnitError):
    """A unit that could mean several amounts, such as a plain m3 of gas."""


class UnknownEnergyTypeError(InputError):
    """A carrier the factor data do not know; the remedy names the nearest."""


class UnknownRegionError(InputError):
    """A region that is neither a code nor a known name."""


class OverclaimError(InputError):
    """Contracts, certificates or supplies above the consumption they claim."""


class TariffError(InputError):
    """A tariff whose hours are missing or overlap, or whose price is not known."""


class GeometryError(InputError):
    """A boundary that does not enclose an area in its stated datum."""


class FileFormatError(InputError):
    """A file whose content does not fit its schema; `field` starts with the file's name."""


class FactorError(CarbonostError, LookupError):
    """The factor library cannot answer."""


class FactorNotFoundError(FactorError):
    """No factor answers the request.

    Attributes
    ----------
    key, region, on
        What was asked for.
    nearest
        Validity of the closest factor that does exist, or None.
    row, field
        The row that asked, where a table did.
    """

    field = "energy_type"

    def __init__(
        self, key: str, region: str, on: date | str, nearest: str | None = None, row: int | str | None = None
    ) -> None:
        super().__init__(key, region, on, nearest, row)
        self.key, self.region, self.on, self.nearest, self.row = key, region, on, nearest, row
        self.value = key

    def __str__(self) -> str:
        known = f"the nearest is {self.nearest}" if self.nearest else "none is known for that region"
        asked = "" if self.row is None else f"row {self.row}: "
        return (
            f"{asked}no emission factor {self.key!r} for {self.region} on {self.on}: {known}. "
            f"Give the row its own factor=…, or merge a FactorLibrary that holds one."
        )


class FactorUseError(_Fault, FactorError):
    """A factor is asked to serve a purpose it was not published for."""


class ImplausibleFactorError(_Fault, FactorError):
    """A factor outside what physics or its neighbours allow."""


class MissingExtraError(CarbonostError, ImportError):
    """An optional package is not installed.

    Attributes
    ----------
    wanted, package, extra : str
        What was asked for, the package it needs, and the extra that brings it.
    """

    def __init__(self, wanted: str, package: str, extra: str) -> None:
        super().__init__(wanted, package, extra)
        self.wanted, self.package, self.extra = wanted, package, extra

    def __str__(self) -> str:
        return f"{self.wanted} needs {self.package}: pip install 'carbonost[{self.extra}]'"


class MissingLibraryError(_Fault, OSError):
    """A system library is not installed; the remedy is the line that installs it."""


class OptimizationError(CarbonostError, RuntimeError):
    """The solver did not return an optimal plan."""


class InfeasibleError(OptimizationError):
    """No plan keeps every limit.

    Attributes
    ----------
    limit : str
        The limit that cannot be kept.
    at : object
        The first instant it is broken, or None for a limit over the whole horizon.
    by : float
        By how much, in the limit's own unit.
    also : tuple of (limit, at, by)
        Further limits that have to give way with it.
    """

    def __init__(self, limit: str, at: object, by: float, also: tuple[tuple[str, object, float], ...] = ()) -> None:
        super().__init__(limit, at, by, also)
        self.limit, self.at, self.by, self.also = limit, at, by, also

    def __str__(self) -> str:
        when = f" at {self.at}" if self.at is not None else ""
        if math.isnan(self.by):
            return f"no plan keeps {self.limit}{when}. Relax them one at a time to see which stands in the way."
        others = "".join(f"; {limit} is short by {by:.6g}" for limit, _, by in self.also)
        return (
            f"no plan keeps {self.limit}{when}: it is short by {self.by:.6g}{others}. "
            f"Relax {'these limits' if self.also else 'that limit'} by at least as much."
        )


class UnboundedError(_Fault, OptimizationError):
    """The cost can fall without end; a price or a limit is missing."""


class SolverTimeoutError(_Fault, OptimizationError):
    """The time limit ended before an optimal plan was proved."""


class FinanceError(CarbonostError, ValueError):
    """A cash flow that cannot be valued."""


class InconsistentMetricsError(_Fault, FinanceError):
    """Metrics that cannot belong to one cash flow."""


class ForecastError(_Fault, ValueError):
    """A history a forecast cannot be made from."""


class HistoryTooShortError(ForecastError):
    """The history is shorter than the model needs."""


class ReportError(CarbonostError, RuntimeError):
    """A report cannot be written."""


class MissingGlyphError(_Fault, ReportError):
    """A character no packaged font can draw."""


class RefusedResourceError(_Fault, ReportError):
    """A document asked for a file or an address outside the allow-list."""


class UnresolvedFigureError(_Fault, ReportError):
    """A figure is asked for that stands in no envelope."""


class UnresolvedCitationError(_Fault, ReportError):
    """A citation that leads to no document."""


class PipelineError(CarbonostError, RuntimeError):
    """A job cannot go on."""


class StageError(_Fault, PipelineError):
    """A stage failed; the cause is chained."""


class StageBoundaryError(StageError):
    """A stage returned what its declared boundary forbids."""


class EnvelopeError(_Fault, PipelineError, ValueError):
    """Content that is not plain JSON, or does not match its hash."""


class ReviewError(_Fault, PipelineError):
    """A review decision cannot be taken."""


class NotEditableError(ReviewError):
    """A patch reaches outside the stage's editable fields."""


class ReviewConflictError(ReviewError):
    """The review item is already decided."""


class JobNotFoundError(_Fault, PipelineError, LookupError):
    """No job has this id."""


class JobLockedError(_Fault, PipelineError):
    """Another driver holds the job."""


class GraphVersionError(_Fault, PipelineError):
    """The job was started by another graph version."""


class LanguageModelError(_Fault, RuntimeError):
    """A language model did not answer usefully; the pipeline falls back to its template."""

    retryable = False


class UnsupportedFigureError(LanguageModelError):
    """Prose holds a figure that is in no envelope."""


class StorageError(_Fault, RuntimeError):
    """A store refused or failed; the vendor's exception is chained, never passed on.

    Attributes
    ----------
    retryable : bool
        Whether the same call may succeed later.
    target : str or None
        The store's address without its credentials.
    """

    retryable = False

    def __init__(
        self,
        problem: str,
        field: str | None = None,
        value: object = None,
        remedy: str | None = None,
        row: int | str | None = None,
        *,
        target: str | None = None,
        **facts: object,
    ) -> None:
        super().__init__(problem, field, value, remedy, row)
        self.target = target
        self.__dict__.update(facts)


class InvalidDataError(StorageError, ValueError):
    """A row that cannot be stored; `row` and `column` name it."""

    @property
    def column(self) -> str | None:
        """The column the fault stands in."""
        return self.field


class NaiveTimestampError(StorageError, InputError):
    """An instant without a zone."""


class InvalidKeyError(StorageError, ValueError):
    """A key the store cannot hold."""


class NotFoundError(StorageError, LookupError):
    """Nothing is stored there."""


class AlreadyExistsError(StorageError):
    """Something is stored there already."""


class ConcurrencyConflict(StorageError):
    """The item changed since it was read; `expected` and `actual` are its versions."""

    expected: object
    actual: object


class TenantRequiredError(StorageError):
    """A record was asked for without naming the organisation."""


class Unsupported(StorageError):
    """The live server does not offer `capability`."""

    capability: str


class AuthError(StorageError):
    """The store refused the credentials."""


class PermissionDeniedError(AuthError):
    """The credentials do not allow this."""


class TransientError(StorageError):
    """A passing fault; the same call may succeed later."""

    retryable = True


class StorageTimeout(TransientError):
    """The store did not answer in time."""


class PartialWrite(StorageError):
    """Part of a batch was stored.

    Attributes
    ----------
    stored : int
        Rows that stand for certain.
    rejected : int or None
        Rows the server refused; None where it does not say how many.
    resend : DataFrame
        The readings to write again once the cause is gone; writing the whole batch is as good.
    """

    stored: int
    rejected: int | None
    resend: Any


class BeyondRetentionError(StorageError):
    """A reading older than the store keeps."""


class StorageFullError(StorageError):
    """The disk or the quota is full."""


class ReadOnlyError(StorageError):
    """The store cannot be written."""


class IntegrityError(StorageError):
    """Stored bytes do not match their hash."""


class ClosedError(StorageError):
    """The store is closed."""


class SchemaOutdatedError(StorageError):
    """The database schema is older or newer than this version; the remedy is the migration command."""

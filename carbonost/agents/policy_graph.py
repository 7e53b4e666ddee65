"""Which clauses apply: analysis point → clause → applicable object → evidence, matched by structure alone.

A clause of a province applies to its districts, a code of an industry to its classes (C26 to C2614), and
only while it is in force on the day asked about. Excerpts are the documents' own words, checked by hash;
what stands in them changes nothing but what is quoted.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.scenario import SpokenModel
from carbonost.errors import FileFormatError, InputError
from carbonost.factors import table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    Tables = Mapping[str, list[dict[str, str]]]

NAMES: Final = ("documents", "clauses", "analysis_points", "applicability")
EXCERPT_MAX: Final = 200
_NATION: Final = "CN"
_DEAD: Final = frozenset({"repealed", "expired_scope", "superseded_for_new_years"})


class MatchedClause(SpokenModel):
    """A clause that applies, and why it does.

    Attributes
    ----------
    clause_id, doc_id, title, clause_no, citation_no
        What to cite.
    excerpt, excerpt_sha256 : str
        The document's own words, at most 200 characters; empty where only the title was read.
    effective_date : str or None
        None where the date was not read.
    scope : str
        Region and industry the clause is for.
    analysis_point_ids, measure_ids : tuple of str
    matched_by : dict
        Region, industry and measures that made it match.
    legal_status, status : str
        Of the document in law; and how the text was read.
    """

    clause_id: str
    doc_id: str
    title: str
    clause_no: str
    citation_no: str
    excerpt: str
    excerpt_sha256: str
    effective_date: str | None
    scope: str
    analysis_point_ids: tuple[str, ...]
    measure_ids: tuple[str, ...]
    matched_by: dict[str, Any]
    legal_status: str
    status: str


@dataclass(frozen=True)
class PolicyMatch:
    """Clauses that apply, by citation number, and how many were left out for which reason."""

    clauses: tuple[MatchedClause, ...]
    excluded: dict[str, int]


class PolicyGraph:
    """Documents, clauses and whom they apply to.

    Raises
    ------
    InputError
        If an excerpt is too long or does not match its hash, or a clause names no document.
    """

    def __init__(self, tables: Tables) -> None:
        self.documents = {row["doc_id"]: row for row in tables["documents"]}
        self.clauses = {row["clause_id"]: row for row in tables["clauses"]}
        self.points = {row["analysis_point_id"]: row for row in tables["analysis_points"]}
        self.applicability = list(tables["applicability"])
        for name, row in self.clauses.items():
            _check_clause(name, row, self.documents)
        body = json.dumps({name: tables[name] for name in NAMES}, sort_keys=True, ensure_ascii=False)
        self.digest = hashlib.sha256(body.encode()).hexdigest()

    @classmethod
    def default(cls) -> PolicyGraph:
        """Return the packaged graph."""
        return cls({name: _texts(table(f"policy_{name}").to_dict("records")) for name in NAMES})

    @classmethod
    def from_files(cls, place: Path | str) -> PolicyGraph:
        """Read a JSON file of the four tables, or a folder with one CSV file each.

        Raises
        ------
        FileFormatError
            If a table is missing or cannot be read.
        """
        place = Path(place)
        try:
            if place.is_dir():
                import pandas as pd

                frames = {n: pd.read_csv(place / f"{n}.csv", dtype=str, keep_default_na=False) for n in NAMES}
                return cls({name: _texts(frame.to_dict("records")) for name, frame in frames.items()})
            body = json.loads(place.read_text("utf-8-sig"))
            return cls({name: _texts(body[name]) for name in NAMES})
        except (OSError, KeyError, ValueError, AttributeError) as exc:
            if isinstance(exc, InputError):
                raise
            raise FileFormatError(
                "not a policy graph", place.name, str(exc)[:80], f"Needed: {', '.join(NAMES)}."
            ) from exc

    def match(
        self,
        region_admin_codes: Iterable[str],
        industry_codes: Iterable[str],
        measure_ids: Iterable[str],
        as_of: date,
    ) -> PolicyMatch:
        """Return the clauses that apply on a day.

        Parameters
        ----------
        region_admin_codes : iterable of str
            GB/T 2260 codes of the place; each lies in its province and city by its digits.
        industry_codes : iterable of str
            GB/T 4754 codes, with or without their letter; empty asks for every industry.
        measure_ids : iterable of str
            Measures considered; empty asks for every measure.
        as_of : date
        """
        regions, industries, measures = set(region_admin_codes), set(industry_codes), set(measure_ids)
        found: dict[str, MatchedClause] = {}
        excluded: Counter[str] = Counter()
        for row in self.applicability:
            region = _region_of(row["admin_code"], regions)
            industry = _industry_of(row["industry_code"], industries)
            wanted = {one for one in row["measure_ids"].split(";") if one}
            common = sorted(wanted & measures) if measures else sorted(wanted)
            if region is None or industry is None or (wanted and not common):
                continue
            reason = _not_in_force(row, as_of)
            if reason is not None:
                excluded[reason] += 1
                continue
            why = {"region": region, "industry": industry, "measures": common}
            found.setdefault(row["clause_id"], self._matched(row, why))
        ordered = sorted(found.values(), key=lambda one: (int(one.citation_no), one.clause_id))
        return PolicyMatch(tuple(ordered), dict(sorted(excluded.items())))

    def by_point(self, clauses: Collection[MatchedClause]) -> list[dict[str, Any]]:
        """Return analysis points with the citation numbers of the clauses given, every one resolvable."""
        rows = []
        for name, point in self.points.items():
            cited = [one.citation_no for one in clauses if name in one.analysis_point_ids]
            if cited:
                rows.append({"analysis_point_id": name, "name": point["name_zh"], "citation_nos": cited})
        return rows

    def _matched(self, row: Mapping[str, str], why: dict[str, Any]) -> MatchedClause:
        clause = self.clauses[row["clause_id"]]
        document = self.documents[clause["doc_id"]]
        return MatchedClause(
            clause_id=row["clause_id"],
            doc_id=clause["doc_id"],
            title=document["title"],
            clause_no=clause["clause_no"],
            citation_no=clause["citation_no"],
            excerpt=clause["excerpt"],
            excerpt_sha256=clause["excerpt_sha256"],
            effective_date=row["valid_from"] or None,
            scope=f"{row['admin_code']} / {row['industry_code']}",
            analysis_point_ids=tuple(one for one in clause["analysis_point_ids"].split(";") if one),
            measure_ids=tuple(one for one in row["measure_ids"].split(";") if one),
            matched_by=why,
            legal_status=row["doc_status"],
            status=clause["status"],
        )


def _texts(rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, str]]:
    return [{str(key): "" if value is None else str(value) for key, value in row.items()} for row in rows]


def _check_clause(name: str, row: Mapping[str, str], documents: Mapping[str, object]) -> None:
    if row["doc_id"] not in documents:
        raise InputError("a clause of an unknown document", f"clauses.{name}.doc_id", row["doc_id"], "Add it.")
    excerpt = row["excerpt"]
    if len(excerpt) > EXCERPT_MAX:
        raise InputError("an excerpt is longer than 200 characters", f"clauses.{name}", len(excerpt), "Quote less.")
    if excerpt and hashlib.sha256(excerpt.encode()).hexdigest() != row["excerpt_sha256"]:
        raise InputError("an excerpt does not match its hash", f"clauses.{name}", excerpt[:20], "Quote it verbatim.")


def _region_of(wanted: str, regions: set[str]) -> str | None:
    """Return the code that lies in the clause's region, or None."""
    if wanted == _NATION:
        return _NATION
    stem = wanted[:2] if wanted[2:] == "0000" else wanted[:4] if wanted[4:] == "00" else wanted
    return next((code for code in sorted(regions) if code.startswith(stem)), None)


def _industry_of(wanted: str, industries: set[str]) -> str | None:
    """Return the industry that falls under the clause's code, or None."""
    if wanted == "*" or not industries:
        return wanted
    letter, digits = wanted[:1], wanted[1:]
    for code in sorted(industries):
        has_letter = code[:1].isalpha()
        own = code[1:] if has_letter else code
        if (not has_letter or code[0] == letter) and (own.startswith(digits) if digits else has_letter):
            return code
    return None


def _not_in_force(row: Mapping[str, str], as_of: date) -> str | None:
    """Return why a clause does not apply on a day, or None if it does."""
    if row["doc_status"] == "drafting":
        return "drafting"
    if row["valid_from"] and date.fromisoformat(row["valid_from"]) > as_of:
        return "not yet effective"
    if row["valid_to"] and date.fromisoformat(row["valid_to"]) < as_of:
        return "expired"
    if row["doc_status"] in _DEAD and not row["valid_to"]:
        return row["doc_status"]
    return None

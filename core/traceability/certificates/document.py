"""A document as what it says, before it is set in type: the service makes it, another process makes the PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Heading(_Part):
    """Begins a section."""

    kind: Literal["heading"] = "heading"
    text: str


class Paragraph(_Part):
    """Running text."""

    kind: Literal["paragraph"] = "paragraph"
    text: str


class Facts(_Part):
    """Names and values beside each other."""

    kind: Literal["facts"] = "facts"
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, its share of the width, and whether its cells are numbers, flush right."""

    head: str
    share: float
    is_number: bool = False


class Table(_Part):
    """A table; its head stands on each page that it reaches."""

    kind: Literal["table"] = "table"
    columns: list[Column]
    rows: list[list[str]]


class Chart(_Part):
    """Points and a curve through them."""

    kind: Literal["chart"] = "chart"
    points: list[Point]
    curve: list[Point]
    x_label: str
    y_label: str


Part = Annotated[Heading | Paragraph | Facts | Table | Chart, Field(discriminator="kind")]


class Document(BaseModel):
    """A document.

    Attributes:
        foot: stands at the foot of each page.
        made_s: when what it tells of was done, in UTC seconds since 1970.
        parts: from the top of the first page to as many pages as it takes.
    """

    title: str
    author: str
    foot: str
    made_s: float
    parts: list[Part] = []

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.parts.append(Heading(text=text))

    def text(self, text: str) -> None:
        """Add a paragraph; an empty one is left out."""
        if text:
            self.parts.append(Paragraph(text=text))

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Add names and values beside each other; a fact without a value is left out."""
        self.parts.append(Facts(facts=[(name, value) for name, value in facts if value]))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        self.parts.append(Table(columns=list(columns), rows=[list(row) for row in rows]))

    def chart(self, points: Sequence[Point], curve: Sequence[Point], x_label: str, y_label: str) -> None:
        """Add a chart of points and a curve through them."""
        self.parts.append(Chart(points=list(points), curve=list(curve), x_label=x_label, y_label=y_label))

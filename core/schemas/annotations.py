"""Notes on an experiment's time axis."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from core.schemas.bodies import Body

LONGEST_TEXT = 2000
LONGEST_WHO = 100
_Text = Annotated[str, Field(max_length=LONGEST_TEXT, description="What there is to say; not only blanks.")]
_Moment = Annotated[str, Field(description="The moment it is about, UTC.", examples=["2031-02-03T04:05:06.789Z"])]


class AnnotationItem(BaseModel):
    """A note."""

    id: int
    experiment: str
    t: str = Field(description="The moment it is about.")
    text: str
    who: str = Field(description="Who wrote it: a name where one was given, else an address.")
    recorded_at: str = Field(description="When it was written down.")
    changed_at: str | None = Field(description="When it was last changed.")


class NewAnnotation(Body):
    """A note to write down."""

    text: _Text
    t: _Moment | None = Field(default=None, description="The moment it is about; now when left out.")
    who: str | None = Field(default=None, max_length=LONGEST_WHO, description="Name of whoever writes it.")


class AnnotationChange(Body):
    """What to change of a note; what is left out stays."""

    text: _Text | None = None
    t: _Moment | None = None

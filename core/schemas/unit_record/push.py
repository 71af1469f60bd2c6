"""Pushing the unit record to a TofuPilot server: what is chosen, how it stands, what waits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.schemas.bodies import Body
from core.schemas.unit_record.fields import RunOutcome
from core.schemas.unit_record.shared import ListQuery

MOST_ID = 2**53
_KEY = r"^[\x21-\x7e]*$"
_Address = Annotated[str | None, Field(max_length=500, description="The server, such as https://tofupilot.example.")]
_Key = Annotated[
    str | None,
    Field(max_length=500, pattern=_KEY, description="A key of the server. It is never shown again."),
]
_PlainHttp = Annotated[
    bool | None, Field(description="Send key and record without encryption, also beyond this computer.")
]


class PushChange(Body):
    """What to change; what is left out stays. With another server the former one's key is forgotten."""

    url: _Address = None
    api_key: _Key = Field(default=None, description="A key of the server; empty: forget the key.")
    allow_plain_http: _PlainHttp = None
    is_on: bool | None = Field(default=None, description="Push what is written to the record from now on.")


class PushTest(Body):
    """What to try; what is left out is taken from the settings. A kept key is tried on its own server only."""

    url: _Address = None
    api_key: _Key = None
    allow_plain_http: _PlainHttp = None


class Retry(Body):
    """What to try again; everything that was refused when left out."""

    ids: list[Annotated[int, Field(ge=1, le=MOST_ID)]] | None = Field(
        default=None, max_length=1000, description="Of what waits."
    )


class PushTrouble(BaseModel):
    """What went wrong."""

    what: str = Field(description="What happened, and why.")
    remedy: str = Field(description="What to do next.")
    at: str = Field(description="When, UTC.")


class PushState(BaseModel):
    """What is chosen and how it stands. Of the key only the end is shown."""

    is_on: bool
    url: str = Field(description="The server; empty for none.")
    allow_plain_http: bool
    has_key: bool
    key_last4: str | None = Field(description="The last four characters of the key; null for none or a short one.")
    state: Literal["off", "idle", "sending", "waiting", "paused"] = Field(
        description="`idle`: nothing waits. `waiting`: for the moment of the next try. `paused`: for somebody."
    )
    paused: PushTrouble | None = Field(description="Why it is paused.")
    last_error: PushTrouble | None = Field(description="The newest trouble since something was last sent.")
    next_try_at: str | None = Field(description="UTC; null unless it waits.")
    last_sent_at: str | None = Field(description="When something was last sent, UTC.")
    waiting_units: int
    waiting_runs: int
    waiting_files: int
    stopped_count: int = Field(description="What the server refused: it waits for somebody to look at it.")
    earlier_run_count: int = Field(description="Runs of the record that neither wait nor were sent.")
    left_out_count: int = Field(description="What did not fit into the queue; send earlier runs to have it sent.")
    most_waiting: int = Field(description="How much the queue holds.")


class PushTestResult(BaseModel):
    """What the server said to the key."""

    ok: bool
    what: str
    remedy: str = Field(description="What to do next; empty when all is well.")


class Queued(BaseModel):
    """How much was put into the queue."""

    count: int


class PendingQuery(ListQuery):
    """What a list of what waits is asked for with."""

    is_stopped: bool | None = Field(default=None, description="Only what was refused, or only the rest.")


class PendingItem(BaseModel):
    """Something that waits to be sent."""

    id: int
    kind: Literal["unit", "run", "unit_file", "run_file"]
    serial_number: str = Field(description="Of the unit it is of.")
    run_id: str | None
    procedure_name: str | None
    outcome: RunOutcome | None
    started_at: str | None
    file_name: str | None
    is_stopped: bool = Field(description="The server refused it; it is sent when it is tried again.")
    reason: str = Field(description="What the server said last; empty when it has not been tried.")
    remedy: str

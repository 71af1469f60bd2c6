"""Rules that act in runs: one run at a time, and each results in an event."""

from __future__ import annotations

import asyncio
from typing import Any

from core.automations.automation import Automation, AutomationEvent, EventName
from core.plugins.api import BoardError, Config, JobState, ServiceError


class RunningAutomation(Automation):
    """A rule with an `execute`; whoever asks for a run while one is under way gets one more afterwards, not several."""

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._asked = asyncio.Event()
        self._is_running = False

    async def execute(self) -> AutomationEvent | None:
        """Act; return what was done, None for nothing worth telling."""
        return AutomationEvent(EventName.NONE)

    async def set_up(self) -> None:
        """Begin to wait for runs that are asked for."""
        await super().set_up()
        self.spawn(self._run_when_asked())

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._is_running

    def ask_for_run(self) -> None:
        """Run as soon as the run under way, if any, is over."""
        self._asked.set()

    async def _run_when_asked(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self.state is JobState.READY:
                self._is_running = True
                event = await self._run()
                self._is_running = False
                self.tell(event)

    async def _run(self) -> AutomationEvent | None:
        try:
            return await self.execute()
        except (ServiceError, BoardError) as error:
            remedy = error.remedy
            return AutomationEvent(EventName.ERROR, f"{str(error).rstrip('.')}. {remedy}".rstrip())
        except Exception as error:
            self.log.exception("This run went wrong; the rule goes on.")
            return AutomationEvent(EventName.ERROR, f"{type(error).__name__}: {error}")

"""The button that has the unit test itself: the self-test, and the check of its hardware."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from gui import background
from gui.icons import icon, show_icon
from gui.service_client import ServiceClient
from gui.toast import toaster_for
from gui.widgets.ask_dialog import AskDialog

_SELF_TEST = "/unit_api/jobs/run/job_name/self_test"
_HARDWARE_CHECK = "/unit_api/hardware/check"


class UnitTests(QPushButton):
    """Offers the tests; each ends as a run in the record.

    Signals:
        self_test_asked: the unit shall test itself, when whoever asked has said that it may.
    """

    self_test_asked = Signal()

    def __init__(self, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(self.tr("Test"))
        show_icon(self, "check")
        self._client = client
        self._model: dict[str, str] | None = None
        menu = QMenu(self)
        self.self_test_action = menu.addAction(icon("check"), self.tr("Self-test, with a vial of water…"))
        self.check_action = menu.addAction(icon("board"), self.tr("Check the hardware; nothing moves"))
        self.setMenu(menu)
        self.self_test_action.triggered.connect(self.self_test_asked)
        self.check_action.triggered.connect(self.check_hardware)

    def offer(self, record: dict[str, Any], *, is_possible: bool) -> None:
        """Offer what can be done now; `record` is what the service says of it as a whole."""
        model = {key: record.get(key) for key in ("model_name", "model_version")}
        self._model = None if None in model.values() else {key: str(value) for key, value in model.items()}
        self.setEnabled(is_possible)
        self.check_action.setEnabled(self._model is not None)

    def show_testing(self, is_testing: bool) -> None:
        """Say whether the self-test runs: it takes minutes, and a second one would be refused."""
        self.setText(self.tr("Self-test runs…") if is_testing else self.tr("Test"))
        show_icon(self, "working" if is_testing else "check")
        self.self_test_action.setEnabled(not is_testing)

    def check_hardware(self) -> None:
        """Have the board checked against the reactor model this unit is configured as."""
        if self._model is not None:
            background.run(self._check_hardware(self._model), self)

    async def _check_hardware(self, model: dict[str, str]) -> None:
        result = await self._client.run_task(_HARDWARE_CHECK, dict(model))
        failed = [check for check in result["checks"] if not check["ok"]]
        if failed:
            self._tell(self.tr("The hardware does not fit"), failed[0]["detail"], "alarm")
        else:
            told = self.tr("{} checks passed; the run with all that was measured is in the record.")
            self._tell(self.tr("The hardware fits"), told.format(len(result["checks"])))

    def _tell(self, headline: str, detail: str, tone: str = "ok") -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(headline, detail, tone)


class SelfTestDialog(AskDialog):
    """Asks whether the unit shall test itself now."""

    def __init__(self, client: ServiceClient, parent: QWidget) -> None:
        super().__init__(
            self.tr("Run the self-test?"),
            self.tr(
                "For about three minutes it lights, heats and stirs what is in the unit. Put a vial of water with a "
                "stir bar into its place first, and no culture."
            ),
            self.tr("Run self-test"),
            parent,
        )
        self._client = client
        self.act_button.clicked.connect(self._do)

    def _do(self) -> None:
        self.carry_out(self._ask())

    async def _ask(self) -> None:
        await self._client.run_task(_SELF_TEST, {})
        toaster = toaster_for(self)
        if toaster is not None:
            told = self.tr("It takes some minutes; its run appears here at the end.")
            toaster.show(self.tr("The self-test runs"), told, "ok")

"""The look: colours, sizes and fonts by name, light and dark, and the one application-wide style sheet.

Widgets say what they are (`set_role(label, "caption")`, `set_tone(label, "warn")`) and never carry a style sheet of
their own. Plots ask for colours here and redraw on `palette_changed`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.resources import files
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

SPACE_PX = 8
BETWEEN_PX = 16
AROUND_PX = 24
CORNER_PX = 6


@dataclass(frozen=True)
class Tokens:
    """The colours of one scheme, by what they are for."""

    surface: str
    raised: str
    sunken: str
    line: str
    text: str
    quiet: str
    faint: str
    accent: str
    on_accent: str
    accent_soft: str
    ok: str
    note: str
    warn: str
    alarm: str
    ok_soft: str
    note_soft: str
    warn_soft: str
    alarm_soft: str


LIGHT = Tokens(
    surface="#FAFAF8", raised="#FFFFFF", sunken="#F0F0EC", line="#DEDED8",
    text="#1B1D1F", quiet="#5B6066", faint="#8B9096",
    accent="#0B6E66", on_accent="#FFFFFF", accent_soft="#DDEDEB",
    ok="#2F7D32", note="#1F5FA8", warn="#9A6700", alarm="#B3261E",
    ok_soft="#EDF6ED", note_soft="#E9F1FA", warn_soft="#FCF6E6", alarm_soft="#FBEAE8",
)  # fmt: skip
DARK = Tokens(
    surface="#16181A", raised="#1E2124", sunken="#101214", line="#2E3236",
    text="#ECEDEE", quiet="#A8AEB4", faint="#70767C",
    accent="#4FC1B3", on_accent="#08211E", accent_soft="#1C3532",
    ok="#7BC67E", note="#7FB4F0", warn="#E3B341", alarm="#F2877F",
    ok_soft="#1D2E1F", note_soft="#1B2A3C", warn_soft="#33290F", alarm_soft="#3A1F1D",
)  # fmt: skip

# Colours of signals, told apart by the colour-blind: Okabe and Ito, "Color Universal Design", 2008.
_ANGLE_45, _ANGLE_90, _ANGLE_135 = "#009E73", "#0072B2", "#E69F00"
_SERIES: dict[str, str] = {
    "od_fused": "#CC79A7",
    "od_filtered": "#CC79A7",
    "growth_rate": "#D55E00",
    "temperature": "#56B4E9",
    # Ours: quieter than the culture's.
    "board_temperature": "#7D919C",
    "media_pump": "#0072B2",
    "alt_media_pump": "#CC79A7",
    "waste_pump": "#E69F00",
    # Ours: quiet, told from the grey of references, and of contrast 3:1 on light and dark.
    "measured_rpm": "#94819E",
    "current_volume_ml": "#9B7B4F",
    "light": "#A88700",
}
_ANGLES = {"45": _ANGLE_45, "90": _ANGLE_90, "135": _ANGLE_135}
# Which signals get which colour while their angle is not known: the usual wiring has REF on 1, then 90° and others.
_BY_CHANNEL = {"1": _ANGLE_45, "2": _ANGLE_90, "3": _ANGLE_135, "4": "#CC79A7"}


class Theme(QObject):
    """The application's look; `palette_changed` says that colours must be read again."""

    palette_changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._wanted = "system"
        application.styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def wanted(self) -> str:
        """What was chosen: "system", "light" or "dark"."""
        return self._wanted

    @property
    def is_dark(self) -> bool:
        """Whether the dark scheme is shown now."""
        if self._wanted == "system":
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._wanted == "dark"

    @property
    def tokens(self) -> Tokens:
        """The colours shown now."""
        return DARK if self.is_dark else LIGHT

    def choose(self, wanted: str) -> None:
        """Show "light", "dark", or whatever the "system" shows; anything else counts as "system"."""
        self._wanted = wanted if wanted in ("light", "dark") else "system"
        self.apply()

    def apply(self) -> None:
        """Dress the application: Fusion, our palette, our font size and the style sheet."""
        application = self._application
        application.setStyle(QStyleFactory.create("Fusion"))
        application.setPalette(_palette(self.tokens))
        application.setStyleSheet(_style_sheet(self.tokens))
        self.palette_changed.emit()

    def colour(self, token: str) -> QColor:
        """Return a token's colour: "text", "line", "accent", "alarm", ..."""
        return QColor(str(getattr(self.tokens, token)))

    def _follow_system(self) -> None:
        if self._wanted == "system":
            self.apply()


def current() -> Theme:
    """Return the application's theme; it is made on first use."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("The theme belongs to an application; create that first.")
    theme = application.findChild(Theme)
    return theme if theme is not None else Theme(application)


def colour_of(series: str, angle: str | None = None) -> QColor:
    """Return the colour a series has on every page, card and export.

    Args:
        series: `od1`, `raw_od2`, `calibrated_od1`, `measured_rpm`, `temperature`, ...
        angle: of an optical density channel in degrees ("45", "90", "135"), where it is known.
    """
    if angle in _ANGLES:
        return QColor(_ANGLES[angle])
    if series in _SERIES:
        return QColor(_SERIES[series])
    if "od" in series and series[-1:] in _BY_CHANNEL:
        return QColor(_BY_CHANNEL[series[-1]])
    return current().colour("quiet")


def value_font(size_px: int = 13, *, bold: bool = False) -> QFont:
    """Return the system's font with tabular figures, for values that change in place."""
    font = QFont(QApplication.font())
    font.setPixelSize(size_px)
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def set_role(widget: QWidget, role: str) -> None:
    """Say what a widget is, for the style sheet: "title", "heading", "caption", "card", "primary", "danger", ..."""
    _set_property(widget, "role", role)


def set_tone(widget: QWidget, tone: str) -> None:
    """Colour a widget by state: "ok", "note", "warn", "alarm", or "" for none. Never the only sign of it."""
    _set_property(widget, "tone", tone)


def _set_property(widget: QWidget, name: str, value: str) -> None:
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _style_sheet(tokens: Tokens) -> str:
    resources = files("resources")
    template = resources.joinpath("themes", "vialdesk.qss").read_text(encoding="utf-8")
    # Qt reads the pictures a style sheet names by itself, so they must be files; Qt's own form of a path has slashes.
    icons = str(resources.joinpath("icons")).replace("\\", "/")
    scheme = "dark" if tokens is DARK else "light"
    return Template(template).substitute(asdict(tokens), corner=f"{CORNER_PX}px", icons=icons, scheme=scheme)


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, name in {
        roles.Window: tokens.surface, roles.WindowText: tokens.text,
        roles.Base: tokens.raised, roles.AlternateBase: tokens.sunken, roles.Text: tokens.text,
        roles.Button: tokens.raised, roles.ButtonText: tokens.text, roles.BrightText: tokens.alarm,
        roles.Highlight: tokens.accent, roles.HighlightedText: tokens.on_accent, roles.Accent: tokens.accent,
        roles.ToolTipBase: tokens.raised, roles.ToolTipText: tokens.text, roles.PlaceholderText: tokens.quiet,
        roles.Link: tokens.accent, roles.LinkVisited: tokens.accent,
        roles.Light: tokens.raised, roles.Midlight: tokens.line, roles.Mid: tokens.line, roles.Dark: tokens.faint,
        roles.Shadow: tokens.line,
    }.items():  # fmt: skip
        palette.setColor(role, QColor(name))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return palette

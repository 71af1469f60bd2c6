"""dosing_automation: when to add medium, and how much."""

from core.automations.dosing.chemostat import Chemostat
from core.automations.dosing.fed_batch import FedBatch
from core.automations.dosing.pid_morbidostat import PidMorbidostat
from core.automations.dosing.silent import SilentDosing
from core.automations.dosing.turbidostat import Turbidostat

__all__ = ["Chemostat", "FedBatch", "PidMorbidostat", "SilentDosing", "Turbidostat"]

"""Dosing by hand: adding, removing, circulating, and recipes of these."""

from core.jobs.dosing.add_and_remove import AddAltMedia, AddMedia, RemoveWaste
from core.jobs.dosing.circulate import CirculateAltMedia, CirculateMedia
from core.jobs.dosing.recipe import Pumps

__all__ = ["AddAltMedia", "AddMedia", "CirculateAltMedia", "CirculateMedia", "Pumps", "RemoveWaste"]

"""What each test of the self-test is called, by the name under which programs know it."""

from __future__ import annotations

TITLES = {
    "test_pioreactor_HAT_present": "Board answers",
    "test_all_positive_correlations_between_pds_and_leds": "Photodiodes see the LEDs",
    "test_ambient_light_interference": "No light from outside",
    "test_dark_offset_correction_is_effective": "Dark offset is corrected",
    "test_REF_is_lower_than_0_dot_256_volts": "Reference photodiode is not too bright",
    "test_REF_is_in_correct_position": "Reference photodiode is in its place",
    "test_PD_is_near_0_volts_for_blank": "Clear water reads near 0",
    "test_detect_heating_pcb": "Heater board answers",
    "test_positive_correlation_between_temperature_and_heating": "Heat follows the heater",
    "test_positive_correlation_between_rpm_and_stirring": "Speed follows the stirrer",
    "test_aux_power_is_not_too_high": "Supply is not too high",
}

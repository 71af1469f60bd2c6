"""The tables that datasets are read from: views of the records under the names and columns Pioreactor software knows.

They are temporary, of the export's own connection, and show only the experiments that are exported. A dataset that a
user or a plug-in describes by `table: growth_rates`, or by a query on such tables, is read from them too.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

# The view `measured` is every reading; a constraint on its series is an index lookup.
_VIEWS = """
CREATE TEMP VIEW measured AS
SELECT chosen.experiment, '$unit' AS pioreactor_unit, $utc(readings.utc_s) AS timestamp, series, value, series_id, utc_s
FROM chosen JOIN main.series ON series.experiment = chosen.experiment JOIN main.readings USING (series_id);

CREATE TEMP VIEW od_readings AS
SELECT experiment, pioreactor_unit, timestamp, value AS od_reading,
    (SELECT angle FROM angles WHERE angles.experiment = measured.experiment AND angles.setting = measured.series
     AND angles.started_at <= utc_s ORDER BY angles.started_at DESC LIMIT 1) AS angle,
    CAST(substr(series, 3) AS INTEGER) AS channel
FROM measured WHERE series IN ('od1', 'od2', 'od3', 'od4');

CREATE TEMP VIEW raw_od_readings AS
SELECT experiment, pioreactor_unit, timestamp, value AS od_reading, CAST(substr(series, 7) AS INTEGER) AS channel
FROM measured WHERE series IN ('raw_od1', 'raw_od2', 'raw_od3', 'raw_od4');

CREATE TEMP VIEW pwm_dcs AS
SELECT DISTINCT experiment, pioreactor_unit, timestamp, $duty(1), $duty(2), $duty(3), $duty(4), $duty(5)
FROM measured WHERE series IN ('pwm_1', 'pwm_2', 'pwm_3', 'pwm_4', 'pwm_5');

CREATE TEMP VIEW pioreactor_unit_activity_data AS
SELECT experiment, pioreactor_unit, timestamp,
    coalesce(max(CASE series WHEN 'od4' THEN value END), max(CASE series WHEN 'od3' THEN value END),
        max(CASE series WHEN 'od2' THEN value END), max(CASE series WHEN 'od1' THEN value END)) AS od_reading,
    max(CASE series WHEN 'od_fused' THEN value END) AS od_fused,
    max(CASE series WHEN 'od_filtered' THEN value END) AS normalized_od_reading,
    max(CASE series WHEN 'temperature' THEN value END) AS temperature_c,
    max(CASE series WHEN 'growth_rate' THEN value END) AS growth_rate,
    max(CASE series WHEN 'measured_rpm' THEN value END) AS measured_rpm,
    max(CASE series WHEN 'led_A' THEN value END) AS led_a_intensity_update,
    max(CASE series WHEN 'led_B' THEN value END) AS led_b_intensity_update,
    max(CASE series WHEN 'led_C' THEN value END) AS led_c_intensity_update,
    max(CASE series WHEN 'led_D' THEN value END) AS led_d_intensity_update,
    sum(CASE series WHEN 'media_ml' THEN value END) AS add_media_ml,
    sum(CASE series WHEN 'waste_ml' THEN value END) AS remove_waste_ml,
    sum(CASE series WHEN 'alt_media_ml' THEN value END) AS add_alt_media_ml
FROM measured WHERE series IN ('od1', 'od2', 'od3', 'od4', 'od_fused', 'od_filtered', 'temperature', 'growth_rate',
    'measured_rpm', 'led_A', 'led_B', 'led_C', 'led_D', 'media_ml', 'waste_ml', 'alt_media_ml')
GROUP BY experiment, pioreactor_unit, timestamp;

CREATE TEMP VIEW pioreactor_unit_activity_data_rollup AS
SELECT experiment, pioreactor_unit, substr(timestamp, 1, 16) || ':00.000Z' AS timestamp,
    avg(od_reading) AS avg_od_reading, avg(od_fused) AS avg_od_fused,
    avg(normalized_od_reading) AS avg_normalized_od_reading, avg(temperature_c) AS avg_temperature_c,
    avg(growth_rate) AS avg_growth_rate, avg(measured_rpm) AS avg_measured_rpm,
    sum(add_media_ml) AS sum_add_media_ml, sum(remove_waste_ml) AS sum_remove_waste_ml,
    sum(add_alt_media_ml) AS sum_add_alt_media_ml
FROM pioreactor_unit_activity_data GROUP BY experiment, pioreactor_unit, substr(timestamp, 1, 16);

CREATE TEMP VIEW dosing_events AS
SELECT experiment, '$unit' AS pioreactor_unit, $utc(utc_s) AS timestamp, event, volume_change_ml,
    source AS source_of_event
FROM chosen JOIN main.dosing_events USING (experiment);

CREATE TEMP VIEW led_change_events AS
SELECT experiment, '$unit' AS pioreactor_unit, $utc(utc_s) AS timestamp, channel, intensity, source AS source_of_event
FROM chosen JOIN main.led_events USING (experiment);

CREATE TEMP VIEW logs AS
SELECT chosen.experiment, '$unit' AS pioreactor_unit, $utc(utc_s) AS timestamp, message, source,
    CASE level WHEN 10 THEN 'DEBUG' WHEN 20 THEN 'INFO' WHEN 25 THEN 'NOTICE' WHEN 30 THEN 'WARNING' ELSE 'ERROR' END
    AS level, task
FROM main.logs JOIN chosen ON chosen.experiment = coalesce(logs.experiment, '$experiment');

CREATE TEMP VIEW experiments AS
SELECT experiment, $utc(experiments.created_at) AS created_at, description, $utc(ended_at) AS ended_at, tags, is_active
FROM chosen JOIN main.experiments USING (experiment);

CREATE TEMP VIEW automation_events AS
SELECT experiment, '$unit' AS pioreactor_unit, $utc(utc_s) AS timestamp,
    json_extract(value, '$.event_name') AS event_name, json_extract(value, '$.message') AS message,
    json_extract(value, '$.data') AS data, job_name
FROM chosen JOIN main.jobs USING (experiment) JOIN main.settings USING (job_id)
WHERE setting = 'latest_event' AND value IS NOT NULL;

CREATE TEMP VIEW job_runs AS
SELECT experiment, '$unit' AS pioreactor_unit, $utc(started_at) AS started_at, $utc(ended_at) AS ended_at, job_id,
    job_name, automation_name, job_source, state,
    (SELECT json_group_object(key, json_extract(value, '$.value')) FROM json_each(options)) AS json_options, arguments
FROM chosen JOIN main.jobs USING (experiment) LEFT JOIN main.job_starts USING (job_id);

CREATE TEMP VIEW automation_settings AS
SELECT experiment, pioreactor_unit, started_at, ended_at, automation_name, base64_of(json_options) AS settings,
    json_options AS json_settings, job_name
FROM job_runs;

CREATE TEMP VIEW gaps AS
SELECT experiment, '$unit' AS pioreactor_unit, $utc(utc_s) AS timestamp, series, reason
FROM chosen JOIN main.series USING (experiment) JOIN main.gaps USING (series_id);

CREATE TEMP VIEW annotations AS
SELECT experiment, '$unit' AS pioreactor_unit, $utc(utc_s) AS timestamp, text, who
FROM chosen JOIN main.annotations USING (experiment);

CREATE TEMP VIEW alarms AS
SELECT chosen.experiment, '$unit' AS pioreactor_unit, $utc(raised_at) AS timestamp, $utc(cleared_at) AS cleared_at,
    $utc(acknowledged_at) AS acknowledged_at, acknowledged_by, signal, severity, message, value, limit_value
FROM main.alarms JOIN chosen ON chosen.experiment = coalesce(alarms.experiment, '$experiment');
"""
# Tables of one series each: its name, and what its values are called.
_OF_ONE_SERIES = {
    "od_readings_fused": ("od_fused", "od_reading"),
    "od_readings_filtered": ("od_filtered", "normalized_od_reading"),
    "growth_rates": ("growth_rate", "rate"),
    "temperature_readings": ("temperature", "temperature_c"),
    "stirring_rates": ("measured_rpm", "measured_rpm"),
    "liquid_volumes": ("current_volume_ml", "liquid_volume"),
    "alt_media_fractions": ("alt_media_fraction", "alt_media_fraction"),
    "ir_led_intensities": ("relative_intensity_of_ir_led", "relative_intensity"),
}
_ONE_SERIES = """
CREATE TEMP VIEW {table} AS SELECT experiment, pioreactor_unit, timestamp, value AS {column}
FROM measured WHERE series = '{series}'
"""
# What has a dataset of its own; every other series, such as those of plug-ins, is in `other_readings`.
_OWN = (
    [f"{name}{channel}" for name in ("od", "raw_od", "pwm_") for channel in "12345"]
    + [f"led_{channel}" for channel in "ABCD"]
    + [series for series, _ in _OF_ONE_SERIES.values()]
    + ["media_ml", "waste_ml", "alt_media_ml"]
)
_OTHER = """
CREATE TEMP VIEW other_readings AS
SELECT experiment, pioreactor_unit, timestamp, series, value, coalesce(measure, '') AS unit
FROM measured LEFT JOIN measures USING (series) WHERE series NOT IN ({own})
"""
_DUTY = """coalesce((SELECT value FROM main.readings AS other WHERE other.series_id =
    (SELECT series_id FROM main.series AS s WHERE s.experiment = measured.experiment AND s.series = 'pwm_{0}')
    AND other.utc_s <= measured.utc_s ORDER BY other.utc_s DESC LIMIT 1), 0.0) AS channel_{0}"""
_UTC = "strftime('%Y-%m-%dT%H:%M:%fZ', {}, 'unixepoch')"
_CHOSEN = "CREATE TEMP TABLE chosen (experiment TEXT PRIMARY KEY, created_at TEXT)"
_EVERY_EXPERIMENT = """
SELECT experiment FROM main.experiments UNION SELECT experiment FROM main.series UNION SELECT experiment FROM main.jobs
UNION SELECT '$experiment'
"""
_CHOOSE = """
INSERT INTO chosen SELECT ?1, (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', created_at, 'unixepoch')
FROM main.experiments WHERE experiment = ?1)
"""
# The angle of a photodiode is told with each of its readings and does not change during a run of the job.
_ANGLES = """
CREATE TEMP TABLE angles AS
SELECT experiment, names.setting AS setting, started_at, CAST(json_extract((SELECT value FROM main.settings
    WHERE settings.job_id = jobs.job_id AND settings.setting = names.setting AND value IS NOT NULL LIMIT 1), '$.angle')
    AS INTEGER) AS angle
FROM chosen JOIN main.jobs USING (experiment)
JOIN (SELECT 'od1' AS setting UNION SELECT 'od2' UNION SELECT 'od3' UNION SELECT 'od4') AS names
WHERE job_name = 'od_reading'
"""
_CALIBRATIONS = """
CREATE TEMP TABLE calibrations (
    pioreactor_unit TEXT, created_at TEXT, type TEXT, data TEXT, name TEXT, is_current INTEGER, set_to_current_at TEXT
)
"""


def make_tables(
    connection: sqlite3.Connection,
    unit: str,
    experiments: Sequence[str],
    calibrations: Sequence[dict[str, Any]],
    measures: dict[str, str],
) -> None:
    """Make the tables of one export.

    Args:
        connection: of the export alone, on the records.
        unit: the unit's name.
        experiments: names of those to export; none means all there are, and what belongs to none.
        calibrations: as the API answers them, each with its `device`.
        measures: the unit of each series.
    """
    connection.create_function("base64_of", 1, _base64_of, deterministic=True)
    connection.execute(_CHOSEN)
    names = experiments or [name for (name,) in connection.execute(_EVERY_EXPERIMENT).fetchall()]
    connection.executemany(_CHOOSE, [(name,) for name in names])
    connection.execute(_ANGLES)
    connection.execute("CREATE INDEX temp.angle_of ON angles (experiment, setting, started_at)")
    connection.execute("CREATE TEMP TABLE measures (series TEXT PRIMARY KEY, measure TEXT)")
    connection.executemany("INSERT INTO measures VALUES (?, ?)", measures.items())
    connection.execute(_CALIBRATIONS)
    connection.executemany("INSERT INTO calibrations VALUES (?, ?, ?, ?, ?, ?, NULL)", map(_row, calibrations))
    own = ", ".join(f"'{name}'" for name in _OWN)
    one_series = [
        _ONE_SERIES.format(table=table, column=column, series=series)
        for table, (series, column) in _OF_ONE_SERIES.items()
    ]
    for view in [*_VIEWS.split(";\n\n"), *one_series, _OTHER.format(own=own)]:
        connection.execute(_filled_in(view, unit))


def _filled_in(view: str, unit: str) -> str:
    for channel in "12345":
        view = view.replace(f"$duty({channel})", _DUTY.format(channel))
    while "$utc(" in view:
        before, _, after = view.partition("$utc(")
        column, _, after = after.partition(")")
        view = f"{before}{_UTC.format(column)}{after}"
    return view.replace("$unit", unit.replace("'", "''"))


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    data = {key: value for key, value in item.items() if key not in ("device", "is_active", "pioreactor_unit")}
    unit = item.get("calibrated_on_pioreactor_unit") or item.get("pioreactor_unit")
    name = item.get("calibration_name") or item.get("estimator_name")
    text = json.dumps(data, ensure_ascii=False)
    return unit, item.get("created_at"), item["device"], text, name, int(bool(item.get("is_active")))


def _base64_of(text: str | None) -> str | None:
    return None if text is None else base64.b64encode(text.encode()).decode()

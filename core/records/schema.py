"""Tables of the records.

Times are UTC in seconds since 1970 as float64, exactly as they were published, so that what was measured under bent
time reads back bit for bit. Readings are clustered by series and time: one range scan gives a curve.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE experiments (
    experiment TEXT PRIMARY KEY, description TEXT, tags TEXT NOT NULL, created_at REAL NOT NULL, ended_at REAL,
    is_active INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE series (
    series_id INTEGER PRIMARY KEY, experiment TEXT NOT NULL, series TEXT NOT NULL, UNIQUE (experiment, series)
);
CREATE TABLE readings (
    series_id INTEGER NOT NULL REFERENCES series, utc_s REAL NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (series_id, utc_s)
) WITHOUT ROWID;
CREATE TABLE gaps (
    series_id INTEGER NOT NULL REFERENCES series, utc_s REAL NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (series_id, utc_s)
) WITHOUT ROWID;
CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY, job_name TEXT NOT NULL, experiment TEXT NOT NULL, job_source TEXT NOT NULL,
    started_at REAL NOT NULL, ended_at REAL, state TEXT NOT NULL, is_long_running INTEGER NOT NULL
);
CREATE TABLE settings (
    job_id INTEGER NOT NULL, utc_s REAL NOT NULL, setting TEXT NOT NULL, value TEXT
);
CREATE INDEX settings_of_job ON settings (job_id, setting, utc_s);
CREATE TABLE led_events (
    utc_s REAL NOT NULL, experiment TEXT, channel TEXT NOT NULL, intensity REAL NOT NULL, source TEXT NOT NULL
);
CREATE TABLE actions (
    utc_s REAL NOT NULL, who TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, body TEXT, status INTEGER NOT NULL
);
CREATE TABLE logs (
    id INTEGER PRIMARY KEY, utc_s REAL NOT NULL, level INTEGER NOT NULL, source TEXT NOT NULL, task TEXT NOT NULL,
    message TEXT NOT NULL, experiment TEXT
);
CREATE TABLE store (
    name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID
"""

_DOSING = """
CREATE TABLE dosing_events (
    utc_s REAL NOT NULL, experiment TEXT NOT NULL, event TEXT NOT NULL, volume_change_ml REAL NOT NULL,
    source TEXT NOT NULL
);
CREATE INDEX dosing_events_of_experiment ON dosing_events (experiment, utc_s)
"""

_ALARMS = """
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, signal TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL,
    remedy TEXT NOT NULL, value REAL, limit_value REAL, experiment TEXT, raised_at REAL NOT NULL,
    last_raised_at REAL NOT NULL, times INTEGER NOT NULL, cleared_at REAL, acknowledged_at REAL, acknowledged_by TEXT
)
"""

# What a job was started with, as JSON; rows of before this step have none.
_JOB_STARTS = """
CREATE TABLE job_starts (
    job_id INTEGER PRIMARY KEY, automation_name TEXT NOT NULL, label TEXT NOT NULL, options TEXT NOT NULL,
    arguments TEXT NOT NULL, settable TEXT NOT NULL
);
CREATE INDEX jobs_of_experiment ON jobs (experiment, job_id)
"""

# Runs of experiment profiles, and what became of each of their actions.
_PROFILE_RUNS = """
CREATE TABLE profile_runs (
    run_id TEXT PRIMARY KEY, profile TEXT NOT NULL, name TEXT NOT NULL, experiment TEXT NOT NULL, text TEXT NOT NULL,
    inputs TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL, state TEXT NOT NULL, reason TEXT NOT NULL,
    actions_done INTEGER NOT NULL, actions_total INTEGER NOT NULL
);
CREATE TABLE profile_run_actions (
    run_id TEXT NOT NULL REFERENCES profile_runs, utc_s REAL NOT NULL, hours REAL NOT NULL, line INTEGER NOT NULL,
    job_name TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL, message TEXT NOT NULL
);
CREATE INDEX profile_run_actions_of_run ON profile_run_actions (run_id, utc_s)
"""

_ANNOTATIONS = """
CREATE TABLE annotations (
    id INTEGER PRIMARY KEY, utc_s REAL NOT NULL, experiment TEXT NOT NULL, text TEXT NOT NULL, who TEXT NOT NULL,
    recorded_at REAL NOT NULL, changed_at REAL
);
CREATE INDEX annotations_of_experiment ON annotations (experiment, utc_s);
CREATE INDEX led_events_of_experiment ON led_events (experiment, utc_s)
"""

# The n-th step brings a database from schema version n to n + 1.
SCHEMA_STEPS: tuple[str, ...] = (_FIRST, _DOSING, _ALARMS, _JOB_STARTS, _PROFILE_RUNS, _ANNOTATIONS)

"""Tables of the unit's record.

Moments are UTC in whole microseconds since 1970, so that what a client sent reads back and compares exactly. Numbers
that people give things compare without case; they have ASCII characters only, which is what NOCASE folds.
"""

from __future__ import annotations

_CREATED = """
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, created_us INTEGER NOT NULL,
    by_user INTEGER REFERENCES users, by_station INTEGER REFERENCES stations,
"""

_WHO = f"""
CREATE TABLE store (name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key)) WITHOUT ROWID;
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, created_us INTEGER NOT NULL,
    name TEXT, email TEXT NOT NULL UNIQUE COLLATE NOCASE
);
CREATE TABLE stations ({_CREATED}
    name TEXT NOT NULL, archived_us INTEGER, image INTEGER REFERENCES attachments ON DELETE SET NULL,
    metadata TEXT NOT NULL DEFAULT '{{}}'
);
CREATE UNIQUE INDEX stations_by_name ON stations (name) WHERE archived_us IS NULL;
CREATE TABLE keys (
    prefix TEXT PRIMARY KEY, sha256 TEXT NOT NULL, created_us INTEGER NOT NULL, revoked_us INTEGER,
    user INTEGER REFERENCES users, station INTEGER REFERENCES stations ON DELETE CASCADE,
    CHECK ((user IS NULL) <> (station IS NULL))
) WITHOUT ROWID;
CREATE INDEX keys_of_station ON keys (station);
"""

_THINGS = f"""
CREATE TABLE attachments ({_CREATED}
    name TEXT NOT NULL, content_type TEXT, size_bytes INTEGER, file TEXT UNIQUE
);
CREATE TABLE parts ({_CREATED}
    number TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{{}}'
);
CREATE TABLE revisions ({_CREATED}
    part INTEGER NOT NULL REFERENCES parts ON DELETE CASCADE, number TEXT NOT NULL COLLATE NOCASE,
    image INTEGER REFERENCES attachments ON DELETE SET NULL, metadata TEXT NOT NULL DEFAULT '{{}}',
    UNIQUE (part, number)
);
CREATE TABLE batches ({_CREATED} number TEXT NOT NULL UNIQUE COLLATE NOCASE);
CREATE TABLE units ({_CREATED}
    serial_number TEXT NOT NULL UNIQUE COLLATE NOCASE,
    revision INTEGER NOT NULL REFERENCES revisions, batch INTEGER REFERENCES batches ON DELETE SET NULL,
    parent INTEGER REFERENCES units ON DELETE SET NULL,
    created_during INTEGER REFERENCES runs ON DELETE SET NULL,
    sample TEXT, metadata TEXT NOT NULL DEFAULT '{{}}',
    run_count INTEGER NOT NULL DEFAULT 0, last_run INTEGER, last_run_us INTEGER
);
CREATE INDEX units_by_created ON units (created_us, id);
CREATE INDEX units_by_last_run ON units (last_run_us, id);
CREATE INDEX units_of_revision ON units (revision);
CREATE INDEX units_of_batch ON units (batch);
CREATE INDEX units_of_parent ON units (parent);
CREATE INDEX units_of_creating_run ON units (created_during) WHERE created_during IS NOT NULL;
CREATE TABLE unit_attachments (
    unit INTEGER NOT NULL REFERENCES units ON DELETE CASCADE,
    attachment INTEGER NOT NULL REFERENCES attachments ON DELETE CASCADE, PRIMARY KEY (unit, attachment)
) WITHOUT ROWID;
CREATE INDEX units_of_attachment ON unit_attachments (attachment);
"""

_TESTS = f"""
CREATE TABLE procedures ({_CREATED} name TEXT NOT NULL, settings TEXT NOT NULL DEFAULT '{{}}');
CREATE TABLE versions ({_CREATED}
    procedure INTEGER NOT NULL REFERENCES procedures ON DELETE CASCADE, tag TEXT NOT NULL COLLATE NOCASE,
    UNIQUE (procedure, tag)
);
CREATE TABLE links (
    station INTEGER NOT NULL REFERENCES stations ON DELETE CASCADE,
    procedure INTEGER NOT NULL REFERENCES procedures ON DELETE CASCADE, PRIMARY KEY (station, procedure)
) WITHOUT ROWID;
CREATE INDEX links_of_procedure ON links (procedure);
CREATE TABLE runs ({_CREATED}
    unit INTEGER NOT NULL REFERENCES units ON DELETE CASCADE,
    procedure INTEGER NOT NULL REFERENCES procedures ON DELETE CASCADE, version INTEGER REFERENCES versions,
    outcome TEXT NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, docstring TEXT,
    operated_by INTEGER REFERENCES users, client_run_ref TEXT, metadata TEXT NOT NULL DEFAULT '{{}}',
    details TEXT NOT NULL DEFAULT '{{}}'
);
CREATE INDEX runs_by_started ON runs (started_us, id);
CREATE INDEX runs_by_created ON runs (created_us, id);
CREATE INDEX runs_by_duration ON runs (ended_us - started_us, id);
CREATE INDEX runs_by_outcome ON runs (outcome, id);
CREATE INDEX runs_of_unit ON runs (unit, started_us);
CREATE INDEX runs_of_procedure ON runs (procedure, started_us);
CREATE INDEX runs_of_version ON runs (version);
CREATE INDEX runs_of_station ON runs (by_station, started_us) WHERE by_station IS NOT NULL;
CREATE UNIQUE INDEX runs_by_client_ref ON runs (client_run_ref) WHERE client_run_ref IS NOT NULL;
CREATE TABLE run_attachments (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    attachment INTEGER NOT NULL REFERENCES attachments ON DELETE CASCADE, PRIMARY KEY (run, attachment)
) WITHOUT ROWID;
CREATE INDEX runs_of_attachment ON run_attachments (attachment);
CREATE TABLE run_sub_units (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    unit INTEGER NOT NULL REFERENCES units ON DELETE CASCADE, PRIMARY KEY (run, unit)
) WITHOUT ROWID;
CREATE INDEX runs_of_sub_unit ON run_sub_units (unit);
CREATE TABLE phases (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    name TEXT NOT NULL, outcome TEXT NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,
    retry_count INTEGER NOT NULL, docstring TEXT, sequence_path TEXT
);
CREATE INDEX phases_of_run ON phases (run);
CREATE TABLE measurements (
    id INTEGER PRIMARY KEY AUTOINCREMENT, phase INTEGER NOT NULL REFERENCES phases ON DELETE CASCADE,
    name TEXT NOT NULL, outcome TEXT NOT NULL, value TEXT NOT NULL, units TEXT, details TEXT NOT NULL
);
CREATE INDEX measurements_of_phase ON measurements (phase);
CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    level TEXT NOT NULL, utc_us INTEGER NOT NULL, message TEXT NOT NULL, source_file TEXT NOT NULL,
    line_number INTEGER NOT NULL
);
CREATE INDEX logs_of_run ON logs (run);
CREATE INDEX logs_by_time ON logs (utc_us);
"""

# Each unit knows its newest run and how many there are: lists of units are filtered and sorted by both.
_NEWEST_RUNS = """
CREATE TRIGGER run_added AFTER INSERT ON runs BEGIN
    UPDATE units SET run_count = run_count + 1 WHERE id = NEW.unit;
    UPDATE units SET last_run = NEW.id, last_run_us = NEW.started_us
    WHERE id = NEW.unit AND (last_run_us IS NULL OR last_run_us <= NEW.started_us);
END;
CREATE TRIGGER run_removed AFTER DELETE ON runs BEGIN
    UPDATE units SET
        run_count = run_count - 1,
        last_run = (SELECT id FROM runs WHERE unit = OLD.unit ORDER BY started_us DESC, id DESC LIMIT 1),
        last_run_us = (SELECT max(started_us) FROM runs WHERE unit = OLD.unit)
    WHERE id = OLD.unit;
END
"""

# What units are made of changes with time; each change is kept.
_MOVES = """
CREATE TABLE moves (
    id INTEGER PRIMARY KEY AUTOINCREMENT, utc_us INTEGER NOT NULL, is_in INTEGER NOT NULL,
    unit INTEGER NOT NULL REFERENCES units ON DELETE CASCADE,
    parent INTEGER NOT NULL REFERENCES units ON DELETE CASCADE,
    by_user INTEGER REFERENCES users, by_station INTEGER REFERENCES stations
);
CREATE INDEX moves_of_parent ON moves (parent);
CREATE INDEX moves_of_unit ON moves (unit);
"""

# Sub-units of the same part have places of their own: the media pump and the waste pump.
_POSITIONS = "ALTER TABLE moves ADD COLUMN position TEXT;"

# The n-th step brings a record from schema version n to n + 1.
RECORD_STEPS: tuple[str, ...] = (_WHO + _THINGS + _TESTS + _NEWEST_RUNS, _MOVES, _POSITIONS)

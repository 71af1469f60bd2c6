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

# What waits to be pushed to another server, and what is there already. Triggers put it there, so that a run and its
# place in the queue are one transaction, whoever writes. A unit that changes again goes to the queue's end; a run's
# file waits only when the run does, or is there.
MOST_WAITING = 100_000
_PUSH_IS_ON = "EXISTS (SELECT 1 FROM store WHERE name = 'push' AND key = 'is_on' AND value = 'true')"
_HAS_ROOM = f"(SELECT count(*) FROM push_items) < {MOST_WAITING}"  # noqa: S608 - own words
_COUNT_LEFT_OUT = "UPDATE store SET value = value + 1 WHERE name = 'push' AND key = 'left_out' AND changes() = 0;"
_RUN_IS_PUSHED = (
    "(EXISTS (SELECT 1 FROM push_items WHERE run = {run}) OR EXISTS (SELECT 1 FROM push_sent "
    "WHERE server IN (SELECT id FROM push_servers) AND kind = 'run' AND local = {run} AND part = 0))"
)
_QUEUE_UNIT = f"""
    DELETE FROM push_items WHERE kind = 'unit' AND unit = NEW.id;
    INSERT INTO push_items (kind, unit) SELECT 'unit', NEW.id WHERE {_HAS_ROOM};
    {_COUNT_LEFT_OUT}
"""  # noqa: S608 - own words
_PUSH = f"""
CREATE TABLE push_servers (
    id INTEGER PRIMARY KEY, address TEXT NOT NULL, organization TEXT NOT NULL, UNIQUE (address, organization)
);
CREATE TABLE push_sent (
    server INTEGER NOT NULL REFERENCES push_servers, kind TEXT NOT NULL, local INTEGER NOT NULL,
    part INTEGER NOT NULL DEFAULT 0, remote TEXT NOT NULL, PRIMARY KEY (server, kind, local, part)
) WITHOUT ROWID;
CREATE INDEX push_sent_by_remote ON push_sent (server, kind, remote);
CREATE TABLE push_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN ('unit', 'run', 'unit_file', 'run_file')),
    unit INTEGER REFERENCES units ON DELETE CASCADE, run INTEGER REFERENCES runs ON DELETE CASCADE,
    attachment INTEGER REFERENCES attachments ON DELETE CASCADE,
    is_stopped INTEGER NOT NULL DEFAULT 0, is_tried INTEGER NOT NULL DEFAULT 0, remote TEXT,
    failures INTEGER NOT NULL DEFAULT 0, not_before_us INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '', remedy TEXT NOT NULL DEFAULT ''
);
CREATE INDEX push_items_in_turn ON push_items (is_stopped, failures, id);
CREATE INDEX push_items_by_kind ON push_items (is_stopped, kind);
CREATE INDEX push_items_of_unit ON push_items (unit);
CREATE INDEX push_items_of_run ON push_items (run);
CREATE INDEX push_items_of_attachment ON push_items (attachment);
CREATE TRIGGER push_new_unit AFTER INSERT ON units WHEN {_PUSH_IS_ON} BEGIN {_QUEUE_UNIT} END;
CREATE TRIGGER push_changed_unit AFTER UPDATE OF serial_number, revision, batch, parent, sample, metadata ON units
WHEN {_PUSH_IS_ON} AND (
    OLD.serial_number <> NEW.serial_number OR OLD.revision <> NEW.revision OR OLD.batch IS NOT NEW.batch
    OR OLD.parent IS NOT NEW.parent OR OLD.sample IS NOT NEW.sample OR OLD.metadata <> NEW.metadata
) BEGIN {_QUEUE_UNIT} END;
CREATE TRIGGER push_new_run AFTER INSERT ON runs WHEN {_PUSH_IS_ON} BEGIN
    INSERT INTO push_items (kind, run) SELECT 'run', NEW.id WHERE {_HAS_ROOM};
    {_COUNT_LEFT_OUT}
END;
CREATE TRIGGER push_new_unit_file AFTER INSERT ON unit_attachments
WHEN {_PUSH_IS_ON} AND EXISTS (SELECT 1 FROM attachments WHERE id = NEW.attachment AND file IS NOT NULL) BEGIN
    INSERT INTO push_items (kind, unit, attachment) SELECT 'unit_file', NEW.unit, NEW.attachment WHERE {_HAS_ROOM};
    {_COUNT_LEFT_OUT}
END;
CREATE TRIGGER push_new_run_file AFTER INSERT ON run_attachments
WHEN {_PUSH_IS_ON} AND EXISTS (SELECT 1 FROM attachments WHERE id = NEW.attachment AND file IS NOT NULL)
    AND {_RUN_IS_PUSHED.format(run="NEW.run")} BEGIN
    INSERT INTO push_items (kind, run, attachment) SELECT 'run_file', NEW.run, NEW.attachment WHERE {_HAS_ROOM};
    {_COUNT_LEFT_OUT}
END;
CREATE TRIGGER push_uploaded_file AFTER UPDATE OF file ON attachments
WHEN {_PUSH_IS_ON} AND OLD.file IS NULL AND NEW.file IS NOT NULL BEGIN
    INSERT INTO push_items (kind, unit, attachment)
    SELECT 'unit_file', unit, attachment FROM unit_attachments WHERE attachment = NEW.id AND {_HAS_ROOM};
    INSERT INTO push_items (kind, run, attachment)
    SELECT 'run_file', run, attachment FROM run_attachments
    WHERE attachment = NEW.id AND {_RUN_IS_PUSHED.format(run="run")} AND {_HAS_ROOM};
END;
CREATE TRIGGER push_run_removed AFTER DELETE ON runs BEGIN
    DELETE FROM push_sent
    WHERE server IN (SELECT id FROM push_servers) AND kind IN ('run', 'run_file') AND local = OLD.id;
END;
"""  # noqa: S608 - own words

# What lists of runs are filtered by lies in the index along which they go, so that few rows need to be looked at.
_LISTS = """
DROP INDEX runs_of_unit;
CREATE INDEX runs_of_unit ON runs (unit, started_us, outcome, procedure);
DROP INDEX runs_of_procedure;
CREATE INDEX runs_of_procedure ON runs (procedure, started_us, outcome);
DROP INDEX runs_of_version;
CREATE INDEX runs_of_version ON runs (version, started_us);
CREATE INDEX runs_of_outcome ON runs (outcome, started_us);
CREATE INDEX measurements_not_passed ON measurements (phase) WHERE outcome <> 'PASS';
"""

# Metadata of a run that was sent are sent once more when they change. `changes` counts them while the run waits, also
# while it is on its way: what was added in between is not taken for sent.
_CHANGED_RUNS = f"""
ALTER TABLE push_items ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER push_changed_run AFTER UPDATE OF metadata ON runs
WHEN {_PUSH_IS_ON} AND OLD.metadata <> NEW.metadata AND {_RUN_IS_PUSHED.format(run="NEW.id")} BEGIN
    UPDATE push_items SET changes = changes + 1 WHERE kind = 'run' AND run = NEW.id;
    INSERT INTO push_items (kind, run) SELECT 'run', NEW.id
    WHERE NOT EXISTS (SELECT 1 FROM push_items WHERE kind = 'run' AND run = NEW.id);
END;
"""  # noqa: S608 - own words

# The n-th step brings a record from schema version n to n + 1.
_FIRST = _WHO + _THINGS + _TESTS + _NEWEST_RUNS
RECORD_STEPS: tuple[str, ...] = (_FIRST, _MOVES, _POSITIONS, _PUSH, _LISTS, _CHANGED_RUNS)

"""The tables of the first version."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE session (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        connector INTEGER NOT NULL,
        token TEXT NOT NULL,
        started TEXT NOT NULL,
        clock_state TEXT NOT NULL,
        begin_wh TEXT,
        ended TEXT,
        end_wh TEXT,
        duration_s REAL,
        highest_current_a REAL NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE UNIQUE INDEX one_open_session_per_connector ON session (connector) WHERE ended IS NULL",
    "CREATE INDEX session_started ON session (started)",
    """CREATE TABLE sample (
        session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        power_w REAL NOT NULL,
        current_a TEXT NOT NULL,
        register_wh TEXT NOT NULL,
        PRIMARY KEY (session, seq)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE session_interval (
        session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        state TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT NOT NULL,
        begin_wh TEXT NOT NULL,
        end_wh TEXT NOT NULL,
        PRIMARY KEY (session, seq)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        kind TEXT NOT NULL,
        payload TEXT NOT NULL,
        session INTEGER,
        droppable INTEGER NOT NULL DEFAULT 0 CHECK (droppable IN (0, 1)),
        created TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        last_attempt TEXT
    ) STRICT""",
    "CREATE INDEX outbox_order ON outbox (queue, id)",
    "CREATE INDEX outbox_session ON outbox (session)",
    """CREATE TABLE signed (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session INTEGER,
        connector INTEGER NOT NULL,
        context TEXT NOT NULL,
        format TEXT NOT NULL,
        record TEXT NOT NULL,
        public_key TEXT NOT NULL,
        counter TEXT NOT NULL,
        page INTEGER,
        created TEXT NOT NULL,
        delivered TEXT
    ) STRICT""",
    "CREATE UNIQUE INDEX signed_page ON signed (counter, page) WHERE page IS NOT NULL",
    "CREATE INDEX signed_session ON signed (session)",
    """CREATE TRIGGER signed_is_never_rewritten
    BEFORE UPDATE OF session, connector, context, format, record, public_key, counter, page, created ON signed
    BEGIN SELECT RAISE(ABORT, 'a signed record is never rewritten'); END""",
    """CREATE TRIGGER signed_is_kept_until_delivered BEFORE DELETE ON signed WHEN old.delivered IS NULL
    BEGIN SELECT RAISE(ABORT, 'a signed record is kept until it is delivered'); END""",
    "CREATE TABLE page_counter (name TEXT PRIMARY KEY, page INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TRIGGER pages_only_rise BEFORE UPDATE ON page_counter WHEN new.page <= old.page
    BEGIN SELECT RAISE(ABORT, 'a page is never used again'); END""",
    """CREATE TABLE fault (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        connector INTEGER NOT NULL,
        severity TEXT NOT NULL,
        detail TEXT NOT NULL,
        raised TEXT NOT NULL,
        cleared TEXT,
        cleared_by TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE UNIQUE INDEX a_fault_stands_once ON fault (name, connector) WHERE cleared IS NULL",
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        role TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        before TEXT,
        after TEXT
    ) STRICT""",
    "CREATE TABLE setting (layer TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (layer, key)) STRICT, WITHOUT ROWID",
    """CREATE TABLE listed_token (
        folded TEXT PRIMARY KEY, id TEXT NOT NULL, status TEXT NOT NULL, expires TEXT, parent TEXT
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE cached_token (
        folded TEXT PRIMARY KEY, id TEXT NOT NULL, status TEXT NOT NULL, expires TEXT, parent TEXT, heard TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE memory (room TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (room, name)) STRICT, WITHOUT ROWID",
)


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001 - the runner's signature
    """Make them."""
    for statement in STATEMENTS:
        db.execute_sql(statement)

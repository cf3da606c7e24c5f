CREATE TABLE runs (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  spec    TEXT NOT NULL, -- JSON
  state   TEXT NOT NULL,
  total   INTEGER NOT NULL DEFAULT 0,
  done    INTEGER NOT NULL DEFAULT 0,
  failed  INTEGER NOT NULL DEFAULT 0,
  counted INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL, -- microseconds since 1970, as all times
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_running ON runs (id) WHERE state = 'running';

-- What a run waits for. River's job of a scene serves every run that waits for it.
CREATE TABLE run_scenes (
  run    INTEGER NOT NULL REFERENCES runs,
  scene  TEXT NOT NULL, -- JSON
  state  TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  begun  INTEGER NOT NULL DEFAULT 0, -- how often a worker began it
  PRIMARY KEY (run, scene)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_scenes_state ON run_scenes (run, state, scene);
CREATE INDEX run_scenes_waiting ON run_scenes (scene) WHERE state = 'waiting';

CREATE TABLE events (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  run    INTEGER NOT NULL REFERENCES runs,
  at     INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  scene  TEXT NOT NULL, -- JSON, or nothing
  reason TEXT NOT NULL,
  done INTEGER NOT NULL, failed INTEGER NOT NULL, total INTEGER NOT NULL
) STRICT;
CREATE INDEX events_run ON events (run, id);

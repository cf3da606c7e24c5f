CREATE TABLE collections (
  num        INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  phrase     TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL DEFAULT 0,
  updated    INTEGER NOT NULL DEFAULT 0, -- microseconds since 1970, as all times
  w REAL, s REAL, e REAL, n REAL
) STRICT;

-- What a collection holds, kept by triggers: counting it must not scan it.
CREATE TABLE totals (
  collection INTEGER NOT NULL REFERENCES collections,
  class      TEXT NOT NULL,
  count      INTEGER NOT NULL,
  area       REAL NOT NULL,
  PRIMARY KEY (collection, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE questions (
  num        INTEGER PRIMARY KEY,
  collection INTEGER NOT NULL REFERENCES collections,
  recipe     TEXT NOT NULL,
  UNIQUE (collection, recipe)
) STRICT;

CREATE TABLE scenes (
  num       INTEGER PRIMARY KEY,
  question  INTEGER NOT NULL REFERENCES questions,
  z INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL,
  reasoning TEXT NOT NULL,
  detail    BLOB,
  made      INTEGER NOT NULL,
  took      INTEGER NOT NULL, -- microseconds
  UNIQUE (question, z, x, y, w, h)
) STRICT;

-- The middle of each scene, in degrees.
CREATE VIRTUAL TABLE scene_spots USING rtree(num, q0, q1, x0, x1, y0, y1);

CREATE TABLE instances (
  scene INTEGER NOT NULL REFERENCES scenes ON DELETE CASCADE,
  n     INTEGER NOT NULL,
  name  TEXT NOT NULL,
  class TEXT NOT NULL,
  score REAL NOT NULL,
  ax REAL, ay REAL,
  mask  BLOB NOT NULL,
  PRIMARY KEY (scene, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  scene     INTEGER NOT NULL REFERENCES scenes ON DELETE CASCADE,
  made      INTEGER NOT NULL,
  took      INTEGER NOT NULL,
  instances INTEGER NOT NULL,
  PRIMARY KEY (scene, made)
) STRICT, WITHOUT ROWID;

CREATE TABLE features (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  collection INTEGER NOT NULL, -- below zero: not shown, and kept so that a later run knows it
  state      TEXT NOT NULL CHECK (state IN ('shown', 'lost', 'merged', 'deleted')),
  z          INTEGER NOT NULL,
  shape      BLOB NOT NULL,
  w REAL NOT NULL, s REAL NOT NULL, e REAL NOT NULL, n REAL NOT NULL,
  name TEXT NOT NULL, tier TEXT NOT NULL, class TEXT NOT NULL, function TEXT NOT NULL,
  score REAL NOT NULL, area REAL NOT NULL,
  model TEXT NOT NULL, verdict TEXT NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL,
  edited INTEGER NOT NULL, version INTEGER NOT NULL,
  reasoning TEXT NOT NULL,
  scenes TEXT NOT NULL, sources TEXT NOT NULL, merged_from TEXT NOT NULL -- JSON lists
) STRICT;
CREATE INDEX features_collection ON features (collection);
CREATE INDEX features_updated ON features (collection, updated);
CREATE INDEX features_name ON features (collection, name);
CREATE INDEX features_tier ON features (collection, tier);
CREATE INDEX features_class ON features (collection, class);
CREATE INDEX features_function ON features (collection, function);
CREATE INDEX features_model ON features (collection, model);
CREATE INDEX features_verdict ON features (collection, verdict);

-- c is the collection, l the least zoom that shows the feature, divided by 64 so that it does not part neighbours.
CREATE VIRTUAL TABLE spots USING rtree(id, c0, c1, x0, x1, y0, y1, l0, l1);

CREATE TABLE history (
  feature INTEGER NOT NULL,
  version INTEGER NOT NULL,
  op      TEXT NOT NULL,
  who     TEXT NOT NULL,
  at      INTEGER NOT NULL,
  was     TEXT NOT NULL, -- JSON of the feature
  shape   BLOB NOT NULL,
  state   TEXT NOT NULL,
  PRIMARY KEY (feature, version)
) STRICT, WITHOUT ROWID;

-- When the ground of a tile was last changed, for the zooms 0 to 14.
CREATE TABLE ground (
  collection INTEGER NOT NULL,
  z INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (collection, z, x, y)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER features_added AFTER INSERT ON features WHEN new.collection > 0 BEGIN
  INSERT INTO totals VALUES (new.collection, new.class, 1, new.area)
    ON CONFLICT DO UPDATE SET count = count + 1, area = area + excluded.area;
END;
CREATE TRIGGER features_left BEFORE UPDATE ON features WHEN old.collection > 0 BEGIN
  UPDATE totals SET count = count - 1, area = area - old.area WHERE collection = old.collection AND class = old.class;
  DELETE FROM totals WHERE collection = old.collection AND class = old.class AND count = 0;
END;
CREATE TRIGGER features_came AFTER UPDATE ON features WHEN new.collection > 0 BEGIN
  INSERT INTO totals VALUES (new.collection, new.class, 1, new.area)
    ON CONFLICT DO UPDATE SET count = count + 1, area = area + excluded.area;
END;

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// PutScene keeps an answer.
func (s *SQLite) PutScene(ctx context.Context, q Question, sc Scene) error {
	return fail("keep scene", sc.Window.String(), s.inTx(ctx, func(tx *writing) error {
		num, err := makeQuestion(ctx, tx, q)
		if err != nil {
			return err
		}
		scene, err := putSceneRow(ctx, tx, num, sc)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "DELETE FROM instances WHERE scene = ?", scene); err != nil {
			return err
		}
		for i, in := range sc.Instances {
			var ax, ay any
			if in.Anchor != nil {
				ax, ay = in.Anchor[0], in.Anchor[1]
			}
			if _, err := tx.exec(ctx, "INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				scene, i, in.Name, in.Class, in.Score, ax, ay, appendMask(nil, in.Mask)); err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)",
			scene, stamp(sc.Made), sc.Took.Microseconds(), len(sc.Instances))
		return err
	}))
}

func putSceneRow(ctx context.Context, tx *writing, question int64, sc Scene) (scene int64, err error) {
	w := sc.Window
	err = one(ctx, tx, `INSERT INTO scenes (question, z, x, y, w, h, reasoning, detail, made, took) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET reasoning = excluded.reasoning, detail = excluded.detail, made = excluded.made, took = excluded.took
		RETURNING num`, []any{question, w.Z, w.X, w.Y, w.W, w.H, sc.Reasoning, sc.Detail, stamp(sc.Made), sc.Took.Microseconds()}, &scene)
	if err != nil {
		return 0, err
	}
	at := geo.Unproject(w.Center(), w.Z)
	lon := geo.WrapLongitude(at[0])
	_, err = tx.exec(ctx, "INSERT OR REPLACE INTO scene_spots VALUES (?, ?, ?, ?, ?, ?, ?)", scene, question, question, lon, lon, at[1], at[1])
	return scene, err
}

func makeQuestion(ctx context.Context, tx *writing, q Question) (int64, error) {
	num, err := question(ctx, tx, q)
	if num != 0 || err != nil {
		return num, err
	}
	c, err := makeCollection(ctx, tx, q.Phrase)
	if err != nil {
		return 0, err
	}
	r, err := tx.exec(ctx, "INSERT INTO questions (collection, recipe) VALUES (?, ?)", c, q.Recipe.text())
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// question is a question's number; 0 when it has none.
func question(ctx context.Context, db querier, q Question) (num int64, err error) {
	err = one(ctx, db, "SELECT q.num FROM collections c JOIN questions q ON q.collection = c.num WHERE c.phrase = ? AND q.recipe = ?",
		[]any{q.Phrase, q.Recipe.text()}, &num)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return num, err
}

func (r Recipe) text() string {
	b, _ := json.Marshal(r) // strings alone: it cannot fail
	return string(b)
}

const sceneQuery = "SELECT num, reasoning, detail, made, took FROM scenes WHERE question = ? AND z = ? AND x = ? AND y = ? AND w = ? AND h = ?"

// Scenes gives those of the windows that are known.
func (s *SQLite) Scenes(ctx context.Context, q Question, windows []geo.Window) (map[geo.Window]Scene, error) {
	num, err := question(ctx, s, q)
	if num == 0 || err != nil {
		return nil, fail("read scenes of", q.Phrase, err)
	}
	out := make(map[geo.Window]Scene, len(windows))
	for _, w := range windows {
		var scene, made, took int64
		sc := Scene{Window: w}
		err := one(ctx, s, sceneQuery, []any{num, w.Z, w.X, w.Y, w.W, w.H}, &scene, &sc.Reasoning, &sc.Detail, &made, &took)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			sc.Made, sc.Took = when(made), time.Duration(took)*time.Microsecond
			sc.Instances, err = s.instances(ctx, scene)
		}
		if err != nil {
			return nil, fail("read scene", w.String(), err)
		}
		out[w] = sc
	}
	return out, nil
}

func (s *SQLite) instances(ctx context.Context, scene int64) (out []Instance, err error) {
	err = each(ctx, s, "SELECT name, class, score, ax, ay, mask FROM instances WHERE scene = ? ORDER BY n", []any{scene}, func(rows *sql.Rows) error {
		var in Instance
		var ax, ay *float64
		var mask sql.RawBytes
		err := rows.Scan(&in.Name, &in.Class, &in.Score, &ax, &ay, &mask)
		if err == nil {
			in.Mask, err = readMask(mask)
		}
		if ax != nil && ay != nil {
			in.Anchor = &orb.Point{*ax, *ay}
		}
		out = append(out, in)
		return err
	})
	return out, err
}

// Runs is the history of a window, the newest first.
func (s *SQLite) Runs(ctx context.Context, q Question, w geo.Window) (out []Run, err error) {
	num, err := question(ctx, s, q)
	if err == nil {
		err = each(ctx, s, `SELECT r.made, r.took, r.instances FROM scenes c JOIN runs r ON r.scene = c.num
			WHERE c.question = ? AND c.z = ? AND c.x = ? AND c.y = ? AND c.w = ? AND c.h = ? ORDER BY r.made DESC`,
			[]any{num, w.Z, w.X, w.Y, w.W, w.H}, func(rows *sql.Rows) error {
				var made, took int64
				var r Run
				err := rows.Scan(&made, &took, &r.Instances)
				r.Made, r.Took = when(made), time.Duration(took)*time.Microsecond
				out = append(out, r)
				return err
			})
	}
	return out, fail("read runs of", w.String(), err)
}

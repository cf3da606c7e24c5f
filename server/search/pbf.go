package search

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/osm"
	"github.com/paulmach/osm/osmgeojson"
	"github.com/paulmach/osm/osmpbf"
)

// extract is an .osm.pbf on its way into the index. tiles/osm reads what is drawn; here it is what is named, with OSM's ids.
type extract struct {
	file      *os.File
	relations []*osm.Relation
	ways      []*osm.Way
	members   map[osm.WayID]*osm.Way // of relations
	at        map[osm.NodeID]orb.Point
}

// readPBF reads relations, then ways, then nodes, so that only what is named is held.
func readPBF(ctx context.Context, path string, each func(Entry) error) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	e := &extract{file: in, members: map[osm.WayID]*osm.Way{}, at: map[osm.NodeID]orb.Point{}}
	if err := e.readRelations(ctx); err != nil {
		return err
	}
	if err := e.readWays(ctx); err != nil {
		return err
	}
	if err := e.readNodes(ctx, each); err != nil {
		return err
	}
	return e.assemble(each)
}

func (e *extract) scan(ctx context.Context, set func(*osmpbf.Scanner), each func(osm.Object) error) error {
	if _, err := e.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s := osmpbf.New(ctx, e.file, runtime.GOMAXPROCS(0))
	defer s.Close()
	set(s)
	for s.Scan() {
		if err := each(s.Object()); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("it is no .osm.pbf, or damaged: %w", err)
	}
	return nil
}

func (e *extract) readRelations(ctx context.Context) error {
	return e.scan(ctx, func(s *osmpbf.Scanner) { s.SkipNodes, s.SkipWays = true, true }, func(o osm.Object) error {
		r := o.(*osm.Relation)
		if t := r.Tags.Find("type"); (t != "multipolygon" && t != "boundary") || !wanted(r.Tags.Map()) {
			return nil
		}
		for _, m := range r.Members {
			if m.Type == osm.TypeWay {
				e.members[osm.WayID(m.Ref)] = nil
			}
		}
		e.relations = append(e.relations, r)
		return nil
	})
}

func (e *extract) readWays(ctx context.Context) error {
	return e.scan(ctx, func(s *osmpbf.Scanner) { s.SkipNodes, s.SkipRelations = true, true }, func(o osm.Object) error {
		w := o.(*osm.Way)
		_, member := e.members[w.ID]
		named := wanted(w.Tags.Map())
		if !member && !named {
			return nil
		}
		for _, n := range w.Nodes {
			e.at[n.ID] = orb.Point{}
		}
		if member {
			e.members[w.ID] = w
		}
		if named {
			e.ways = append(e.ways, w)
		}
		return nil
	})
}

func (e *extract) readNodes(ctx context.Context, each func(Entry) error) error {
	return e.scan(ctx, func(s *osmpbf.Scanner) { s.SkipWays, s.SkipRelations = true, true }, func(o osm.Object) error {
		n := o.(*osm.Node)
		if _, ok := e.at[n.ID]; ok {
			e.at[n.ID] = n.Point()
		}
		if len(n.Tags) == 0 {
			return nil
		}
		if t := n.Tags.Map(); wanted(t) {
			return each(Entry{"node", int64(n.ID), t, n.Point()})
		}
		return nil
	})
}

// assemble gives ways and relations their geometry. Nodes that the extract has not are left out, as at its edge.
func (e *extract) assemble(each func(Entry) error) error {
	place := func(w *osm.Way) {
		w.Nodes = slices.DeleteFunc(w.Nodes, func(n osm.WayNode) bool { return e.at[n.ID] == orb.Point{} })
		for i, n := range w.Nodes {
			w.Nodes[i].Lon, w.Nodes[i].Lat = e.at[n.ID][0], e.at[n.ID][1]
		}
	}
	for _, w := range e.ways {
		place(w)
		var g orb.Geometry = w.LineString()
		if len(w.Nodes) < 2 {
			continue
		}
		if len(w.Nodes) > 3 && w.Polygon() {
			g = orb.Polygon{orb.Ring(w.LineString())}
		}
		if err := each(Entry{"way", int64(w.ID), w.Tags.Map(), g}); err != nil {
			return err
		}
	}
	for _, w := range e.members {
		if w != nil {
			place(w)
		}
	}
	for _, r := range e.relations {
		if err := e.relation(r, each); err != nil {
			return err
		}
	}
	return nil
}

// relation joins the ways of an area. One that the extract's edge cuts open is known by its ways' extent.
func (e *extract) relation(r *osm.Relation, each func(Entry) error) error {
	part := &osm.OSM{Relations: osm.Relations{r}}
	var lines orb.MultiLineString
	for _, m := range r.Members {
		if w := e.members[osm.WayID(m.Ref)]; m.Type == osm.TypeWay && w != nil && len(w.Nodes) > 1 {
			part.Ways = append(part.Ways, w)
			lines = append(lines, w.LineString())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	var g orb.Geometry = lines
	if found, err := osmgeojson.Convert(part, osmgeojson.NoMeta(true), osmgeojson.NoRelationMembership(true)); err == nil {
		for _, f := range found.Features {
			if f.ID == fmt.Sprintf("relation/%d", r.ID) && f.Properties["tainted"] == nil {
				g = f.Geometry
			}
		}
	}
	return each(Entry{"relation", int64(r.ID), r.Tags.Map(), g})
}

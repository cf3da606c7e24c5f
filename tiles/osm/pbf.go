package osm

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/osm"
	"github.com/paulmach/osm/osmpbf"
)

// readPBF reads an extract in three passes, from relations down to nodes, so that only what is drawn is ever held.
func readPBF(ctx context.Context, o Options) (*index, error) {
	in, err := os.Open(o.Path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	e := &extract{file: in, index: newIndex(o.Lang), members: map[osm.WayID][]osm.NodeID{}}
	e.index.keep = o.Tags
	for _, pass := range []func(context.Context) error{e.readRelations, e.readWays, e.readNodes} {
		if err := pass(ctx); err != nil {
			return nil, err
		}
	}
	e.assemble()
	return e.index, nil
}

// extract is a file on its way into the index.
type extract struct {
	file      *os.File
	index     *index
	relations []relation
	ways      []way
	members   map[osm.WayID][]osm.NodeID // of relations
	nodes     []osm.NodeID               // that the ways need, sorted
	at        []orb.Point                // of nodes
}

type relation struct {
	tags    tags
	members []osm.WayID
	inner   []bool
}

type way struct {
	tags  tags
	nodes []osm.NodeID
}

func (e *extract) scan(ctx context.Context, set func(*osmpbf.Scanner), each func(osm.Object)) error {
	if _, err := e.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s := osmpbf.New(ctx, e.file, runtime.GOMAXPROCS(0))
	defer s.Close()
	set(s)
	for s.Scan() {
		each(s.Object())
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("it is no .osm.pbf, or damaged: %w", err)
	}
	return nil
}

// readRelations keeps those that are areas, https://wiki.openstreetmap.org/wiki/Relation:multipolygon.
func (e *extract) readRelations(ctx context.Context) error {
	return e.scan(ctx, func(s *osmpbf.Scanner) { s.SkipNodes, s.SkipWays = true, true }, func(o osm.Object) {
		r := o.(*osm.Relation)
		t := tags(r.Tags.Map())
		if t["type"] != "multipolygon" && t["type"] != "boundary" {
			return
		}
		_, _, drawn := t.area()
		if _, written := t.label(orb.Point{}, ""); !drawn && !written {
			return
		}
		kept := relation{tags: t}
		for _, m := range r.Members {
			if m.Type == osm.TypeWay {
				id := osm.WayID(m.Ref)
				kept.members, kept.inner = append(kept.members, id), append(kept.inner, m.Role == "inner")
				e.members[id] = nil
			}
		}
		e.relations = append(e.relations, kept)
	})
}

func (e *extract) readWays(ctx context.Context) error {
	err := e.scan(ctx, func(s *osmpbf.Scanner) { s.SkipNodes, s.SkipRelations = true, true }, func(o osm.Object) {
		w := o.(*osm.Way)
		ids := w.Nodes.NodeIDs()
		if _, ok := e.members[w.ID]; ok {
			e.members[w.ID] = ids
			e.nodes = append(e.nodes, ids...)
		}
		if t := tags(w.Tags.Map()); len(ids) > 1 && t.shown(closed(ids)) {
			e.ways = append(e.ways, way{t, ids})
			e.nodes = append(e.nodes, ids...)
		}
	})
	slices.Sort(e.nodes)
	e.nodes = slices.Clip(slices.Compact(e.nodes))
	return err
}

// shown says whether a way with such tags is drawn or written.
func (t tags) shown(closed bool) bool {
	if len(t) == 0 {
		return false
	}
	if closed && t.isArea() {
		_, _, drawn := t.area()
		_, written := t.label(orb.Point{}, "")
		return drawn || written
	}
	_, _, drawn := t.line()
	_, told := t.told()
	return drawn || told
}

func closed(ids []osm.NodeID) bool { return len(ids) > 3 && ids[0] == ids[len(ids)-1] }

func (e *extract) readNodes(ctx context.Context) error {
	e.at = make([]orb.Point, len(e.nodes))
	for i := range e.at {
		e.at[i] = orb.Point{nowhere, nowhere}
	}
	return e.scan(ctx, func(s *osmpbf.Scanner) { s.SkipWays, s.SkipRelations = true, true }, func(o osm.Object) {
		n := o.(*osm.Node)
		p := orb.Point{n.Lon, n.Lat}
		if i, ok := slices.BinarySearch(e.nodes, n.ID); ok {
			e.at[i] = p
		}
		if len(n.Tags) > 0 {
			e.index.addPoint(p, n.Tags.Map())
		}
	})
}

// nowhere stands for nodes that an extract cut off.
const nowhere = 999.0

// line is a way's points; nodes that the extract lacks are left out.
func (e *extract) line(ids []osm.NodeID) orb.LineString {
	out := make(orb.LineString, 0, len(ids))
	for _, id := range ids {
		if i, ok := slices.BinarySearch(e.nodes, id); ok && e.at[i][0] != nowhere {
			out = append(out, e.at[i])
		}
	}
	return out
}

// assemble puts ways and relations into the index. An area of which the extract lacks a node is still closed.
func (e *extract) assemble() {
	for _, w := range e.ways {
		line := e.line(w.nodes)
		switch {
		case !closed(w.nodes) || !w.tags.isArea():
			e.index.addLine(line, w.tags)
		case len(line) > 2:
			e.index.addArea(orb.MultiPolygon{{closeRing(orb.Ring(line))}}, w.tags, len(line) < len(w.nodes))
		}
	}
	for _, r := range e.relations {
		var outer, inner [][]osm.NodeID
		cut := false
		for i, id := range r.members {
			if ids := e.members[id]; len(ids) < 2 { // not in the extract
				cut = true
			} else if r.inner[i] {
				inner = append(inner, ids)
			} else {
				outer = append(outer, ids)
			}
		}
		e.index.addArea(polygonsOf(e.rings(outer), e.rings(inner)), r.tags, cut)
	}
}

func (e *extract) rings(ways [][]osm.NodeID) []orb.Ring {
	var out []orb.Ring
	for _, ids := range join(ways) {
		if r := orb.Ring(e.line(ids)); len(r) > 3 {
			out = append(out, closeRing(r))
		}
	}
	return out
}

func closeRing(r orb.Ring) orb.Ring {
	if r[0] != r[len(r)-1] {
		r = append(r, r[0])
	}
	return r
}

package search

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"
)

// candidates is how many places one look at the index may give; the most important ones.
const candidates = 150

func lower(s string) string { return strings.ToLower(s) }

// Find gives the places that answer best, none when nothing does. It takes MaxTime at most, and then answers with what it has.
func (x *Index) Find(ctx context.Context, q Query) ([]Place, error) {
	if !utf8.ValidString(q.Text) || utf8.RuneCountInString(q.Text) > MaxQuery {
		return nil, &Error{"find", fmt.Sprintf("%.40q", q.Text), ErrQuery, fmt.Sprintf("give at most %d characters of UTF-8", MaxQuery)}
	}
	if q.Limit < 0 || q.Limit > MaxLimit {
		return nil, &Error{"find", fmt.Sprintf("limit %d", q.Limit), ErrQuery, fmt.Sprintf("give 1 to %d", MaxLimit)}
	}
	q.Limit = cmp.Or(q.Limit, 10)
	asked := words(fold(q.Text))
	if len(asked) == 0 {
		return nil, nil
	}
	if len(asked) > maxWords {
		asked = asked[:maxWords]
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.db == nil {
		return nil, &Error{"find", q.Text, ErrNotReady, "try again in a while; the status tells how far it is"}
	}
	inTime, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	l := &look{ctx: inTime, db: x.db, q: q, asked: asked, seen: map[int64]bool{}}
	err := l.run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && inTime.Err() == nil {
		return nil, err
	}
	return l.best(), nil
}

// look is one question on its way.
type look struct {
	ctx   context.Context
	db    *sql.DB
	q     Query
	asked []string
	seen  map[int64]bool
	found []Place
}

// run looks for the very name, then for all words with the last one perhaps unfinished, then for words alike.
func (l *look) run() error {
	folded := strings.Join(l.asked, " ")
	if err := l.take(`select id from name where folded = ? order by id limit ?`, fold(l.q.Text)); err != nil {
		return err
	}
	exact := len(l.found)
	if err := l.match(l.expression(nil)); err != nil {
		return err
	}
	if exact > 0 && len(l.found) >= l.q.Limit {
		return nil
	}
	alike := make([][]string, len(l.asked))
	some := false
	for i, w := range l.asked {
		var err error
		if alike[i], err = l.alike(w); err != nil {
			return err
		}
		some = some || len(alike[i]) > 0
	}
	if some {
		if err := l.match(l.expression(alike)); err != nil {
			return err
		}
	}
	if len(l.found) == 0 || exact == 0 {
		return l.respaced(folded)
	}
	return nil
}

// match asks near the viewbox or focus first: of a common name there are more than candidates elsewhere.
func (l *look) match(expression string) error {
	if box := l.box(); box != nil {
		if err := l.take(`select words.rowid from words, box where words match ? and box.id = words.rowid and box.w <= ? and box.e >= ? and box.s <= ? and box.n >= ? limit ?`,
			expression, box.Max[0], box.Min[0], box.Max[1], box.Min[1]); err != nil || l.q.Bounded {
			return err
		}
	}
	return l.take(`select rowid from words where words match ? limit ?`, expression)
}

func (l *look) box() *orb.Bound {
	if l.q.Viewbox != nil {
		return l.q.Viewbox
	}
	if l.q.Focus != nil {
		b := orbgeo.NewBoundAroundPoint(*l.q.Focus, 5000)
		return &b
	}
	return nil
}

// expression is FTS5's, https://www.sqlite.org/fts5.html#full_text_query_syntax. Words hold letters and digits only.
func (l *look) expression(alike [][]string) string {
	groups := make([]string, len(l.asked))
	for i, w := range l.asked {
		any := []string{`"` + token(w) + `"`}
		if i == len(l.asked)-1 {
			any[0] += " *"
		}
		for _, o := range abbreviated[w] {
			any = append(any, `"`+o+`"`)
		}
		if alike != nil {
			for _, o := range alike[i] {
				any = append(any, `"`+token(o)+`"`)
			}
		}
		groups[i] = "(" + strings.Join(any, " OR ") + ")"
	}
	return strings.Join(groups, " AND ")
}

// alike are the words that a slip makes of a word: one letter, in long words sometimes two.
func (l *look) alike(word string) ([]string, error) {
	const most = 12
	own := forms(word)
	args := make([]any, len(own))
	for i, f := range own {
		args[i] = f
	}
	rows, err := l.db.QueryContext(l.ctx, `select word, max(n) from letter where form in (?`+strings.Repeat(",?", len(own)-1)+`) group by word limit 400`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	type other struct {
		word   string
		far, n int
	}
	var all []other
	allowed := 1
	if utf8.RuneCountInString(word) >= 8 {
		allowed = 2
	}
	for rows.Next() {
		var o other
		if err := rows.Scan(&o.word, &o.n); err != nil {
			return nil, err
		}
		if o.far = distance(word, o.word); o.far > 0 && o.far <= allowed {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b other) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(b.n, a.n), cmp.Compare(a.word, b.word))
	})
	var out []string
	for _, o := range all[:min(most, len(all))] {
		out = append(out, o.word)
	}
	return out, rows.Err()
}

// respaced mends a space too many or too few, which makes other words.
func (l *look) respaced(folded string) error {
	fields := strings.Fields(folded)
	asked := l.asked
	defer func() { l.asked = asked }()
	try := func(words []string) error {
		l.asked = words
		return l.match(l.expression(nil))
	}
	for i := 0; i+1 < len(fields); i++ {
		joined := append(append(slices.Clone(fields[:i]), fields[i]+fields[i+1]), fields[i+2:]...)
		if err := try(joined); err != nil {
			return err
		}
	}
	for i, w := range fields {
		r := []rune(w)
		if len(r) < 3 || len(r) > 24 || spaceless(r[0]) {
			continue
		}
		for k := 1; k < len(r); k++ {
			a, b := string(r[:k]), string(r[k:])
			if ok, err := l.known(a, b); err != nil {
				return err
			} else if ok {
				if err := try(append(append(slices.Clone(fields[:i]), a, b), fields[i+1:]...)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (l *look) known(a, b string) (bool, error) {
	var n int
	err := l.db.QueryRowContext(l.ctx, `select (select count(*) from letter where form = ?1 and word = ?1) + (select count(*) from letter where form = ?2 and word = ?2)`, a, b).Scan(&n)
	return n == 2, err
}

// take reads the places that a query numbers.
func (l *look) take(query string, args ...any) error {
	rows, err := l.db.QueryContext(l.ctx, `select id, type, osm_id, lon, lat, w, s, e, n, key, value, importance, tags, address, geometry from place where id in (`+query+`)`,
		append(args, candidates)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return err
		}
		if !l.seen[p.PlaceID] && l.wants(&p) {
			l.seen[p.PlaceID] = true
			l.found = append(l.found, p)
		}
	}
	return rows.Err()
}

func scan(rows *sql.Rows) (Place, error) {
	var p Place
	var tags, address string
	if err := rows.Scan(&p.PlaceID, &p.Type, &p.ID, &p.At[0], &p.At[1], &p.Bound.Min[0], &p.Bound.Min[1], &p.Bound.Max[0], &p.Bound.Max[1], &p.Key, &p.Value,
		&p.Importance, &tags, &address, &p.geometry); err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(tags), &p.Tags); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(address), &p.Address)
}

func (l *look) wants(p *Place) bool {
	if l.q.Bounded && l.q.Viewbox != nil && !l.q.Viewbox.Contains(p.At) {
		return false
	}
	if c := p.Address["country_code"]; c != "" && len(l.q.Countries) > 0 {
		return slices.ContainsFunc(l.q.Countries, func(s string) bool { return strings.EqualFold(s, c) })
	}
	return true
}

// best are the places by how well they answer, each once: a mall's ways and its point are one.
func (l *look) best() []Place {
	folded := fold(l.q.Text)
	for i := range l.found {
		p := &l.found[i]
		p.Match = likeness(folded, words(folded), p)
		p.score = 2*p.Match + 0.35*p.Importance + 0.3*l.nearness(p)
	}
	slices.SortStableFunc(l.found, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.PlaceID, b.PlaceID))
	})
	var out []Place
	for _, p := range l.found {
		const same = 150 // metres
		if slices.ContainsFunc(out, func(o Place) bool {
			return o.Tags["name"] == p.Tags["name"] && o.Tags["name"] != "" && o.Key == p.Key && o.Value == p.Value && orbgeo.Distance(o.At, p.At) < same
		}) {
			continue
		}
		if out = append(out, p); len(out) == l.q.Limit {
			break
		}
	}
	return out
}

// nearness is 1 at the focus or within the viewbox, and a half at 5 km from it.
func (l *look) nearness(p *Place) float64 {
	const half = 5000
	switch {
	case l.q.Focus != nil:
		return half / (half + orbgeo.Distance(*l.q.Focus, p.At))
	case l.q.Viewbox != nil:
		b := *l.q.Viewbox
		edge := orb.Point{math.Max(b.Min[0], math.Min(b.Max[0], p.At[0])), math.Max(b.Min[1], math.Min(b.Max[1], p.At[1]))}
		return half / (half + orbgeo.Distance(edge, p.At))
	}
	return 0
}

// likeness compares a question with the names and address of a place: word by word, what the name has beyond it counting little.
func likeness(folded string, asked []string, p *Place) float64 {
	all := names(p.Tags)
	if a, b := house(p.Tags); a != "" {
		all = append(all, a, b)
	}
	var around []string
	for _, v := range p.Address {
		around = append(around, words(fold(v))...)
	}
	best := 0.0
	for i, n := range all {
		f := fold(n)
		s := 1.0
		if f != folded {
			s = wordsAlike(folded, f, asked, words(f), around)
		}
		if i > 0 {
			s *= 0.99 // its first name rather
		}
		best = max(best, s)
	}
	return best
}

func wordsAlike(folded, name string, asked, own, around []string) float64 {
	sum, total, covered, length := 0.0, 0.0, 0.0, 0.0
	for _, o := range own {
		length += float64(len(o))
	}
	used := make([]bool, len(own))
	for i, w := range asked {
		at, s := -1, 0.0
		for k, o := range own {
			if v := wordAlike(w, o, i == len(asked)-1); !used[k] && v > s {
				at, s = k, v
			}
		}
		if at >= 0 {
			used[at] = true
			covered += float64(len(own[at]))
		}
		for _, o := range around {
			s = max(s, 0.9*wordAlike(w, o, i == len(asked)-1))
		}
		sum += s * float64(len(w))
		total += float64(len(w))
	}
	if total == 0 || length == 0 {
		return 0
	}
	s := sum / total * (0.75 + 0.24*min(1, covered/length))
	if a, b := strings.ReplaceAll(folded, " ", ""), strings.ReplaceAll(name, " ", ""); len(a) > 3 && distance(a, b) <= 1 {
		s = max(s, 0.93) // a slip may be in a space
	} else if strings.HasPrefix(name, folded) {
		s = max(s, 0.85+0.1*float64(len(folded))/float64(len(name)))
	}
	return s
}

func wordAlike(asked, own string, last bool) float64 {
	switch {
	case asked == own:
		return 1
	case slices.Contains(abbreviated[asked], own):
		return 0.97
	case last && strings.HasPrefix(own, asked):
		return 0.9
	case strings.Contains(own, asked) && len(asked) >= 6 && asked[0] >= 0x80:
		return 0.85 // part of a run without spaces
	}
	if d := distance(asked, own); d == 1 && len(own) > 1 {
		return 0.8
	} else if d == 2 && len(asked) >= 8 {
		return 0.6
	}
	return 0
}

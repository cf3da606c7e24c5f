package sources

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/paulmach/orb/maptile"
)

// template is the URL of a tile with its places: {x} {y} {z}, {-y} counted from the south, {q} Bing's quadkey, {s} one of
// the subdomains, {r} nothing, or @2x where a tile of twice the size is asked for, and {x/16}, {y/16} as Tencent groups its tiles.
type template struct {
	text       string
	subdomains []string
}

var (
	placeholder  = regexp.MustCompile(`\{([^{}]+)\}`)
	simplePlaces = map[string]bool{"x": true, "y": true, "z": true, "-y": true, "q": true, "s": true, "r": true}
	grouped      = regexp.MustCompile(`^(-?[xy])/(\d+)$`)
)

func parseTemplate(text string, subdomains []string) (template, error) {
	if len(subdomains) == 0 {
		subdomains = []string{"a", "b", "c"}
	}
	t := template{text, subdomains}
	seen := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		g := grouped.FindStringSubmatch(m[1])
		if !simplePlaces[m[1]] && (g == nil || g[2] == "0") {
			return t, fmt.Errorf("it holds the unknown {%s}", m[1])
		}
		seen[m[1]] = true
	}
	if !seen["q"] && !(seen["x"] && seen["z"] && (seen["y"] || seen["-y"])) {
		return t, errors.New("it needs {x}, {y} and {z}, or {q}")
	}
	u, err := url.Parse(t.expand(maptile.New(0, 0, 0)))
	if err != nil {
		return t, errors.New("it is no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return t, errors.New("it must begin with http:// or https:// and name a host")
	}
	return t, nil
}

// retina says whether the server has tiles of twice the size.
func (t template) retina() bool { return strings.Contains(t.text, "{r}") }

func (t template) expand(tile maptile.Tile) string { return t.expandAt(tile, 1) }

func (t template) expandAt(tile maptile.Tile, scale int) string {
	x, y, z := int(tile.X), int(tile.Y), int(tile.Z)
	values := map[string]int{"x": x, "y": y, "-y": 1<<z - 1 - y, "z": z}
	return placeholder.ReplaceAllStringFunc(t.text, func(m string) string {
		name := m[1 : len(m)-1]
		switch name {
		case "q":
			return quadkey(x, y, z)
		case "s":
			return t.subdomains[(x+y)%len(t.subdomains)]
		case "r":
			if scale > 1 {
				return "@2x"
			}
			return ""
		}
		if g := grouped.FindStringSubmatch(name); g != nil {
			n, _ := strconv.Atoi(g[2]) // digits by the pattern
			return strconv.Itoa(values[g[1]] / n)
		}
		return strconv.Itoa(values[name])
	})
}

// ending is the format that the path's suffix names, if any.
func (t template) ending() string {
	text, _, _ := strings.Cut(t.text, "?")
	return strings.ToLower(strings.TrimPrefix(path.Ext(text), "."))
}

// quadkey is Bing's address of a tile, a digit a zoom.
func quadkey(x, y, z int) string {
	var b strings.Builder
	for i := z - 1; i >= 0; i-- {
		b.WriteByte(byte('0' + x>>i&1 + 2*(y>>i&1)))
	}
	return b.String()
}

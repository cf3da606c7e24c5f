package carto

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adrg/xdg"
	"golang.org/x/image/font/sfnt"

	"github.com/precinct-map/precinct/tiles"
)

// hints are parts of the file names of fonts with Chinese characters, the best for maps first. A file whose name has none of
// them is not opened: folders of fonts hold thousands.
var hints = [...]string{
	"notosanscjk", "sourcehansans", "notosanssc", "notosanshans", "pingfang", "hiragino sans gb", "msyh", "wqy-microhei", "wqy-zenhei", "stheiti",
	"simhei", "deng", "droidsansfallback", "notoserifcjk", "sourcehanserif", "songti", "simsun", "uming", "arialuni", "cjk",
}

// FindFont looks in the font folders of the system and the user for a font that has every character of a text, as Chinese
// maps need, and gives it as NewStyle takes it. Without one the error wraps tiles.ErrConfig.
func FindFont(text string) (string, error) { return findFont(xdg.FontDirs, text) }

func findFont(folders []string, text string) (string, error) {
	type file struct {
		path string
		rank int
	}
	var found []file
	for _, folder := range folders {
		//nolint:errcheck // what cannot be read has no fonts
		filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if rank := rankFont(d.Name()); rank >= 0 {
					found = append(found, file{path, rank})
				}
			}
			return nil
		})
	}
	slices.SortStableFunc(found, func(a, b file) int { return cmp.Or(a.rank-b.rank, strings.Compare(a.path, b.path)) })
	for _, f := range found {
		if n, ok := member(f.path, text); ok {
			return fmt.Sprintf("%s#%d", f.path, n), nil
		}
	}
	return "", &tiles.Error{Op: "find font", Subject: fmt.Sprintf("with the characters %q", text), Err: tiles.ErrConfig,
		Hint: "install a Chinese font such as Noto Sans CJK, or name the file of one under fonts"}
}

// rankFont is how well a file's name fits, the lower the better; −1 where it does not. Regular letters come before others.
func rankFont(name string) int {
	name = strings.ToLower(name)
	if !slices.Contains([]string{".ttc", ".otc", ".ttf", ".otf"}, filepath.Ext(name)) {
		return -1
	}
	for k, hint := range hints {
		if !strings.Contains(name, hint) {
			continue
		}
		if strings.Contains(name, "bold") || strings.Contains(name, "black") || strings.Contains(name, "light") || strings.Contains(name, "thin") {
			return 2*k + 1
		}
		return 2 * k
	}
	return -1
}

// member is the number of the font in a file that has every character of a text: of several the one whose name says
// simplified Chinese, and whose letters are not all of one width.
func member(path, text string) (int, bool) {
	file, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer file.Close()
	collection, err := sfnt.ParseCollectionReaderAt(file)
	if err != nil {
		return 0, false
	}
	best, score := 0, -1
	var b sfnt.Buffer
	for n := range collection.NumFonts() {
		font, err := collection.Font(n)
		if err != nil || !hasAll(font, &b, text) {
			continue
		}
		name, _ := font.Name(&b, sfnt.NameIDFull)
		s := 1
		if strings.Contains(name, " SC") {
			s += 2
		}
		if strings.Contains(name, "Mono") {
			s--
		}
		if s > score {
			best, score = n, s
		}
	}
	return best, score >= 0
}

func hasAll(font *sfnt.Font, b *sfnt.Buffer, text string) bool {
	for _, r := range text {
		if id, err := font.GlyphIndex(b, r); err != nil || id == 0 {
			return false
		}
	}
	return true
}

package ogc_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/server/store"
)

// A store is all that is needed to serve features.
func ExampleHandler() {
	folder, _ := os.MkdirTemp("", "ogc")
	defer os.RemoveAll(folder)
	s, err := store.Open(context.Background(), filepath.Join(folder, "found.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	server := httptest.NewServer(ogc.Handler(ogc.Options{Features: s, Catalogue: s, PublicURL: "https://maps.example.org"}))
	defer server.Close()
	res, err := server.Client().Get(server.URL + "/ogc/collections")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	fmt.Println(res.Status, strings.Contains(string(body), `"href":"https://maps.example.org/ogc/collections?f=json"`))
	// Output: 200 OK true
}

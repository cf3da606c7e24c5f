package store_test

import (
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
)

func open(t testing.TB, folder string) *store.SQLite {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(folder, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, place string) store.Store { return open(t, place) })
}

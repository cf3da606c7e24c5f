package export

import (
	"bytes"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"time"
)

// geoPackageSchema is the tables that every GeoPackage has (clauses 1.1.2, 1.1.3, 2.1.5 and 2.3), and those of the metadata
// extension (annex F.8). 1196444487 is "GPKG".
const geoPackageSchema = `
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
	organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
	('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
	('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
	('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]',
	 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
	last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
	CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
	z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
	CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
	CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
	mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
	timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
	CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id), CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
INSERT INTO gpkg_extensions VALUES
	('gpkg_metadata', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec120/#extension_metadata', 'read-write'),
	('gpkg_metadata_reference', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec120/#extension_metadata', 'read-write');`

// describe writes what is known only at the end: extent, type, metadata; and the triggers, which would have slowed the rows.
func (g *geoPackage) describe() error {
	bounds := make([]any, 4)
	if b := g.shape.bounds; !g.shape.empty() {
		bounds = []any{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
	}
	kind := "GEOMETRY"
	switch types := slices.Collect(maps.Keys(g.shape.types)); {
	case len(types) == 0:
		kind = "MULTIPOLYGON"
	case len(types) == 1:
		kind = strings.ToUpper(types[0])
	}
	description, err := g.metadata()
	if err != nil {
		return err
	}
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	for _, step := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO gpkg_contents VALUES (?, 'features', ?, ?, ?, ?, ?, ?, ?, 4326)",
			append([]any{g.meta.Name, g.meta.Title, g.meta.summary(), now}, bounds...)},
		{"INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, 4326, 0, 0)", []any{g.meta.Name, g.geometry, kind}},
		{"INSERT INTO gpkg_extensions VALUES (?, ?, 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
			[]any{g.meta.Name, g.geometry}},
		{"INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'http://gdal.org', 'text/xml', ?)", []any{description}},
		{"INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, ?, 1, NULL)", []any{g.meta.Name, now}},
		{g.triggers(), nil},
		// The column's type must be the layer's (requirement 31), which nobody knows before the last feature.
		{"PRAGMA writable_schema = on", nil},
		{"UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", []any{g.create(kind), g.meta.Name}},
		{"COMMIT", nil},
	} {
		if _, err := g.db.Exec(step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// metadata is in the form that GDAL, and so most programs, show as a layer's own.
func (g *geoPackage) metadata() (string, error) {
	var b bytes.Buffer
	b.WriteString("<GDALMultiDomainMetadata><Metadata>")
	for _, p := range g.meta.properties() {
		b.WriteString(`<MDI key="` + p.Key + `">`)
		if err := xml.EscapeText(&b, []byte(p.Value.(string))); err != nil {
			return "", err
		}
		b.WriteString("</MDI>")
	}
	b.WriteString("</Metadata></GDALMultiDomainMetadata>")
	return b.String(), nil
}

// triggers keep the index right when the file is edited: those of annex F.3 of version 1.3.
func (g *geoPackage) triggers() string {
	const text = `
CREATE TRIGGER "rtree_T_C_insert" AFTER INSERT ON "T" WHEN (NEW."C" NOT NULL AND NOT ST_IsEmpty(NEW."C"))
BEGIN INSERT OR REPLACE INTO "rtree_T_C" VALUES (NEW."K", ST_MinX(NEW."C"), ST_MaxX(NEW."C"), ST_MinY(NEW."C"), ST_MaxY(NEW."C")); END;
CREATE TRIGGER "rtree_T_C_update1" AFTER UPDATE OF "C" ON "T" WHEN OLD."K" = NEW."K" AND (NEW."C" NOTNULL AND NOT ST_IsEmpty(NEW."C"))
BEGIN INSERT OR REPLACE INTO "rtree_T_C" VALUES (NEW."K", ST_MinX(NEW."C"), ST_MaxX(NEW."C"), ST_MinY(NEW."C"), ST_MaxY(NEW."C")); END;
CREATE TRIGGER "rtree_T_C_update2" AFTER UPDATE OF "C" ON "T" WHEN OLD."K" = NEW."K" AND (NEW."C" ISNULL OR ST_IsEmpty(NEW."C"))
BEGIN DELETE FROM "rtree_T_C" WHERE id = OLD."K"; END;
CREATE TRIGGER "rtree_T_C_update3" AFTER UPDATE ON "T" WHEN OLD."K" != NEW."K" AND (NEW."C" NOTNULL AND NOT ST_IsEmpty(NEW."C"))
BEGIN DELETE FROM "rtree_T_C" WHERE id = OLD."K";
INSERT OR REPLACE INTO "rtree_T_C" VALUES (NEW."K", ST_MinX(NEW."C"), ST_MaxX(NEW."C"), ST_MinY(NEW."C"), ST_MaxY(NEW."C")); END;
CREATE TRIGGER "rtree_T_C_update4" AFTER UPDATE ON "T" WHEN OLD."K" != NEW."K" AND (NEW."C" ISNULL OR ST_IsEmpty(NEW."C"))
BEGIN DELETE FROM "rtree_T_C" WHERE id IN (OLD."K", NEW."K"); END;
CREATE TRIGGER "rtree_T_C_delete" AFTER DELETE ON "T" WHEN OLD."C" NOT NULL
BEGIN DELETE FROM "rtree_T_C" WHERE id = OLD."K"; END;`
	inner := func(name string) string { return strings.ReplaceAll(name, `"`, `""`) }
	return strings.NewReplacer("_T_C", "_"+inner(g.meta.Name)+"_"+inner(g.geometry), `"T"`, quoted(g.meta.Name), `"C"`, quoted(g.geometry), `"K"`, quoted(g.key)).Replace(text)
}

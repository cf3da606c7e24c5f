"""Reads exports back with tools that the project did not write, and compares them with what was to be written.

Usage: exports.py FOLDER, with expected.json, awkward.* and empty.* in it. Any difference ends it with an AssertionError;
warnings of the tools are errors.
"""

import datetime
import gzip
import json
import math
import pathlib
import sqlite3
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ElementTree

import geopandas
import mapbox_vector_tile
import pyarrow.parquet
import pyogrio
import shapely
from pmtiles.reader import MemorySource, Reader, all_tiles
from shapely import affinity

warnings.simplefilter("error")
FOLDER = pathlib.Path(sys.argv[1])
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
META, FEATURES = EXPECTED["meta"], EXPECTED["features"]
NUMBERS = ["name", "score", "floors", "open", "updated", "sources", "raw"]


def wanted(feature):
    """The feature's ground, its longitudes in -180 … 180; None for none."""
    if not feature["polygons"]:
        return None
    whole = shapely.unary_union([shapely.Polygon(rings[0], rings[1:]) for rings in feature["polygons"]])
    world = shapely.box(-180, -90, 180, 90)
    return shapely.unary_union([affinity.translate(whole, 360 * k).intersection(world) for k in (-1, 0, 1)])


def same_ground(got, want, where, tolerance=1e-7):
    """Equal but for a margin of so many degrees along the outline."""
    if want is None:
        assert got is None or got.is_empty, where
        return
    assert got is not None and got.is_valid, (where, got)
    off = got.symmetric_difference(want).area
    assert off <= tolerance * want.length, (where, off, got.wkt[:300], want.wkt[:300])


def missing(v):
    return v is None or v != v


def same_value(key, got, want, where):
    if missing(want):
        assert missing(got), (where, key, got)
    elif key == "updated":
        if not isinstance(got, datetime.datetime):
            got = datetime.datetime.fromisoformat(got)
        assert got == datetime.datetime.fromisoformat(want), (where, key, got, want)
    elif isinstance(want, (list, dict)):
        if isinstance(got, str):
            got = json.loads(got)
        assert (got if isinstance(got, dict) else list(got)) == want, (where, key, got)
    else:
        assert got == want and isinstance(got, str) == isinstance(want, str), (where, key, got, want)


def same_table(frame, where, numbers, geometry_tolerance=1e-7, keys=NUMBERS):
    assert len(frame) == len(FEATURES), (where, len(frame))
    for i, want in enumerate(FEATURES):
        row, at = frame.iloc[i], (where, i)
        if want["num"]:
            assert int(numbers(frame, i)) == want["num"], (at, numbers(frame, i))
        same_ground(row.geometry, wanted(want), at, geometry_tolerance)
        for key in keys:
            same_value(key, row[key], want["properties"].get(key), at)


def same_meta(got, where):
    for key, value in META.items():
        assert got.get(key) == value, (where, key, got.get(key), value)


def geopackage():
    path = FOLDER / "awkward.gpkg"
    frame = pyogrio.read_dataframe(path, fid_as_index=True)
    same_table(frame, "gpkg", lambda t, i: t.index[i])
    info = pyogrio.read_info(path)
    same_meta(info["layer_metadata"], "gpkg")
    assert info["geometry_type"] == "MultiPolygon" and info["crs"] == "EPSG:4326", info
    assert info["capabilities"]["fast_spatial_filter"], info
    near = pyogrio.read_dataframe(path, bbox=(85.605, 27.605, 85.606, 27.606))
    assert list(near["name"]) == [FEATURES[2]["properties"]["name"]], near
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    extent = db.execute("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents").fetchone()
    assert extent == tuple(info["total_bounds"]) == tuple(frame.total_bounds), (extent, frame.total_bounds)
    assert db.execute("SELECT count(*) FROM rtree_aoi_geom").fetchone()[0] == sum(wanted(f) is not None for f in FEATURES)
    db.close()
    # Editing goes through the triggers of the index, with GDAL's functions.
    edited = FOLDER / "edited.gpkg"
    edited.write_bytes(path.read_bytes())
    pyogrio.write_dataframe(frame.iloc[:1].reset_index(drop=True), edited, layer="aoi", append=True)
    db = sqlite3.connect(edited)
    assert db.execute("SELECT count(*) FROM rtree_aoi_geom").fetchone()[0] == 1 + sum(wanted(f) is not None for f in FEATURES)
    empty = pyogrio.read_info(FOLDER / "empty.gpkg")
    assert empty["features"] == 0 and empty["geometry_type"] == "MultiPolygon", empty


def kml():
    path = FOLDER / "awkward.kml"
    frame = pyogrio.read_dataframe(path).rename(columns={"Name": "name"})
    same_table(frame, "kml", lambda t, i: t["fid"].iloc[i], 1e-8)
    assert list(frame["id"])[:3] == ["f1", "f2", "f3"], frame["id"]
    space = {"k": "http://www.opengis.net/kml/2.2"}
    document = ElementTree.parse(path).getroot().find("k:Document", space)
    data = {d.get("name"): d.find("k:value", space).text for d in document.findall("k:ExtendedData/k:Data", space)}
    same_meta(data, "kml")
    assert META["attribution"] in document.find("k:description", space).text
    assert pyogrio.read_info(FOLDER / "empty.kml")["features"] == 0


def geojson():
    path = FOLDER / "awkward.geojson"
    same_table(pyogrio.read_dataframe(path, fid_as_index=True), "geojson", lambda t, i: t.index[i])
    same_meta(json.loads(path.read_text()), "geojson")
    assert json.loads((FOLDER / "empty.geojson").read_text())["features"] == []
    assert pyogrio.read_info(FOLDER / "empty.geojson")["features"] == 0
    for suffix in ("geojsonl", "geojsons"):
        path = FOLDER / f"awkward.{suffix}"
        same_table(pyogrio.read_dataframe(path, fid_as_index=True), suffix, lambda t, i: t.index[i])
        lines = path.read_text().split("\n")[:-1]  # splitlines would also split at separators
        assert all(line.startswith("\x1e") == (suffix == "geojsons") for line in lines)
        same_meta(json.loads(lines[0].lstrip("\x1e")), suffix)
        assert [json.loads(line.lstrip("\x1e")).get("id", 0) for line in lines] == [f["num"] for f in FEATURES]
        assert (FOLDER / f"empty.{suffix}").read_bytes() == b""


def geoparquet():
    path = FOLDER / "awkward.parquet"
    frame = geopandas.read_parquet(path)
    assert frame.crs == "OGC:CRS84", frame.crs
    raw = pyarrow.parquet.read_table(path)
    numbers = raw.column("fid").to_pylist()
    same_table(frame, "parquet", lambda t, i: numbers[i])
    same_meta({k.decode(): v.decode() for k, v in raw.schema.metadata.items()}, "parquet")
    for box, shape in zip(raw.column("bbox").to_pylist(), frame.geometry):
        assert (box is None) == (shape is None), (box, shape)
        assert box is None or (box["xmin"], box["ymin"], box["xmax"], box["ymax"]) == shape.bounds, (box, shape.bounds)
    near = geopandas.read_parquet(path, bbox=(85.605, 27.605, 85.606, 27.606))
    assert list(near["name"]) == [FEATURES[2]["properties"]["name"]], near
    assert len(geopandas.read_parquet(FOLDER / "empty.parquet")) == 0
    validator = pathlib.Path(sys.executable).parent / "geoparquet-validator"
    for name in ("awkward", "empty", "many"):
        done = subprocess.run([validator, "check", FOLDER / f"{name}.parquet"], capture_output=True, text=True)
        assert done.returncode == 0 and "0 fail" in done.stdout and "FAIL" not in done.stdout, done.stdout + done.stderr
    many = pyarrow.parquet.ParquetFile(FOLDER / "many.parquet").metadata
    assert many.num_row_groups > 1 and many.num_rows == EXPECTED["many"], many
    column = many.row_group(0).column(0)
    assert column.compression == "ZSTD", column


def degrees(z, x, y):
    """From a tile's units, y down, to degrees."""
    size = 4096 * 2**z

    def convert(points):
        out = []
        for px, py in points:
            across, down = (x * 4096 + px) / size, (y * 4096 + py) / size
            out.append((across * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * down))))))
        return out

    return convert


def open_tiles(name):
    return Reader(MemorySource((FOLDER / name).read_bytes()))


def pmtiles():
    reader = open_tiles("awkward.pmtiles")
    head, metadata = reader.header(), reader.metadata()
    same_meta(metadata, "pmtiles")
    assert [l["id"] for l in metadata["vector_layers"]] == ["aoi", "aoi_label"], metadata
    assert head["clustered"] and head["max_zoom"] == 14 and head["min_lon_e7"] == -1800000000, head
    shown, labels, zooms = {}, {}, {}
    order = []
    for (z, x, y), data in all_tiles(reader.get_bytes):
        order.append(z)
        layers = mapbox_vector_tile.decode(gzip.decompress(data), default_options={"y_coord_down": True})
        assert set(layers) <= {"aoi", "aoi_label"} and layers["aoi"]["extent"] == 4096 and layers["aoi"]["version"] == 2
        zooms.setdefault(z, set()).update(f["id"] for f in layers["aoi"]["features"])
        if z != head["max_zoom"]:
            continue
        inside = shapely.box(0, 0, 4096, 4096)
        for feature in layers["aoi"]["features"]:
            ground = shapely.geometry.shape(feature["geometry"]).intersection(inside)
            shown.setdefault(feature["id"], []).append(shapely.transform(ground, lambda c: degrees(z, x, y)(c)))
            want = next(f for f in FEATURES if f["num"] == feature["id"])
            for key, value in want["properties"].items():
                if value is None:
                    assert key not in feature["properties"], feature
                else:
                    same_value(key, feature["properties"][key], value, ("pmtiles", feature["id"]))
        for feature in layers.get("aoi_label", {"features": []})["features"]:
            assert feature["id"] not in labels, "two labels"
            labels[feature["id"]] = shapely.Point(degrees(z, x, y)([feature["geometry"]["coordinates"]])[0])
    assert order == sorted(order)
    unit = 360 / 4096 / 2**head["max_zoom"]
    for feature in FEATURES:
        want = wanted(feature)
        if want is None:
            assert feature["num"] not in shown
            continue
        same_ground(shapely.unary_union(shown[feature["num"]]), want, ("pmtiles", feature["num"]), unit)
        assert want.buffer(unit).contains(labels[feature["num"]]), feature
    assert 0 < len(zooms[0]) < len(zooms[14]) and zooms[0] <= zooms[14], zooms
    assert list(all_tiles(open_tiles("empty.pmtiles").get_bytes)) == []
    assert pyogrio.read_info(FOLDER / "awkward.pmtiles", layer="aoi")["driver"] == "PMTiles"


def many_tiles():
    """Tiles through leaf directories: every feature has its label at the deepest zoom, once, and every zoom stands for all."""
    reader = open_tiles("many.pmtiles")
    head = reader.header()
    assert head["leaf_directory_length"] > 0, head
    labels, stands = [], {}
    for (z, x, y), data in all_tiles(reader.get_bytes):
        layers = mapbox_vector_tile.decode(gzip.decompress(data))
        features = layers.get("aoi_label", {"features": []})["features"]
        if z == head["max_zoom"]:
            labels += [f["id"] for f in features]
        elif not features:
            stands[z] = stands.get(z, 0) + sum(f["properties"].get("merged", 1) for f in layers["aoi"]["features"])
    assert sorted(labels) == list(range(1, EXPECTED["tiled"] + 1)), len(labels)
    assert stands[0] == EXPECTED["tiled"], stands


def by_gdal():
    """What ogr2ogr made, if it is installed. Its FlatGeobuf keeps nothing without a geometry."""
    for name in ("awkward.fgb", "awkward.gml"):
        if (FOLDER / name).exists():
            frame = pyogrio.read_dataframe(FOLDER / name)
            want = [f["properties"]["name"] for f in FEATURES if f["properties"].get("name") and (wanted(f) or name.endswith("gml"))]
            assert sorted(frame["name"].dropna()) == sorted(want), (name, frame)


for check in (geojson, geopackage, kml, geoparquet, pmtiles, many_tiles, by_gdal):
    check()
    print(check.__name__, "agrees")

"""Loads every kind of layer of a running Precinct into headless QGIS; prints one line a check and exits 1 if any fails.

usage: layers.py ADDRESS COLLECTION LON LAT ZOOM   (what TestClients gives it)
"""
import math
import os
import sys
import urllib.request

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage
from qgis.core import (Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsFeatureRequest, QgsMapRendererSequentialJob, QgsMapSettings,
                       QgsRasterLayer, QgsRectangle, QgsVectorLayer, QgsVectorTileLayer)

address, collection, lon, lat, zoom = sys.argv[1].rstrip("/"), sys.argv[2], *map(float, sys.argv[3:6])
zoom = int(zoom)
failed = False
HALF = math.pi * 6378137


def check(name, good, detail=""):
    global failed
    failed = failed or not good
    print("ok  " if good else "FAIL", name, detail, flush=True)


def render(layer, extent, pixels):
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    settings.setExtent(extent)
    settings.setOutputSize(QSize(pixels, pixels))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def tile(path):
    image = QImage()
    image.loadFromData(urllib.request.urlopen(address + path).read())
    return image.convertToFormat(QImage.Format_RGB32)


def differing(image, x, y, path):
    """How many pixels of the picture, at 256 px tile x, y of it, are not the tile's."""
    want, got = tile(path), image.convertToFormat(QImage.Format_RGB32)
    return sum(want.pixel(i, j) != got.pixel(256 * x + i, 256 * y + j) for i in range(256) for j in range(256))


app = QgsApplication([], False)
app.initQgis()
print("QGIS", Qgis.QGIS_VERSION)
n = 2 ** zoom
tx = int((lon + 180) / 360 * n)
ty = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
size = 2 * HALF / n
extent = QgsRectangle(tx * size - HALF, HALF - (ty + 2) * size, (tx + 2) * size - HALF, HALF - ty * size)

for name, source in {
    "XYZ": f"type=xyz&url={address}/tiles/map/{{z}}/{{x}}/{{y}}.png&zmin=12&zmax=20",
    "WMTS": f"url={address}/wmts/1.0.0/WMTSCapabilities.xml&layers=map&styles=default&tileMatrixSet=GoogleMapsCompatible&format=image/png&crs=EPSG:3857",
}.items():
    layer = QgsRasterLayer(source, name, "wms")
    check(name + " opens", layer.isValid())
    if not layer.isValid():
        continue
    image = render(layer, extent, 512)
    bad = sum(differing(image, x, y, f"/tiles/map/{zoom}/{tx + x}/{ty + y}.png") for x in range(2) for y in range(2))
    check(name + " is the source's pixel for pixel", bad == 0, f"{bad} of {512 * 512} differ")

aoi = QgsVectorTileLayer(f"type=xyz&url={address}/aoi/school/{{z}}/{{x}}/{{y}}.mvt&zmin=0&zmax=17", "aoi")
check("vector tiles open", aoi.isValid())
image = render(aoi, extent.buffered(2 * size), 1024)
drawn = sum(image.pixelColor(x, y).alpha() > 0 for x in range(0, 1024, 4) for y in range(0, 1024, 4))
check("vector tiles are drawn", drawn > 50, f"{drawn} of {256 * 256} samples")

whole = QgsVectorLayer(f"{address}/aoi/school.geojson", "geojson", "ogr")
check("GeoJSON opens", whole.isValid() and whole.featureCount() > 0, f"{whole.featureCount()} features")

features = QgsVectorLayer(f"url='{address}/ogc' typename='{collection}' pageSize='2'", "oapif", "OAPIF")
check("OGC API Features opens", features.isValid())
if features.isValid() and whole.isValid():
    found = {f["id"]: f for f in features.getFeatures()}
    want = {f["id"]: f for f in whole.getFeatures()}
    check("paging gives them all", found.keys() == want.keys(), f"{len(found)} in pages of 2")
    first = next(iter(want.values()))
    box = first.geometry().boundingBox()
    here = [f["id"] for f in features.getFeatures(QgsFeatureRequest(box))]
    check("bbox", first["id"] in here and len(here) < max(2, len(want)), f"{len(here)} of {len(want)}")
    check("the same outline", found[first["id"]].geometry().equals(first.geometry()) or
          found[first["id"]].geometry().symDifference(first.geometry()).area() < 1e-12)
sys.stdout.flush()
os._exit(failed)  # without QGIS's own ending, which crashes over layers that are still open

"""What was found in Banepa beside the footprints: python banepa.py FOUND.geojson DATA OUT.jpg [NAME…], a panel for each place of the truth that is
named, or for each school."""
import io, json, math, sys
from pathlib import Path
from PIL import Image, ImageDraw

found_path, data, out = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
TILE, ZOOM, PANEL, GAP, COLUMNS = 512, 19, 260, 6, 4


def pixel(lon, lat):
    n = TILE * 2**ZOOM
    return n * (lon + 180) / 360, n * (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2


def rings(geometry):
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[pixel(*p[:2]) for p in ring] for polygon in polygons for ring in polygon]


def picture(x, y):
    img = Image.new("RGB", (PANEL, PANEL), (128, 128, 128))
    for i in range(int(x // TILE), int((x + PANEL) // TILE) + 1):
        for j in range(int(y // TILE), int((y + PANEL) // TILE) + 1):
            path = data / "labelled" / str(ZOOM) / str(i) / f"{j}.jpg"
            if path.exists():
                img.paste(Image.open(path), (int(TILE * i - x), int(TILE * j - y)))
    return img


found = [rings(f["geometry"]) for f in json.loads(Path(found_path).read_text())["features"]]
truth = json.loads((data / "truth.geojson").read_text())["features"]
named = [f for f in truth if f["properties"].get("name") and (f["properties"]["name"] in sys.argv[4:] or not sys.argv[4:] and "school" in (f["properties"].get("amenity"), f["properties"].get("building")))]
rows = math.ceil((len(named) + 1) / COLUMNS)
sheet = Image.new("RGB", (COLUMNS * (PANEL + GAP), rows * (PANEL + GAP) + 24), "white")
for n, place in enumerate(named):
    outline = rings(place["geometry"])
    xs, ys = [p[0] for p in outline[0]], [p[1] for p in outline[0]]
    x, y = (min(xs) + max(xs)) / 2 - PANEL / 2, (min(ys) + max(ys)) / 2 - PANEL / 2
    big = picture(x, y).convert("RGBA")
    shade = Image.new("RGBA", big.size)
    draw = ImageDraw.Draw(shade)
    local = lambda ring: [(px - x, py - y) for px, py in ring]
    for shape in found:
        draw.polygon(local(shape[0]), fill=(255, 60, 20, 90))
    for shape in [outline] + found:
        for ring in shape:
            draw.line(local(ring), fill="white" if shape is outline else (255, 60, 20), width=3)
    draw.rectangle((0, PANEL - 20, PANEL, PANEL), fill=(20, 20, 20, 220))
    draw.text((5, PANEL - 17), place["properties"]["name"], fill="white", font_size=12)
    sheet.paste(Image.alpha_composite(big, shade).convert("RGB"), (n % COLUMNS * (PANEL + GAP), n // COLUMNS * (PANEL + GAP)))
draw = ImageDraw.Draw(sheet)
n = len(named)
draw.multiline_text((n % COLUMNS * (PANEL + GAP) + 10, n // COLUMNS * (PANEL + GAP) + 30), "Red: what Precinct found from the\nimagery and the map's labels.\n"
                    "White: the footprints, which it\nnever saw.", fill=(40, 40, 40), font_size=13, spacing=6)
draw.text((4, rows * (PANEL + GAP) + 4), "Imagery © OpenAerialMap contributors, CC BY 4.0 · labels and white footprints © OpenStreetMap contributors", fill=(60, 60, 60), font_size=12)
sheet.save(out, quality=84, optimize=True)

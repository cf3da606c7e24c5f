"""The reader's best, median and worst answer on each real ground: python ground.py DATA REPORTS OUT.jpg GROUND,… ZOOM,…, with a page of eval --report
in REPORTS/ground-GROUND.html. A page's outlines are in pixels of a window of 768 px round the place."""
import json, math, re, sys
from pathlib import Path
from PIL import Image, ImageDraw

data, reports, out = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
grounds = list(zip(sys.argv[4].split(","), map(int, sys.argv[5].split(","))))
TILE, SCENE, PANEL, GAP, LEFT, ABOVE = 256, 768, 168, 4, 58, 20
RANKS = ["best", "median", "worst"]


def pixel(lon, lat, zoom):
    n = TILE * 2**zoom
    return n * (lon + 180) / 360, n * (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2


def picture(folder, zoom, x, y, edge):
    img = Image.new("RGB", (edge, edge), (128, 128, 128))
    for i in range(x // TILE, (x + edge) // TILE + 1):
        for j in range(y // TILE, (y + edge) // TILE + 1):
            for path in (folder / "labelled" / str(zoom) / str(i)).glob(f"{j}.*"):
                img.paste(Image.open(path).convert("RGB"), (TILE * i - x, TILE * j - y))
    return img


def rings(path):
    return [[tuple(map(float, p.split())) for p in re.split("[ML]", part) if p] for part in path.split("Z") if part]


def panel(ground, zoom, article):
    name = re.search(r"<b>(.*?)</b>", article)[1]
    iou = re.search(r"IoU ([\d.]+)", article)[1]
    found, truth = [rings(m[1]) if (m := re.search(rf'<path class="{kind}" d="([^"]*)"', article)) else [] for kind in ("found", "true")]
    [place] = [f for f in json.loads((data / ground / "truth.geojson").read_text())["features"] if f["properties"]["name"] == name]
    outline = [pixel(*p, zoom) for p in place["geometry"]["coordinates"][0]]
    xs, ys = [p[0] for p in outline], [p[1] for p in outline]
    left, top = int((min(xs) + max(xs)) / 2) - SCENE // 2, int((min(ys) + max(ys)) / 2) - SCENE // 2
    points = [p for ring in truth + found for p in ring]
    reach = max(max(abs(v - SCENE / 2) for v in p) for p in points)  # from the middle
    half = int(min(SCENE / 2, max(28, 1.3 * reach)))
    big = picture(data / ground, zoom, left + SCENE // 2 - half, top + SCENE // 2 - half, 2 * half).resize((PANEL, PANEL), Image.LANCZOS)
    draw = ImageDraw.Draw(big)
    for shape, colour, width in [(found, (255, 60, 20), 3), (truth, (255, 255, 255), 2)]:
        for ring in shape:
            local = [((px - SCENE / 2 + half) * PANEL / (2 * half), (py - SCENE / 2 + half) * PANEL / (2 * half)) for px, py in ring]
            draw.line(local + local[:1], fill=colour, width=width)
    draw.text((5, PANEL - 17), f"{float(iou) / 100:.2f}", fill="white", stroke_width=2, stroke_fill="black", font_size=13)
    return big


step = PANEL + GAP
sheet = Image.new("RGB", (LEFT + len(grounds) * step, ABOVE + 3 * step + 36), "white")
draw = ImageDraw.Draw(sheet)
for column, (ground, zoom) in enumerate(grounds):
    draw.text((LEFT + column * step + 3, 3), f"{ground}, z{zoom}", fill=(40, 40, 40), font_size=12)
    page = (reports / f"ground-{ground}.html").read_text()
    for article in re.findall(r'<article class="sample">.*?</article>', page, re.S):
        rank = re.search(r'class="rank">(\w+)', article)[1]
        sheet.paste(panel(ground, zoom, article), (LEFT + column * step, ABOVE + RANKS.index(rank) * step))
for row, rank in enumerate(RANKS):
    draw.text((4, ABOVE + row * step + PANEL // 2), rank, fill=(40, 40, 40), font_size=14)
draw.multiline_text((4, ABOVE + 3 * step + 2), "Red: what the reader drew for a place's name; white: the known outline, which it never saw; IoU below left.\n"
                    "Imagery: OpenAerialMap, CC BY 4.0 (kampala) · MassGIS (massachusetts1) · SpaceNet, DigitalGlobe/Maxar, CC BY-SA 4.0 (spacenet-…) · buildings of kampala © OpenStreetMap contributors",
                    fill=(60, 60, 60), font_size=11, spacing=3)
sheet.save(out, quality=82, optimize=True)

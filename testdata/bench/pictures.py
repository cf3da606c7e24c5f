"""Pictures of the made-up town for docs/: python pictures.py SERVER OUT, with a demo running at SERVER."""
import io, json, math, sys, urllib.parse, urllib.request
from concurrent.futures import ThreadPoolExecutor
from PIL import Image, ImageDraw

server, out = sys.argv[1:3]
QUERY, SIZE, GAP = "school", 384, 6


def get(path):
    for _ in range(30):  # a scene that is not known yet answers incompletely after ten seconds
        with urllib.request.urlopen(server + path, timeout=60) as r:
            data = r.read()
            if r.headers.get("X-Precinct-Complete") != "false":
                break
    return data


def view(path, lon, lat, z):
    """SIZE pixels of a layer round a place."""
    n = 256 * 2**z
    x = n * (lon + 180) / 360 - SIZE / 2
    y = n * (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 - SIZE / 2
    img = Image.new("RGBA", (SIZE, SIZE))
    tiles = [(i, j) for i in range(int(x // 256), int((x + SIZE) // 256) + 1) for j in range(int(y // 256), int((y + SIZE) // 256) + 1)]
    with ThreadPoolExecutor(2) as pool:
        for (i, j), data in zip(tiles, pool.map(lambda t: get(path.format(z=z, x=t[0], y=t[1])), tiles)):
            img.paste(Image.open(io.BytesIO(data)).convert("RGBA"), (int(256 * i - x), int(256 * j - y)))
    return img


lon, lat, _ = json.loads(get("/tiles/satellite.json"))["center"]
aoi = "/aoi/" + urllib.parse.quote(QUERY) + "/{z}/{x}/{y}.png"
view(aoi, lon, lat, 16)  # what the lower zooms show is what was found before
zooms = [13, 15, 17, 19]
sheet = Image.new("RGB", (3 * SIZE + 2 * GAP, len(zooms) * (SIZE + GAP) - GAP), "white")
for row, z in enumerate(zooms):
    satellite = view("/tiles/satellite/{z}/{x}/{y}.jpg", lon, lat, z)
    plan = view("/tiles/map/{z}/{x}/{y}.png", lon, lat, z)
    both = Image.alpha_composite(satellite, view(aoi, lon, lat, z))
    for column, img in enumerate([satellite, plan, both]):
        sheet.paste(img.convert("RGB"), (column * (SIZE + GAP), row * (SIZE + GAP)))
    ImageDraw.Draw(sheet).text((8, row * (SIZE + GAP) + 8), f"z{z}", fill="white", stroke_width=2, stroke_fill="black", font_size=20)
sheet.save(out, quality=84, optimize=True)

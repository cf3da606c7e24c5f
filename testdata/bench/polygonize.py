"""How fast geo.Trace is against GDAL's polygonize, on the same masks in one run.

    python -m venv .venv && .venv/bin/pip install rasterio
    .venv/bin/python testdata/bench/polygonize.py [--least 5]

Run from anywhere inside the checkout; `go` must be on the PATH. The Go benchmark writes its masks as PNG, rasterio reads
them, and both trace them into memory: outlines of the set pixels, 4-connected, holes assigned. GDAL's side is
rasterio.features.shapes, whose polygons are Python objects. Figures are medians. Exits 1 when a ratio is below --least.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import rasterio
import rasterio.features
from rasterio.errors import NotGeoreferencedWarning

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
RUNS = 7


def trace_seconds(masks):
    """Runs the Go benchmark, which leaves the masks in a folder, and gives the seconds a mask by name."""
    out = subprocess.run(
        ["go", "test", "-run", "^$", "-bench", "^BenchmarkTrace$", "-benchtime", "0.3s", f"-count={RUNS}", "./geo"],
        cwd=REPOSITORY, env={**os.environ, "PRECINCT_BENCH_MASKS": masks}, check=True, capture_output=True, text=True,
    ).stdout
    seconds = {}
    for name, ns in re.findall(r"^BenchmarkTrace/(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op", out, re.MULTILINE):
        seconds.setdefault(name, []).append(float(ns) * 1e-9)
    return {name: statistics.median(values) for name, values in seconds.items()}


def polygonize_seconds(path):
    """Seconds that rasterio.features.shapes takes on a mask, and how many polygons it finds."""
    with rasterio.open(path) as picture:
        mask = (picture.read(1) > 0).astype("uint8")
    times, polygons = [], 0
    for _ in range(3 * RUNS):
        start = time.perf_counter()
        polygons = sum(1 for _ in rasterio.features.shapes(mask, mask=mask, connectivity=4))
        times.append(time.perf_counter() - start)
    return statistics.median(times), polygons


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--least", type=float, default=0, help="the ratio that is asked for")
    least = options.parse_args().least
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        ours = trace_seconds(folder)
        print(f"{'mask':8} {'polygons':>8} {'GDAL ms':>8} {'Trace ms':>8} {'ratio':>6}")
        for name in sorted(ours):
            theirs, polygons = polygonize_seconds(pathlib.Path(folder, name + ".png"))
            ratios.append(theirs / ours[name])
            print(f"{name:8} {polygons:8} {theirs * 1e3:8.2f} {ours[name] * 1e3:8.2f} {ratios[-1]:6.1f}")
    if not ratios:
        sys.exit("no figures: did the Go benchmark run?")
    return 1 if min(ratios) < least else 0


if __name__ == "__main__":
    sys.exit(main())

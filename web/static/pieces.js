// Cutting an outline by a line and joining two. Coordinates are whole numbers of 10⁻⁷ degree, as GeoJSON answers have them, so
// that pieces meet in equal corners. The sweep over the edges is polyclip-ts's.

const UNIT = 1e7; // a degree
const HAIR = 4; // half the width of the gap that a cut makes before it is closed again, in units: 5 cm
const SLIVER = 1; // m²: smaller pieces are what is left of a line along an edge

export class ShapeError extends Error {
  expected = true;
}

// clip runs one of polyclip's operations on polygons. Without a precision, 5 of 400 cuts could not be closed to rings; with it
// none of 4,000.
const clip = (operation, ...polys) => {
  const { polyclip } = window;
  if (!polyclip) throw new ShapeError('Cutting and joining need a library that is not installed: run “precinct setup”, then reload');
  polyclip.setPrecision(1e-9);
  try {
    return polyclip[operation](...polys);
  } catch (error) {
    throw new ShapeError(`The outlines could not be computed (${error.message.slice(0, 40)}…); a slightly different line or outline will do`);
  }
};

const polygonsOf = (g) => (g.type === 'Polygon' ? [g.coordinates] : g.coordinates);
const units = (g) => polygonsOf(g).map((poly) => poly.map((ring) => ring.map(([x, y]) => [Math.round(x * UNIT), Math.round(y * UNIT)])));
const degrees = (polys) => ({ type: 'MultiPolygon', coordinates: polys.map((poly) => poly.map((ring) => ring.map(([x, y]) => [x / UNIT, y / UNIT]))) });
const equal = (a, b) => a[0] === b[0] && a[1] === b[1];

// square is a polygon's area in square metres, near enough to compare pieces.
const square = (poly) => poly.reduce((sum, ring, i) => {
  let twice = 0;
  for (let k = 1; k < ring.length; k++) twice += (ring[k - 1][0] - ring[0][0]) * (ring[k][1] - ring[0][1]) - (ring[k][0] - ring[0][0]) * (ring[k - 1][1] - ring[0][1]);
  const metres = (111319.49 / UNIT) ** 2 * Math.cos((ring[0][1] / UNIT) * (Math.PI / 180));
  return sum + (i ? -1 : 1) * Math.abs(twice / 2) * metres;
}, 0);

// clean takes repeated corners and spikes out of a closed ring; null where nothing is left.
const clean = (ring) => {
  const open = ring.slice(0, -1);
  for (let i = 0; i < open.length && open.length > 2;) {
    const n = open.length, before = open[(i + n - 1) % n], here = open[i], after = open[(i + 1) % n];
    if (equal(before, here) || equal(before, after)) {
      open.splice(i, 1);
      i = Math.max(0, i - 2);
    } else i++;
  }
  return open.length > 2 ? [...open, open[0]] : null;
};

const tidy = (polys) => polys.map((poly) => poly.map(clean)).filter((poly) => poly[0]).map((poly) => poly.filter(Boolean)).filter((poly) => square(poly) >= SLIVER);

// hairs are thin quadrilaterals round the segments of a line.
const hairs = (line) => line.slice(1).map((b, i) => {
  const a = line[i];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const along = [(HAIR * (b[0] - a[0])) / length, (HAIR * (b[1] - a[1])) / length];
  const corner = ([x, y], forth, aside) => [Math.round(x + forth * along[0] - aside * along[1]), Math.round(y + forth * along[1] + aside * along[0])];
  const ring = [corner(a, -1, -1), corner(b, 1, -1), corner(b, 1, 1), corner(a, -1, 1)];
  return [[...ring, ring[0]]];
});

// crossings are where a line meets the edges of a polygon, and the line's own corners: where the corners of a cut belong.
const crossings = (poly, line) => {
  const out = [...line];
  for (const ring of poly) {
    for (let i = 1; i < ring.length; i++) {
      for (let k = 1; k < line.length; k++) {
        const [p, q, a, b] = [ring[i - 1], ring[i], line[k - 1], line[k]];
        const r = [q[0] - p[0], q[1] - p[1]], s = [b[0] - a[0], b[1] - a[1]];
        const cross = r[0] * s[1] - r[1] * s[0];
        const t = ((a[0] - p[0]) * s[1] - (a[1] - p[1]) * s[0]) / cross, u = ((a[0] - p[0]) * r[1] - (a[1] - p[1]) * r[0]) / cross;
        if (t >= 0 && t <= 1 && u >= 0 && u <= 1) out.push([Math.round(p[0] + t * r[0]), Math.round(p[1] + t * r[1])]);
      }
    }
  }
  return out;
};

// cutPolygon cuts one polygon: a gap as thin as a hair is cut out along the line, and the corners of both its sides are put
// together on the line again.
const cutPolygon = (poly, line) => {
  const own = new Set(poly.flat().map(String));
  const targets = crossings(poly, line);
  const nearest = (p) => targets.reduce((best, t) => (Math.hypot(t[0] - p[0], t[1] - p[1]) < Math.hypot(best[0] - p[0], best[1] - p[1]) ? t : best));
  const parts = clip('difference', [poly], ...hairs(line).map((h) => [h]));
  const pieces = tidy(parts.map((part) => part.map((ring) => ring.map((p) => (own.has(String(p)) ? p : nearest(p))))));
  const lost = square(poly) - pieces.reduce((sum, piece) => sum + square(piece), 0);
  if (Math.abs(lost) > 2 + 0.002 * square(poly)) throw new ShapeError('The outline cannot be cut cleanly by this line; draw it a little differently');
  return pieces;
};

// cut gives the pieces of an outline, the largest first, as MultiPolygons. Parts that the line leaves whole stay with the largest.
// The line is of [longitude, latitude]; it throws a ShapeError where it does not cross the outline.
export const cut = (geometry, points) => {
  const line = points.map(([x, y]) => [Math.round(x * UNIT), Math.round(y * UNIT)]).filter((p, i, all) => !i || !equal(p, all[i - 1]));
  const whole = [], pieces = [];
  for (const poly of units(geometry)) {
    const parts = line.length > 1 ? cutPolygon(poly, line) : [];
    if (parts.length > 1) pieces.push(...parts.map((p) => [p]));
    else whole.push(poly);
  }
  if (!pieces.length) throw new ShapeError('The line has to cross the outline from side to side: begin and end outside of it');
  pieces.sort((a, b) => square(b[0]) - square(a[0]));
  pieces[0].push(...whole);
  return pieces.map(degrees);
};

// join is two outlines as one; apart says that they do not touch and make one outline of several parts.
export const join = (a, b) => {
  const [first, second] = [units(a), units(b)];
  const polys = tidy(clip('union', first, second));
  return { geometry: degrees(polys), apart: polys.length >= first.length + second.length };
};

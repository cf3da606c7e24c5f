// Datums: where a map in GCJ-02 or BD-09 shows a WGS-84 place. The same formulas as geo/datum.go, whose comments name the sources.

export const DATUMS = ['wgs84', 'gcj02', 'bd09'];

const { PI, sin, cos, sqrt, abs, hypot, atan2 } = Math;
const sinPi = (x) => sin(x * PI);

const gcj = ([lon, lat]) => {
  const axis = 6378245, e2 = 0.00669342162296594323;
  const x = lon - 105, y = lat - 35, root = sqrt(abs(x)), bend = 0.1 * x * y;
  const ripple = 20 * sinPi(6 * x) + 20 * sinPi(2 * x);
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + bend + 0.2 * root
    + (2 / 3) * (ripple + 20 * sinPi(y) + 40 * sinPi(y / 3) + 160 * sinPi(y / 12) + 320 * sinPi(y / 30));
  const east = 300 + x + 2 * y + 0.1 * x * x + bend + 0.1 * root
    + (2 / 3) * (ripple + 20 * sinPi(x) + 40 * sinPi(x / 3) + 150 * sinPi(x / 12) + 300 * sinPi(x / 30));
  const w2 = 1 - e2 * sin((lat * PI) / 180) ** 2;
  const normal = axis / sqrt(w2), meridian = (axis * (1 - e2)) / (w2 * sqrt(w2));
  return [lon + ((east / (normal * cos((lat * PI) / 180))) * 180) / PI, lat + ((north / meridian) * 180) / PI];
};

const bd = ([lon, lat]) => {
  const wave = (3000 * PI) / 180;
  const radius = hypot(lon, lat) + 0.00002 * sin(lat * wave), angle = atan2(lat, lon) + 0.000003 * cos(lon * wave);
  return [radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006];
};

// fromWGS84 takes and gives [longitude, latitude] in degrees; outside of the box that the services shift it changes nothing.
export const fromWGS84 = (datum, p) => {
  if (!(p[0] >= 72.004 && p[0] <= 137.8347 && p[1] >= 0.8293 && p[1] <= 55.8271)) return p;
  if (datum === 'gcj02') return gcj(p);
  return datum === 'bd09' ? bd(gcj(p)) : p;
};

// moved is the point metres east and north of p, as geo.Offset.
export const moved = ([lon, lat], [east, north]) => {
  const degree = (6378137 * PI) / 180;
  return [lon + east / (degree * cos((lat * PI) / 180)), lat + north / degree];
};

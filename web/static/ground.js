// A source layer on the map, in a pane of its own: shown where its pictures lie on the ground, by its datum and offset.
import { fromWGS84, moved } from './datum.js';

const L = window.L;

export class Ground {
  // tilejson is the layer's; address makes an URL out of its template.
  constructor(map, tilejson, address) {
    Object.assign(this, { map, id: tilejson.name, datum: tilejson.datum ?? 'wgs84', offset: tilejson.offset ?? [0, 0], tilejson });
    this.pane = map.createPane(`ground-${this.id}`);
    this.pane.style.zIndex = 200;
    const t = tilejson;
    const retina = L.Browser.retina ? '@2x' : '';
    this.layer = L.tileLayer(address(t.tiles[0].replace(/\.(\w+)$/, `${retina}.$1`)), {
      pane: `ground-${this.id}`, attribution: t.attribution, minNativeZoom: t.minzoom, maxNativeZoom: t.maxzoom, minZoom: Math.max(0, t.minzoom - 2), maxZoom: 20,
      bounds: [[t.bounds[1], t.bounds[0]], [t.bounds[3], t.bounds[2]]],
    });
    // Tiles are fetched for the ground that the moved pane shows.
    const bounds = this.layer._getTiledPixelBounds;
    this.layer._getTiledPixelBounds = (center) => {
      const b = bounds.call(this.layer, center);
      const by = this.shift(this.layer._tileZoom, center);
      return L.bounds(b.min.subtract(by), b.max.subtract(by));
    };
    map.on('zoomanim', ({ zoom, center }) => this.place(zoom, center));
    map.on('viewreset zoomend moveend', () => this.place());
  }

  // shift is how far the pictures have to be moved at a zoom, in pixels.
  shift(zoom, center) {
    const p = [center.lng, center.lat];
    const drawn = fromWGS84(this.datum, moved(p, [-this.offset[0], -this.offset[1]]));
    return this.map.project(center, zoom).subtract(this.map.project(L.latLng(drawn[1], drawn[0]), zoom));
  }

  place(zoom = this.map.getZoom(), center = this.map.getCenter()) {
    const { x, y } = this.shift(zoom, center).round(); // between pixels the tiles' edges would shine through
    this.by = { x, y };
    this.pane.style.transform = x || y ? `translate(${x}px, ${y}px)` : '';
  }

  // move sets where the pictures lie: metres east and north, and a datum.
  move(offset, datum = this.datum) {
    Object.assign(this, { offset, datum });
    this.place();
    if (this.map.hasLayer(this.layer)) this.layer._update();
  }

  show(over = false, opacity = 1) {
    this.pane.style.zIndex = over ? 210 : 200;
    this.layer.setOpacity(opacity);
    if (!this.map.hasLayer(this.layer)) this.layer.addTo(this.map);
    this.place();
  }

  hide() {
    this.layer.remove();
    this.clip(null);
  }

  // clip leaves only what is right of x, in pixels of the map's container; null shows all.
  clip(x) {
    if (x === null) {
      this.pane.style.clipPath = '';
      return;
    }
    const by = L.point(this.by?.x ?? 0, this.by?.y ?? 0);
    const size = this.map.getSize();
    const a = this.map.containerPointToLayerPoint([x, 0]).subtract(by);
    const b = this.map.containerPointToLayerPoint(size).subtract(by);
    this.pane.style.clipPath = `polygon(${a.x}px ${a.y}px, ${b.x}px ${a.y}px, ${b.x}px ${b.y}px, ${a.x}px ${b.y}px)`;
  }
}

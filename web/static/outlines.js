// Outlines of a phrase in the view. They are asked tile by tile with wait=0, so that the map never hangs, and asked again while
// the server says that something is still under way.
import { Problem } from './server.js';

const L = window.L;
const AGAIN_MS = 900;
const TILE_ZOOM = 17;

// LOWEST_ZOOM is where the server begins to look at new ground by itself (lowest_zoom in its configuration).
export const LOWEST_ZOOM = 16;

export class Outlines {
  // kind is the class and function that the phrase stands for, both '' where it stands for several or for a name;
  // changed is told whenever something was drawn or the state changed, picked which outline was clicked.
  constructor({ map, server, phrase, kind, changed, picked }) {
    Object.assign(this, { map, server, phrase, kind, changed, picked, byId: new Map(), tiles: new Map(), open: new Set(), view: new Set(), stopped: new AbortController() });
    this.group = L.layerGroup().addTo(map);
    this.reason = '';
    this.chosen = null;
    this.hidden = null; // an outline that a tool draws by itself
    this.look();
  }

  remove() {
    this.stopped.abort();
    this.group.remove();
  }

  // look asks for the tiles in view that are not known completely.
  look() {
    const zoom = Math.min(TILE_ZOOM, Math.floor(this.map.getZoom()));
    const tileOf = (latlng) => this.map.project(latlng, zoom).divideBy(256);
    const center = tileOf(this.map.getCenter());
    const view = this.map.getBounds();
    const range = [tileOf(view.getNorthWest()).floor(), tileOf(view.getSouthEast()).floor()];
    const most = 2 ** zoom;
    const want = [];
    for (let y = Math.max(0, range[0].y); y <= Math.min(most - 1, range[1].y); y++) {
      for (let x = range[0].x; x <= range[1].x; x++) want.push({ x: ((x % most) + most) % most, y, far: Math.hypot(x + 0.5 - center.x, y + 0.5 - center.y) });
    }
    // What is asked last is served first, so the middle of the view comes last.
    want.sort((a, b) => b.far - a.far);
    this.view = new Set(want.map(({ x, y }) => `${zoom}/${x}/${y}`));
    this.reason = '';
    for (const key of this.view) if (!this.tiles.has(key)) this.tile(key);
    this.changed();
  }

  async tile(key) {
    if (!this.tiles.has(key)) this.tiles.set(key, { ids: new Set() });
    this.open.add(key);
    try {
      const { body, headers } = await this.server.get(`aoi/${encodeURIComponent(this.phrase)}/${key}.geojson?wait=0`, { signal: this.stopped.signal, cache: 'no-cache' });
      this.draw(key, body.features);
      const reason = headers.get('X-Precinct-Reason') ?? '';
      if (reason && !reason.includes('under way')) this.reason = reason;
      if (headers.get('X-Precinct-Complete') !== 'false') this.open.delete(key);
      else setTimeout(() => this.again(key), AGAIN_MS);
    } catch (error) {
      this.open.delete(key);
      if (this.stopped.signal.aborted) return;
      // Beyond the sources' bounds there is nothing to be found, which is no error.
      if (!(error instanceof Problem && error.status === 404)) {
        this.tiles.delete(key);
        this.reason = [error.message, error.hint].filter(Boolean).join(' – ');
      }
    }
    this.changed();
  }

  again(key) {
    if (this.stopped.signal.aborted) return;
    if (this.view.has(key)) {
      this.tile(key);
    } else {
      this.open.delete(key);
      this.tiles.delete(key);
    }
  }

  // reload asks anew for what is in view: something was changed. What lies elsewhere is forgotten.
  reload() {
    for (const key of this.tiles.keys()) if (!this.view.has(key)) this.forget(key);
    return Promise.all([...this.view].map((key) => this.tile(key)));
  }

  forget(key) {
    const { ids } = this.tiles.get(key);
    this.tiles.delete(key);
    for (const id of ids) this.drop(id);
  }

  draw(key, features) {
    const before = this.tiles.get(key)?.ids ?? new Set();
    const now = new Set(features.map((f) => f.id));
    this.tiles.set(key, { ids: now });
    // A later answer may have joined what an earlier one had in parts.
    for (const id of before) if (!now.has(id)) this.drop(id);
    for (const f of features) {
      const old = this.byId.get(f.id);
      if (old && old.feature.properties.updated === f.properties.updated) continue;
      if (old) this.group.removeLayer(old.layer);
      const layer = L.geoJSON(f, { className: 'outline' }).on('click', (e) => {
        L.DomEvent.stop(e);
        this.picked(f.id);
      });
      this.byId.set(f.id, { feature: f, layer });
      if (f.id !== this.hidden) this.group.addLayer(layer);
      this.paint(f.id);
    }
  }

  // drop takes an outline away that no tile shows any more.
  drop(id) {
    for (const t of this.tiles.values()) if (t.ids.has(id)) return;
    const old = this.byId.get(id);
    if (old) this.group.removeLayer(old.layer);
    this.byId.delete(id);
  }

  paint(id, hover = false) {
    this.byId.get(id)?.layer.setStyle({
      color: id === this.chosen ? '#ffd23f' : '#ff5a2c', weight: id === this.chosen ? 4 : hover ? 4 : 2.5, fillColor: '#ff5a2c',
      fillOpacity: hover ? 0.4 : id === this.chosen ? 0.12 : 0.22,
    });
  }

  choose(id) {
    const before = this.chosen;
    this.chosen = id;
    for (const each of [before, id]) this.paint(each);
    this.byId.get(id)?.layer.bringToFront();
  }

  // hide leaves an outline to a tool; null shows it again.
  hide(id) {
    const shown = this.byId.get(this.hidden);
    this.hidden = id;
    if (shown) this.group.addLayer(shown.layer);
    const gone = this.byId.get(id);
    if (gone) this.group.removeLayer(gone.layer);
  }

  // waiting is how many tiles of the view are not known completely.
  get waiting() { return [...this.view].filter((key) => this.open.has(key)).length; }

  // list is what is in view, the surest first.
  list() {
    const view = this.map.getBounds();
    return [...this.byId.values()].filter(({ layer }) => view.intersects(layer.getBounds())).sort((a, b) => b.feature.properties.score - a.feature.properties.score);
  }
}

// The viewer: source layers underneath, outlines of a phrase on top. Outlines are asked tile by tile with wait=0, so the map
// never hangs, and asked again while the server says that something is still under way.

const L = window.L;
const status = document.getElementById('status');
const results = document.getElementById('results');
const AGAIN_MS = 900;
const LOWEST_ZOOM = 16;

const say = (text, error = false) => {
  status.textContent = text;
  status.classList.toggle('error', error);
};

const json = async (url, options) => {
  const reply = await fetch(url, options);
  const body = await reply.json();
  if (!reply.ok) throw new Error([body.detail || body.title, body.hint].filter(Boolean).join(' – '));
  return { body, complete: reply.headers.get('X-Precinct-Complete') !== 'false', reason: reply.headers.get('X-Precinct-Reason') };
};

const el = (tag, text, parent) => {
  const e = document.createElement(tag);
  e.textContent = text;
  parent?.append(e);
  return e;
};

const area = (m2) => (m2 >= 10000 ? `${(m2 / 10000).toFixed(1)} ha` : `${Math.round(m2)} m²`);

const post = (url, body) => json(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

// Outlines is what answers one phrase in the view. Features come from several tiles; one id is drawn once.
class Outlines {
  constructor(map, phrase, changed) {
    Object.assign(this, { map, phrase, changed, byId: new Map(), tiles: new Map(), open: new Set(), stopped: new AbortController() });
    this.group = L.layerGroup().addTo(map);
    this.reason = '';
    this.look();
  }

  remove() {
    this.stopped.abort();
    this.group.remove();
  }

  // look asks for the tiles in view that are not known completely.
  look() {
    const zoom = Math.min(17, Math.floor(this.map.getZoom()));
    const tileOf = (latlng) => this.map.project(latlng, zoom).divideBy(256);
    const center = tileOf(this.map.getCenter());
    const view = this.map.getBounds();
    const range = [tileOf(view.getNorthWest()).floor(), tileOf(view.getSouthEast()).floor()];
    const want = [];
    for (let y = range[0].y; y <= range[1].y; y++) {
      for (let x = range[0].x; x <= range[1].x; x++) want.push({ x, y, far: Math.hypot(x + 0.5 - center.x, y + 0.5 - center.y) });
    }
    // What is asked last is served first, so the middle of the view comes last.
    want.sort((a, b) => b.far - a.far);
    this.view = new Set(want.map(({ x, y }) => `${zoom}/${x}/${y}`));
    for (const key of this.view) if (!this.tiles.has(key)) this.tile(key);
  }

  async tile(key) {
    this.tiles.set(key, 'asked');
    this.open.add(key);
    try {
      const { body, complete, reason } = await json(`aoi/${encodeURIComponent(this.phrase)}/${key}.geojson?wait=0`, { signal: this.stopped.signal });
      this.draw(key, body.features);
      this.reason = reason && !reason.includes('under way') ? reason : this.reason;
      if (complete) {
        this.open.delete(key);
      } else {
        setTimeout(() => this.again(key), AGAIN_MS);
      }
    } catch (error) {
      this.open.delete(key);
      if (this.stopped.signal.aborted) return;
      this.tiles.delete(key);
      this.reason = error.message;
    }
    this.changed(this);
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

  draw(key, features) {
    const before = this.tiles.get(key);
    const ids = new Set(features.map((f) => f.id));
    // A later answer may have joined what an earlier one had in parts.
    if (before?.ids) for (const id of before.ids) if (!ids.has(id)) this.drop(id);
    this.tiles.set(key, { ids });
    for (const f of features) {
      this.drop(f.id);
      const layer = L.geoJSON(f, { style: { color: '#e4572e', weight: 2.5, fillOpacity: 0.22 } }).bindPopup(() => popup(f, () => this.reload()), { maxWidth: 320 });
      this.byId.set(f.id, { feature: f, layer });
      this.group.addLayer(layer);
    }
  }

  // reload asks anew for what is in view: something was changed.
  reload() {
    for (const key of this.view) this.tile(key);
  }

  drop(id) {
    const old = this.byId.get(id);
    if (old) this.group.removeLayer(old.layer);
    this.byId.delete(id);
  }
}

const popup = ({ id, properties: p }, changed) => {
  const box = document.createElement('div');
  el('b', p.name || p.class || p.query, box);
  const list = el('dl', '', box);
  const rows = { kind: [p.class, p.function].filter(Boolean).join(', '), score: p.score?.toFixed(2), area: area(p.area_m2), model: p.model, 'how it was found': p.reasoning };
  for (const [key, value] of Object.entries(rows)) {
    if (!value) continue;
    el('dt', key, list);
    el('dd', value, list);
  }
  const scenes = el('p', 'what the model saw: ', box);
  for (const scene of p.scene_ids ?? []) {
    const link = el('a', scene, scenes);
    link.href = `scenes/${scene}?q=${encodeURIComponent(p.query)}`;
    link.target = '_blank';
    scenes.append(' ');
  }
  const verdicts = el('p', '', box);
  verdicts.className = 'chips';
  for (const [verdict, text] of [['right', 'Right'], ['shape', 'Wrong outline'], ['wrong', 'Not such a place']]) {
    const button = el('button', text, verdicts);
    button.setAttribute('aria-pressed', p.verdict === verdict);
    button.onclick = async () => {
      try {
        await post('feedback', { feature: Number(id), verdict: p.verdict === verdict ? '' : verdict });
        changed();
      } catch (error) {
        say(error.message, true);
      }
    };
  }
  return box;
};

const show = (o) => {
  const found = [...o.byId.values()].sort((a, b) => b.feature.properties.score - a.feature.properties.score);
  results.replaceChildren();
  for (const { feature: { properties: p }, layer } of found) {
    const row = el('li', '', results);
    el('b', p.name || p.class || p.query, row);
    el('span', `${area(p.area_m2)}, score ${p.score.toFixed(2)}`, row);
    row.onclick = () => {
      o.map.fitBounds(layer.getBounds(), { maxZoom: 18 });
      layer.openPopup();
    };
  }
  if (o.reason) return say(o.reason, true);
  const known = found.length === 1 ? 'One place' : `${found.length || 'No'} places`;
  if (o.open.size) return say(`Looking… ${found.length ? known + ' so far' : ''}`);
  say(`${known} in view.${o.map.getZoom() < LOWEST_ZOOM ? ' Zoom in to look at new ground.' : ''}`);
};

// What a link says: #q=PHRASE&map=ZOOM/LATITUDE/LONGITUDE.
const readLink = () => {
  const p = new URLSearchParams(location.hash.slice(1));
  const [zoom, lat, lon] = (p.get('map') ?? '').split('/').map(Number);
  return { phrase: p.get('q') ?? '', view: Number.isFinite(lon) ? [[lat, lon], zoom] : null };
};

const writeLink = (map, phrase) => {
  const { lat, lng } = map.getCenter();
  const p = new URLSearchParams(phrase ? { q: phrase } : {});
  history.replaceState(null, '', `#${p}${phrase ? '&' : ''}map=${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
};

// downloads are links to all that is stored for a phrase.
const downloads = (phrase) => {
  const list = document.getElementById('downloads');
  list.replaceChildren();
  if (!phrase) return;
  el('span', 'Take away: ', list);
  for (const format of ['geojson', 'gpkg', 'parquet', 'kml', 'pmtiles']) {
    const link = el('a', format, list);
    link.href = `aoi/${encodeURIComponent(phrase)}.${format}`;
    list.append(' ');
  }
};

// split parts "schools in Banepa" into what and where; a phrase is all what when the server knows no places.
const split = async (phrase) => {
  try {
    return (await json(`resolve?q=${encodeURIComponent(phrase)}`)).body;
  } catch {
    return { query: phrase };
  }
};

const start = async () => {
  const linked = readLink();
  const { body: { layers } } = await json('tiles');
  const map = L.map('map', { zoomControl: false, maxZoom: 20 });
  L.control.zoom({ position: 'bottomright' }).addTo(map);
  L.control.scale({ imperial: false, position: 'bottomright' }).addTo(map);
  const bases = {};
  for (const { id, tilejson } of layers) {
    const { body: t } = await json(tilejson);
    const retina = L.Browser.retina ? '@2x' : '';
    bases[id] = L.tileLayer(t.tiles[0].replace(/\.(\w+)$/, `${retina}.$1`), {
      attribution: t.attribution, minNativeZoom: t.minzoom, maxNativeZoom: t.maxzoom, minZoom: Math.max(0, t.minzoom - 2), maxZoom: 20, bounds: [[t.bounds[1], t.bounds[0]], [t.bounds[3], t.bounds[2]]],
    });
    if (!map._loaded) map.setView(...(linked.view ?? [[t.center[1], t.center[0]], t.center[2]]));
    el('dt', `${id} (XYZ)`, document.getElementById('urls'));
    el('dd', t.tiles[0], document.getElementById('urls'));
  }
  Object.values(bases)[0]?.addTo(map);
  L.control.layers(bases, {}, { collapsed: false, position: 'topright' }).addTo(map);

  let outlines = null;
  const ask = async (text) => {
    outlines?.remove();
    results.replaceChildren();
    outlines = null;
    document.getElementById('phrase').value = text;
    if (!text) {
      writeLink(map, '');
      downloads('');
      return say('');
    }
    say('Looking…');
    const { query: phrase, bbox } = await split(text);
    if (bbox) map.fitBounds([[bbox[1], bbox[0]], [bbox[3], bbox[2]]], { maxZoom: 18 });
    writeLink(map, phrase);
    downloads(phrase);
    outlines?.remove();
    outlines = new Outlines(map, phrase, show);
  };
  map.on('moveend', () => {
    writeLink(map, outlines?.phrase);
    outlines?.look();
  });
  document.getElementById('ask').onsubmit = (event) => {
    event.preventDefault();
    ask(document.getElementById('phrase').value.trim());
  };
  for (const example of ['school', 'park', 'hospital', 'somewhere to park', '学校']) {
    const chip = el('button', example, document.getElementById('examples'));
    chip.type = 'button';
    chip.onclick = () => ask(example);
  }
  el('dt', 'Outlines of a phrase (vector tiles)', document.getElementById('urls'));
  el('dd', new URL('aoi/school/{z}/{x}/{y}.mvt', location.href.split('#')[0]).href.replaceAll('%7B', '{').replaceAll('%7D', '}'), document.getElementById('urls'));
  ask(linked.phrase);
};

if (L) {
  start().catch((error) => say(error.message, true));
} else {
  say('Leaflet is not installed: run “precinct setup”, then reload.', true);
}

// The viewer: source layers underneath, outlines of a phrase on top, and what can be done with them. This file wires the parts.
import { Changes } from './changes.js';
import { $, button, copyable, el, fail, say } from './dom.js';
import { Found } from './found.js';
import { Ground } from './ground.js';
import { Jobs } from './jobs.js';
import { Layers } from './layers.js';
import { readLink, writeLink } from './link.js';
import { Outlines } from './outlines.js';
import { Place } from './place.js';
import { Server } from './server.js';
import { Taught } from './taught.js';
import { Tools } from './tools.js';
import { Trace } from './trace.js';

const L = window.L;
const EXAMPLES = ['school', 'park', 'hospital', 'somewhere to park', '学校'];
const RELOAD_MS = 1500; // outlines of a running job are fetched at most so often

class Viewer {
  constructor(server) {
    Object.assign(this, { server, outlines: null, chosen: null, reloading: 0 });
  }

  async start() {
    const { server } = this;
    const linked = readLink();
    const [{ body: { layers } }, { body: { classes } }] = await Promise.all([server.get('tiles'), server.get('taxonomy')]);
    const tilejsons = await Promise.all(layers.map(async ({ tilejson }) => (await server.get(tilejson)).body));
    if (!tilejsons.length) throw new Error('no layers are configured: there is nothing to look at');
    const map = L.map('map', { zoomControl: false, maxZoom: 20, worldCopyJump: true });
    this.map = map;
    map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    L.control.zoom({ position: 'bottomright' }).addTo(map);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
    map.setView(...(linked.view ?? [[tilejsons[0].center[1], tilejsons[0].center[0]], tilejsons[0].center[2]]));
    const grounds = tilejsons.map((t) => new Ground(map, t, (path) => server.url(path)));
    this.layers = new Layers({ map, grounds, linked, changed: () => this.link() });
    this.parts(classes);
    this.intro();
    map.on('moveend', () => {
      this.link();
      this.outlines?.look();
    });
    map.on('click', () => { if (!this.tools.busy) this.pick(null); });
    new ResizeObserver(() => map.invalidateSize()).observe($('stage'));
    $('ask').onsubmit = (event) => {
      event.preventDefault();
      this.ask($('phrase').value.trim());
    };
    addEventListener('keydown', (e) => this.key(e));
    addEventListener('hashchange', () => location.reload());
    this.tilejsons = tilejsons;
    this.wanted = linked.id;
    await this.ask(linked.phrase);
    new Taught({ map, server }).load().catch(fail);
    this.jobs.load().catch((error) => { if (error.status !== 404) fail(error); });
  }

  // parts makes what works on outlines.
  parts(classes) {
    const { map, server } = this;
    this.classes = classes;
    this.changes = new Changes({
      server,
      changed: (text) => {
        this.outlines?.reload();
        if (text) say(`${text}: saved.`, { action: ['Undo', () => this.undo()] });
      },
      differ: (feature) => {
        const layer = L.geoJSON(feature, { pane: 'tools', interactive: false, color: '#2f7bff', weight: 3, dashArray: '7 5', fill: false }).addTo(map);
        return () => layer.remove();
      },
    });
    this.tools = new Tools({ map, changes: this.changes, outlines: () => this.outlines, picked: (id) => this.await(id) });
    this.trace = new Trace({ server });
    this.place = new Place({ tools: this.tools, classes, closed: () => this.pick(null), explain: (f) => this.trace.show(f).catch(fail), judge: (f, verdict) => this.judge(f, verdict) });
    this.found = new Found({ server, does: { pick: (id, go) => this.pick(id, go), draw: () => this.tools.draw(), whole: () => this.jobs.start(this.outlines.phrase) } });
    this.jobs = new Jobs({
      map, server, progressed: (phrase) => this.progressed(phrase),
      go: async (phrase, [w, s, e, n]) => {
        map.fitBounds([[s, w], [n, e]]);
        if (this.outlines?.phrase !== phrase) await this.ask(phrase);
      },
    });
  }

  link() {
    if (this.tools) writeLink({ map: this.map, phrase: this.outlines?.phrase, id: this.chosen, layers: this.layers.link() });
  }

  // intro teaches what may be asked.
  intro() {
    $('intro').replaceChildren(
      el('h2', {}, 'Find places by meaning'),
      el('p', {}, 'Say what a place is, what it is for, or its name. Precinct looks at the satellite picture and the map together and draws the outline.'),
      el('div', { class: 'chips' }, EXAMPLES.map((example) => button(example, () => this.ask(example)))),
      el('p', { class: 'soft' }, 'Add “in …” or “near …” and a place that the map names, and the view goes there. An outline can then be judged, corrected, cut, joined and taken away.'));
  }

  async ask(text) {
    this.tools.stop();
    this.outlines?.remove();
    this.outlines = null;
    this.chosen = null;
    $('phrase').value = text;
    $('intro').hidden = Boolean(text);
    for (const part of ['status', 'found', 'place', 'elsewhere']) $(part).hidden = part !== 'elsewhere';
    this.elsewhere(text);
    this.link();
    if (!text) return;
    const { query, bbox, classes } = await this.split(text);
    if ($('phrase').value !== text) return; // another question came meanwhile
    if (bbox && !this.wanted) this.map.fitBounds([[bbox[1], bbox[0]], [bbox[3], bbox[2]]], { maxZoom: 18 });
    $('found').hidden = false;
    const one = classes?.length === 1 ? this.classes.find((c) => c.id === classes[0]) : null;
    this.outlines = new Outlines({ map: this.map, server: this.server, phrase: query, kind: { class: one?.id ?? '', function: one?.function ?? '' }, changed: () => this.changed(), picked: (id) => { if (!this.tools.pick(id)) this.pick(id); } });
    this.elsewhere(query);
    this.link();
  }

  // split parts "schools in Banepa" into what and where; a phrase is all what when the server knows no places.
  async split(text) {
    try {
      return (await this.server.get(`resolve?q=${encodeURIComponent(text)}`)).body;
    } catch (error) {
      if (error.status !== 404 && error.status !== 503) fail(error);
      return { query: text };
    }
  }

  changed() {
    if (!this.outlines) return;
    this.found.show(this.outlines);
    if (this.wanted && this.outlines.byId.has(this.wanted)) this.pick(this.wanted);
    const now = this.outlines.byId.get(this.chosen)?.feature;
    if (this.chosen && now && now !== this.shown) this.detail(now);
    if (this.chosen && !now && !this.outlines.open.size && !this.tools.busy) this.pick(null);
  }

  // await picks an outline as soon as it is there.
  await(id) {
    this.wanted = id;
    if (id && this.outlines.byId.has(id)) this.pick(id);
    else if (!id) this.pick(null);
  }

  pick(id, go = false) {
    if (!this.outlines || this.tools.pick(id)) return;
    this.wanted = null;
    this.chosen = id;
    this.outlines.choose(id);
    const one = this.outlines.byId.get(id);
    $('found').hidden = $('status').hidden = Boolean(one);
    $('place').hidden = !one;
    if (one) this.detail(one.feature);
    if (one && go) this.map.fitBounds(one.layer.getBounds(), { maxZoom: 18, padding: [60, 60] });
    this.link();
  }

  detail(feature) {
    this.shown = feature;
    this.place.show(feature);
  }

  async judge(feature, verdict) {
    try {
      await this.changes.commit(verdict ? 'Verdict' : 'Verdict taken back', this.outlines.phrase, [{ verdict, before: feature }]);
    } catch (error) {
      fail(error);
    }
  }

  async undo() {
    if (this.tools.busy) return;
    try {
      const text = await this.changes.undo();
      say(text ? `${text}: undone.` : 'There is nothing to undo.');
    } catch (error) {
      fail(error);
    }
  }

  progressed(phrase) {
    if (phrase !== this.outlines?.phrase || this.reloading || this.tools.busy) return;
    this.reloading = setTimeout(() => {
      this.reloading = 0;
      this.outlines?.reload();
    }, RELOAD_MS);
  }

  key(e) {
    if (e.target.closest('input, select, textarea, dialog')) return;
    if (e.key === 'z' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      this.undo();
    }
    if (e.ctrlKey || e.metaKey || e.altKey || this.tools.busy) return;
    if (e.key === '/') {
      e.preventDefault();
      $('phrase').focus();
    } else if (e.key === 'd' && !$('found').hidden) {
      this.tools.draw();
    } else if (!$('place').hidden && this.place.key(e.key)) {
      e.preventDefault();
    }
  }

  // elsewhere lists the addresses of the layers for other programs.
  elsewhere(phrase) {
    const { server } = this;
    const one = encodeURIComponent(phrase || 'school');
    const rows = [...this.tilejsons.map((t) => [`${t.name}, pictures (XYZ)`, server.url(t.tiles[0])]),
      [`“${phrase || 'school'}”, vector tiles`, server.url(`aoi/${one}/{z}/{x}/{y}.mvt`)], [`“${phrase || 'school'}”, painted (XYZ)`, server.url(`aoi/${one}/{z}/{x}/{y}.png`)],
      ['All phrases (OGC API Features)', server.url('ogc')], ['Layers (WMTS)', server.url('wmts/1.0.0/WMTSCapabilities.xml')]];
    $('elsewhere').replaceChildren(el('summary', {}, 'Use these layers elsewhere'), el('p', { class: 'soft small' }, 'In QGIS, Leaflet, MapLibre or any GIS:'),
      ...rows.flatMap(([title, url]) => [el('div', { class: 'soft small' }, title), copyable(url)]));
  }
}

if (L) {
  new Viewer(new Server()).start().catch(fail);
} else {
  say('Leaflet is not installed: run “precinct setup”, then reload.', { error: true });
}

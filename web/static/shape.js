// An outline whose points are moved, added and taken away.
const L = window.L;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const round = (v) => Math.round(v * 1e7) / 1e7;

export class Shape {
  // geometry is a Polygon or a MultiPolygon; changed is told after each change.
  constructor({ map, geometry, changed }) {
    Object.assign(this, { map, changed, past: [], chosen: null });
    const polys = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
    this.polys = polys.map((poly) => poly.map((ring) => ring.slice(0, -1).map(([lng, lat]) => L.latLng(lat, lng))));
    this.layer = L.polygon(this.polys, { pane: 'tools', color: '#ffd23f', weight: 3, fillOpacity: 0.12, interactive: false }).addTo(map);
    this.handles = L.layerGroup().addTo(map);
    this.rebuild = () => this.draw();
    map.on('moveend zoomend', this.rebuild);
    this.draw();
  }

  remove() {
    this.map.off('moveend zoomend', this.rebuild);
    this.layer.remove();
    this.handles.remove();
  }

  // geometry is the outline as it is now.
  get geometry() {
    const closed = (ring) => [...ring, ring[0]].map((p) => [round(p.lng), round(p.lat)]);
    return { type: 'MultiPolygon', coordinates: this.polys.map((poly) => poly.map(closed)) };
  }

  get changes() { return this.past.length; }

  keep() { this.past.push(this.polys.map((poly) => poly.map((ring) => [...ring]))); }

  undo() {
    if (!this.past.length) return;
    this.polys = this.past.pop();
    this.chosen = null;
    this.draw();
    this.changed();
  }

  // removePoint takes the chosen point away, and with the third last its ring. It says whether that was possible.
  removePoint() {
    if (!this.chosen) return true;
    const { p, r, i } = this.chosen;
    if (this.polys[p][r].length <= 3 && r === 0 && this.polys.length === 1) return false;
    this.keep();
    if (this.polys[p][r].length > 3) this.polys[p][r].splice(i, 1);
    else if (r > 0) this.polys[p].splice(r, 1);
    else this.polys.splice(p, 1);
    this.chosen = null;
    this.draw();
    this.changed();
    return true;
  }

  // draw makes the handles of the points in view; an outline of a whole river has too many for the page.
  draw() {
    this.layer.setLatLngs(this.polys);
    this.handles.clearLayers();
    const view = this.map.getBounds().pad(0.1);
    this.polys.forEach((poly, p) => poly.forEach((ring, r) => ring.forEach((point, i) => {
      const next = ring[(i + 1) % ring.length];
      if (view.contains(point)) this.vertex(p, r, i);
      const a = this.map.latLngToContainerPoint(point), b = this.map.latLngToContainerPoint(next);
      if (a.distanceTo(b) > 24) {
        const middle = this.map.containerPointToLatLng(a.add(b).divideBy(2));
        if (view.contains(middle)) this.middle(p, r, i, middle);
      }
    })));
  }

  handle(latlng, name, title) {
    const icon = L.divIcon({ className: name, iconSize: name === 'vertex' ? [14, 14] : [10, 10] });
    return L.marker(latlng, { icon, title, alt: title, draggable: true, autoPan: true }).addTo(this.handles);
  }

  vertex(p, r, i) {
    const m = this.handle(this.polys[p][r][i], 'vertex', 'Point: drag it, or move it by the arrow keys; Delete takes it away');
    const box = m.getElement();
    const chosen = () => this.chosen && this.chosen.p === p && this.chosen.r === r && this.chosen.i === i;
    if (chosen()) box.classList.add('chosen');
    m.on('dragstart', () => this.keep());
    m.on('drag', () => this.to(p, r, i, m.getLatLng()));
    m.on('dragend', () => this.choose(p, r, i));
    m.on('click', () => this.choose(p, r, i));
    m.on('contextmenu dblclick', (e) => {
      L.DomEvent.stop(e);
      this.choose(p, r, i);
      this.removePoint();
    });
    box.addEventListener('keydown', (e) => {
      const by = ARROWS[e.key];
      if (!by) return;
      e.preventDefault();
      e.stopPropagation();
      this.keep();
      const step = e.shiftKey ? 10 : 1;
      m.setLatLng(this.map.containerPointToLatLng(this.map.latLngToContainerPoint(m.getLatLng()).add([by[0] * step, by[1] * step])));
      this.to(p, r, i, m.getLatLng());
      this.changed();
    });
    box.addEventListener('focus', () => { this.chosen = { p, r, i }; });
  }

  middle(p, r, i, latlng) {
    const m = this.handle(latlng, 'middle', 'Add a point here');
    const insert = () => {
      this.keep();
      this.polys[p][r].splice(i + 1, 0, m.getLatLng());
    };
    m.on('dragstart', insert);
    m.on('drag', () => this.to(p, r, i + 1, m.getLatLng()));
    m.on('dragend', () => this.choose(p, r, i + 1));
    m.on('click', () => {
      insert();
      this.choose(p, r, i + 1);
    });
  }

  to(p, r, i, latlng) {
    this.polys[p][r][i] = latlng;
    this.layer.setLatLngs(this.polys);
  }

  choose(p, r, i) {
    this.chosen = { p, r, i };
    this.draw();
    this.changed();
  }
}

// Points that are set one after the other by clicks, or by the keyboard in the middle of the map: an outline, or a line to cut by.
import { $ } from './dom.js';

const L = window.L;
const NEAR = 10; // pixels within which a click means the first point

export class Sketch {
  // changed is told the points; finished gets them, [longitude, latitude], when there are enough and the person says so.
  constructor({ map, closed, changed, finished }) {
    Object.assign(this, { map, closed, changed, finished, points: [], least: closed ? 3 : 2 });
    this.layer = L.featureGroup([], { pane: 'tools' }).addTo(map);
    this.listeners = { click: (e) => this.add(e.latlng), dblclick: () => this.finish(), mousemove: (e) => this.draw(e.latlng) };
    map.on(this.listeners);
    map.doubleClickZoom.disable();
    map.getContainer().classList.add('drawing');
    this.onkey = (e) => this.key(e);
    addEventListener('keydown', this.onkey);
    changed(this.points);
  }

  remove() {
    this.map.off(this.listeners);
    this.layer.remove();
    this.map.doubleClickZoom.enable();
    this.map.getContainer().classList.remove('drawing');
    removeEventListener('keydown', this.onkey);
    $('aim').hidden = true;
  }

  add(latlng) {
    const at = (p) => this.map.latLngToContainerPoint(p);
    const last = this.points.at(-1);
    if (this.closed && this.points.length >= 3 && at(latlng).distanceTo(at(this.points[0])) < NEAR) return this.finish();
    if (last && at(latlng).distanceTo(at(last)) < 3) return; // the second click of a double one
    this.points.push(latlng);
    this.draw();
    this.changed(this.points);
  }

  undo() {
    this.points.pop();
    this.draw();
    this.changed(this.points);
  }

  finish() {
    if (this.points.length < this.least) return;
    this.finished(this.points.map((p) => [p.lng, p.lat]));
  }

  key(e) {
    if (e.target.closest('#panel, dialog, button, summary, input')) return;
    const does = {
      Enter: () => this.finish(), Backspace: () => this.undo(), Delete: () => this.undo(),
      ' ': () => { $('aim').hidden = false; this.add(this.map.getCenter()); },
    }[e.key];
    if (!does) return;
    e.preventDefault();
    does();
  }

  draw(cursor = null) {
    this.layer.clearLayers();
    if (!this.points.length) return;
    const style = { pane: 'tools', color: '#ffd23f', weight: 3, interactive: false };
    const line = cursor ? [...this.points, cursor] : this.points;
    this.layer.addLayer(this.closed ? L.polygon(line, { ...style, fillOpacity: 0.15 }) : L.polyline(line, { ...style, dashArray: '8 5' }));
    for (const p of this.points) this.layer.addLayer(L.circleMarker(p, { ...style, radius: 4, fillColor: '#1c2328', fillOpacity: 1, weight: 2 }));
  }
}

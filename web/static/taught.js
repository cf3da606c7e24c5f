// What the policy was taught here: the figures on corrections that were held out, and each of them on the map, before and after.
import { $, el, fill, plural } from './dom.js';

const L = window.L;

// Who outlined a place, in words, and how it is drawn. The corrected outline is what the others should be.
const BY = [
  ['corrected', 'corrected by a person', { color: '#ffffff', weight: 3, fill: false }],
  ['before', 'before it was taught', { color: '#ff5a2c', weight: 2.5, dashArray: '6 5', fillOpacity: 0.12 }],
  ['after', 'after', { color: '#3ddc84', weight: 2.5, fillOpacity: 0.18 }],
];

const percent = (share) => (share === undefined ? '–' : `${Math.round(100 * share)} %`);

export class Taught {
  constructor({ map, server }) {
    Object.assign(this, { map, server, layer: null, chosen: null });
  }

  async load() {
    const { body } = await this.server.get('v1/policy/corrections');
    const places = new Map();
    for (const f of body.features) {
      const { place, by } = f.properties;
      if (!places.has(place)) places.set(place, {});
      places.get(place)[by] = f;
    }
    this.places = [...places].map(([id, by]) => ({ id, by, gain: (by.after?.properties.iou ?? 0) - (by.before?.properties.iou ?? 0) }));
    this.places.sort((a, b) => b.gain - a.gain);
    $('taught').hidden = !body.scores && !body.corrections;
    if (!$('taught').hidden) this.draw(body);
  }

  draw(report) {
    const { scores = {}, held_out: held, corrections, kept } = report;
    const figures = [['the reader', scores.reader], ['before', scores.before], ['after', scores.after]].filter(([, s]) => s);
    this.rows = el('ol', { class: 'rows' });
    fill($('taught'),
      el('summary', {}, 'Taught by corrections', el('span', { class: 'badge' }, String(corrections))),
      el('p', { class: 'soft' }, `The model was taught ${plural(corrections - held, 'outline')} that people corrected here. `,
        held ? `${plural(held, 'more was', 'more were')} held out, to see whether it got better:` : 'None was held out, so that nothing says whether it got better.'),
      held > 0 && el('table', { class: 'figures' }, el('tbody', {}, figures.map(([who, s]) => el('tr', {}, el('th', { scope: 'row' }, who),
        el('td', {}, el('meter', { min: 0, max: 1, value: s.mask_iou, 'aria-label': `${who}, mean IoU` })), el('td', {}, percent(s.mask_iou)))))),
      held > 0 && el('p', { class: 'soft small' }, 'The mean overlap (IoU) of its outlines and the corrected ones.'),
      kept === 'before' && el('p', { class: 'error' }, 'What was taught is worse on them: the model as it was before is what answers.'),
      held > 0 && el('p', { class: 'soft small drawn' }, BY.map(([by, text, style]) => el('span', {}, el('i', { style: `border-color: ${style.color}`, class: by }), text))),
      this.rows);
    this.list();
  }

  list() {
    fill(this.rows, this.places.map((p) => {
      const { corrected, before, after } = p.by;
      return el('li', {}, el('button', { type: 'button', 'data-place': p.id, 'aria-pressed': String(p === this.chosen), onclick: () => this.show(p === this.chosen ? null : p) },
        el('b', {}, corrected.properties.name || corrected.properties.class || 'a place'), el('span', {}, `${percent(before?.properties.iou)} → ${percent(after?.properties.iou)}`)));
    }));
  }

  // show draws the outlines of a place; null takes them away.
  show(place) {
    this.layer?.remove();
    this.layer = null;
    this.chosen = place;
    if (place) {
      this.layer = L.featureGroup(BY.filter(([by]) => place.by[by]?.geometry.coordinates.length).map(([by, , style]) =>
        L.geoJSON(place.by[by], { ...style, pane: 'tools', interactive: false }))).addTo(this.map);
      this.map.fitBounds(this.layer.getBounds(), { maxZoom: 19, padding: [120, 120] });
    }
    this.list();
  }
}

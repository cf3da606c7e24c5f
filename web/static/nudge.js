// Trying another offset or datum for a layer whose pictures lie beside the map, and the line that keeps it.
import { DATUMS } from './datum.js';
import { button, copyable, el } from './dom.js';

const TENTH = (v) => Math.round(v * 10) / 10;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Nudge {
  constructor({ map, stopped }) {
    Object.assign(this, { map, stopped, ground: null, before: new Map() });
    this.onkey = (e) => this.key(e);
    this.ondown = (e) => this.drag(e);
  }

  // start gives the form. Until it is left, dragging the map drags the layer and the arrow keys move it.
  start(grounds, ground) {
    for (const g of grounds) if (!this.before.has(g)) this.before.set(g, [g.offset, g.datum]);
    Object.assign(this, { grounds, ground });
    this.map.dragging.disable();
    this.map.keyboard.disable();
    const box = this.map.getContainer();
    box.classList.add('nudging');
    box.addEventListener('pointerdown', this.ondown, true);
    addEventListener('keydown', this.onkey, true);
    this.form = el('div', { class: 'nudge' });
    this.draw();
    return this.form;
  }

  stop() {
    const box = this.map.getContainer();
    box.classList.remove('nudging');
    box.removeEventListener('pointerdown', this.ondown, true);
    removeEventListener('keydown', this.onkey, true);
    this.map.dragging.enable();
    this.map.keyboard.enable();
    this.stopped();
  }

  move([east, north], datum) {
    this.ground.move([TENTH(east), TENTH(north)], datum);
    this.draw();
  }

  key(e) {
    if (e.key === 'Escape') return this.stop();
    const by = KEYS[e.key];
    if (!by || /^(INPUT|SELECT)$/.test(e.target.tagName)) return;
    e.preventDefault();
    e.stopPropagation();
    const step = e.shiftKey ? 10 : 1;
    const [east, north] = this.ground.offset;
    this.move([east + by[0] * step, north + by[1] * step]);
  }

  drag(e) {
    if (e.target.closest('.leaflet-control') || e.button !== 0) return;
    e.preventDefault();
    const box = this.map.getContainer();
    const from = this.ground.offset;
    const c = this.map.getCenter();
    const metres = (40075016.686 * Math.cos((c.lat * Math.PI) / 180)) / (256 * 2 ** this.map.getZoom()); // a pixel
    const onmove = (m) => this.move([from[0] + (m.clientX - e.clientX) * metres, from[1] - (m.clientY - e.clientY) * metres]);
    const onup = () => {
      box.removeEventListener('pointermove', onmove);
      removeEventListener('pointerup', onup);
    };
    box.addEventListener('pointermove', onmove);
    addEventListener('pointerup', onup);
  }

  // line is what the configuration has to say of the layer.
  line() {
    const { offset: [east, north], datum } = this.ground;
    return `${datum === 'wgs84' ? '' : `datum: ${datum}, `}offset: [${east}, ${north}]`;
  }

  draw() {
    const { ground } = this;
    const number = (label, at) => el('label', {}, `metres ${label}`, el('input', { type: 'number', step: 0.5, value: ground.offset[at], onchange: (e) => {
      const next = [...ground.offset];
      next[at] = Number(e.target.value) || 0;
      this.move(next);
    } }));
    const pick = (label, values, value, onchange) => el('label', {}, label, el('select', { onchange: (e) => onchange(e.target.value) },
      values.map((v) => el('option', { selected: v === value }, v))));
    this.form.replaceChildren(
      el('p', {}, 'Drag the map, or press the arrow keys (1 m, with Shift 10 m), until the layer lies right.'),
      el('div', { class: 'grid' },
        pick('layer', this.grounds.map((g) => g.id), ground.id, (id) => {
          this.ground = this.grounds.find((g) => g.id === id);
          this.draw();
        }),
        pick('datum', DATUMS, ground.datum, (datum) => this.move(ground.offset, datum)), number('east', 0), number('north', 1)),
      el('p', {}, `This moves what you see only. To keep it, put this into the source “${ground.id}” of the configuration. What was found before stays where it is until it is purged.`),
      copyable(this.line()),
      el('div', { class: 'row end' }, button('Put back', () => this.move(...this.before.get(ground)), { class: 'quiet' }), button('Done', () => this.stop(), { class: 'primary' })),
    );
  }
}

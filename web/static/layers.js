// Which layers are shown and how: one below, another over it by swipe or opacity, and how strong the outlines are.
import { $, button, el, fill } from './dom.js';
import { Nudge } from './nudge.js';

const slider = (label, value, oninput) => el('label', { class: 'slider' }, el('span', {}, label),
  el('input', { type: 'range', min: 0, max: 100, value: Math.round(value * 100), 'aria-label': label, oninput: (e) => oninput(e.target.value / 100) }));

export class Layers {
  // changed is told when what is shown changes; linked is what a link says of layers.
  constructor({ map, grounds, linked, changed }) {
    Object.assign(this, { map, grounds, changed, base: grounds[0], over: null, mode: 'swipe', mix: 0.5, outlines: 1 });
    this.base = this.named(linked.base) ?? grounds[0];
    this.over = this.named(linked.over);
    if (this.over === this.base) this.over = null;
    if (linked.mode === 'blend') this.mode = 'blend';
    const share = (v, otherwise) => (v === null ? otherwise : Math.min(1, Math.max(0, v)));
    this.mix = share(linked.mix, 0.5);
    this.outlines = share(linked.outlines, 1);
    this.nudge = new Nudge({ map, stopped: () => this.draw() });
    $('layers').hidden = false;
    $('layers').open = map.getSize().x > 560;
    map.on('move zoomend resize', () => this.clip());
    this.divider();
    this.show();
    this.draw();
  }

  named(id) { return this.grounds.find((g) => g.id === id) ?? null; }

  // link is what differs from how the page begins.
  link() {
    const out = {};
    if (this.base !== this.grounds[0]) out.base = this.base.id;
    if (this.over) Object.assign(out, { with: this.over.id, mode: this.mode, mix: this.mix.toFixed(2) });
    if (this.outlines !== 1) out.outlines = this.outlines.toFixed(2);
    return out;
  }

  show() {
    for (const g of this.grounds) if (g !== this.base && g !== this.over) g.hide();
    this.base.clip(null);
    this.base.show();
    this.over?.show(true, this.mode === 'blend' ? this.mix : 1);
    this.map.getPane('overlayPane').style.opacity = this.outlines;
    $('swipe').hidden = !this.over || this.mode !== 'swipe';
    this.clip();
    this.changed();
  }

  clip() {
    if (!this.over) return;
    const x = this.map.getSize().x * this.mix;
    this.over.clip(this.mode === 'swipe' ? x : null);
    $('swipe').style.left = `${x}px`;
    $('swipe').setAttribute('aria-valuenow', Math.round(this.mix * 100));
  }

  // divider lets the line between the two layers be dragged, or moved by the arrow keys.
  divider() {
    const bar = $('swipe');
    const to = (mix) => {
      this.mix = Math.min(0.98, Math.max(0.02, mix));
      this.clip();
      this.changed();
    };
    bar.onpointerdown = (e) => {
      bar.setPointerCapture(e.pointerId);
      e.preventDefault();
      bar.focus();
    };
    bar.onpointermove = (e) => {
      if (bar.hasPointerCapture(e.pointerId)) to((e.clientX - this.map.getContainer().getBoundingClientRect().left) / this.map.getSize().x);
    };
    bar.onkeydown = (e) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[e.key];
      if (!step) return;
      e.preventDefault();
      to(this.mix + step);
    };
  }

  draw() {
    const set = (change) => () => {
      Object.assign(this, change);
      if (this.over === this.base) this.over = null;
      this.show();
      this.draw();
    };
    const pressed = (text, on, change) => button(text, set(change), { 'aria-pressed': on ? 'true' : 'false' });
    const others = this.grounds.filter((g) => g !== this.base);
    fill($('layers'),
      el('summary', {}, 'Layers'),
      el('div', { class: 'segments', role: 'group', 'aria-label': 'Layer' }, this.grounds.map((g) => pressed(g.id, g === this.base, { base: g }))),
      others.length > 0 && el('div', {}, el('h3', {}, `Compare ${this.base.id} with`),
        el('div', { class: 'segments', role: 'group', 'aria-label': 'Compare with' }, pressed('nothing', !this.over, { over: null }), others.map((g) => pressed(g.id, g === this.over, { over: g })))),
      this.over && el('div', { class: 'segments', role: 'group', 'aria-label': 'How to compare' },
        pressed('swipe', this.mode === 'swipe', { mode: 'swipe' }), pressed('blend', this.mode === 'blend', { mode: 'blend' })),
      this.over && this.mode === 'blend' && slider(this.over.id, this.mix, (mix) => {
        this.mix = mix;
        this.show();
      }),
      slider('outlines', this.outlines, (outlines) => {
        this.outlines = outlines;
        this.show();
      }),
      button('Pictures lie beside the map?', () => {
        // The layer that is moved has to be seen over something that stands.
        if (!this.over && others.length) Object.assign(this, { over: others[0], mode: 'blend', mix: 0.5 });
        this.show();
        $('layers').replaceChildren(el('summary', {}, 'Move a layer'), this.nudge.start(this.grounds, this.base));
      }, { class: 'link' }),
    );
  }
}

// What is done to outlines on the map: draw, edit, cut, join, delete. One at a time, with a bar that says what to do.
import { $, button, choose, el, fail, plural, say } from './dom.js';
import { ShapeError, cut, join } from './pieces.js';
import { Shape } from './shape.js';
import { Sketch } from './sketch.js';

const L = window.L;
const COLOURS = ['#ffd23f', '#4cc3ff', '#b98cff', '#5ee08a'];

export class Tools {
  // outlines gives the Outlines in view; picked is told which outline to show when a tool has ended.
  constructor({ map, changes, outlines, picked }) {
    Object.assign(this, { map, changes, outlines, picked, parts: [], busy: false, wanted: null, turn: 0 });
    map.createPane('tools').style.zIndex = 450;
    addEventListener('keydown', (e) => {
      if (this.busy && e.key === 'Escape' && !document.querySelector('dialog[open]')) this.stop();
    });
    addEventListener('beforeunload', (e) => { if (this.busy && this.shape?.changes) e.preventDefault(); });
  }

  // begin ends what is under way and starts anew.
  begin() {
    this.stop();
    this.busy = true;
    this.map.getContainer().classList.add('tooling');
  }

  stop() {
    for (const part of this.parts) part.remove();
    Object.assign(this, { parts: [], busy: false, shape: null, wanted: null, turn: this.turn + 1 });
    this.outlines()?.hide(null);
    this.map.getContainer().classList.remove('tooling', 'picking');
    $('toolbar').hidden = true;
  }

  // use keeps what is shown until the tool ends, in place of what was before.
  use(part) {
    for (const old of this.parts) old.remove();
    this.parts = [part];
    return part;
  }

  bar(text, ...buttons) {
    $('toolbar').hidden = false;
    $('toolbar').replaceChildren(el('p', { 'aria-live': 'polite' }, text), el('div', { class: 'row end' }, button('Cancel', () => this.stop(), { class: 'quiet', 'aria-keyshortcuts': 'Escape' }), buttons));
  }

  // save makes changes; the tool goes on where they failed or the person wants to go on.
  async save(text, steps, then = () => {}) {
    for (const b of $('toolbar').querySelectorAll('button')) b.disabled = true;
    try {
      const { phrase } = this.outlines();
      const made = await this.changes.commit(text, phrase, steps);
      if (made === undefined) return;
      this.stop();
      then(made);
    } catch (error) {
      fail(error);
    } finally {
      for (const b of $('toolbar').querySelectorAll('button')) b.disabled = false;
    }
  }

  // open begins a tool with an outline as it is now.
  async open(id, tool) {
    this.begin();
    this.bar('Fetching the outline…');
    const begun = this.turn;
    try {
      const now = await this.changes.read(this.outlines().phrase, id);
      if (begun === this.turn) await tool(now);
    } catch (error) {
      if (begun === this.turn) this.stop();
      fail(error);
    }
  }

  sketch(closed, text, finished) {
    const hint = (points) => this.bar(text(points.length),
      button('Take back', () => s.undo(), { class: 'quiet', disabled: !points.length, 'aria-keyshortcuts': 'Backspace' }),
      button(closed ? 'Close it' : 'Cut here', () => s.finish(), { class: 'primary', disabled: points.length < (closed ? 3 : 2), 'aria-keyshortcuts': 'Enter' }));
    const s = this.use(new Sketch({ map: this.map, closed, changed: (points) => queueMicrotask(() => hint(points)), finished }));
    this.map.getContainer().focus({ preventScroll: true });
  }

  draw() {
    const { phrase, kind } = this.outlines();
    this.begin();
    this.sketch(true, (n) => (n < 3 ? `Click round the outline of one “${phrase}”.` : 'Click the first point, or press Enter, to close it.'), (points) => {
      this.reshape({ type: 'Polygon', coordinates: [[...points, points[0]]] }, `Draw “${phrase}”`, (geometry) => [{ post: { geometry, properties: kind } }]);
    });
  }

  edit(id) {
    this.open(id, ({ feature, tag }) => {
      this.outlines().hide(id);
      this.reshape(feature.geometry, 'Change', (geometry) => [{ put: { ...feature, geometry }, before: feature, tag }]);
    });
  }

  // reshape lets the points of an outline be moved before it is saved.
  reshape(geometry, text, steps) {
    const draw = () => this.bar('Drag a point to move it, a small one to add one. Click a point, then Delete, to take it away.',
      button('Take back', () => shape.undo(), { class: 'quiet', disabled: !shape.changes }),
      button('Remove', remove, { class: 'quiet', title: 'Take the chosen point away', 'aria-keyshortcuts': 'Delete', disabled: !shape.chosen }),
      button('Save', () => this.save(text, steps(shape.geometry), (made) => this.picked(made[0]?.id)), { class: 'primary' }));
    const remove = () => { if (!shape.removePoint()) say('An outline needs three points. To take it away, delete the place.', { error: true }); };
    const shape = this.use(new Shape({ map: this.map, geometry, changed: () => draw() }));
    this.shape = shape;
    const onkey = (e) => {
      if (e.key !== 'Delete' && e.key !== 'Backspace' || e.target.closest('input, textarea')) return;
      e.preventDefault();
      remove();
    };
    addEventListener('keydown', onkey);
    this.parts.push({ remove: () => removeEventListener('keydown', onkey) });
    draw();
  }

  cut(id) {
    this.open(id, (now) => this.line(id, now));
  }

  line(id, now) {
    this.outlines().hide(null);
    this.sketch(false, (n) => (n < 2 ? 'Click on one side of the outline, then on the other, so that the line crosses it.' : 'Press Enter or click twice to cut here.'), (points) => {
      try {
        this.preview(id, now, cut(now.feature.geometry, points));
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        fail(error);
        this.line(id, now);
      }
    });
  }

  preview(id, { feature, tag }, pieces) {
    this.outlines().hide(id);
    this.use(L.featureGroup(pieces.map((g, i) => L.geoJSON(g, { pane: 'tools', interactive: false, color: COLOURS[i % COLOURS.length], weight: 3, fillOpacity: 0.3 }))).addTo(this.map));
    const { verdict, ...properties } = feature.properties;
    const steps = [{ put: { ...feature, geometry: pieces[0] }, before: feature, tag }, ...pieces.slice(1).map((geometry) => ({ post: { geometry, properties } }))];
    this.bar(`${plural(pieces.length, 'piece')}. The largest stays what it is, the others are new places of the same name.`,
      button('Another line', () => this.line(id, { feature, tag }), { class: 'quiet' }),
      button('Cut', () => this.save('Cut', steps, (made) => this.picked(made[0]?.id)), { class: 'primary' }));
  }

  join(id) {
    this.open(id, (first) => {
      this.map.getContainer().classList.replace('tooling', 'picking'); // outlines are clicked
      this.wanted = async (other) => {
        if (other === id) return;
        try {
          this.joined(first, await this.changes.read(this.outlines().phrase, other));
        } catch (error) {
          fail(error);
        }
      };
      this.bar(`Click the outline that belongs to ${first.feature.properties.name ? `“${first.feature.properties.name}”` : 'this one'}, on the map or in the list.`);
    });
  }

  // pick gives a click on an outline to the tool, if it waits for one; it says whether the tool took it.
  pick(id) {
    this.wanted?.(id);
    return this.busy;
  }

  joined(first, second) {
    const { geometry, apart } = join(first.feature.geometry, second.feature.geometry);
    this.use(L.geoJSON(geometry, { pane: 'tools', interactive: false, color: COLOURS[0], weight: 3, fillOpacity: 0.3 }).addTo(this.map));
    const [a, b] = [first.feature.properties, second.feature.properties];
    const properties = { ...a, name: a.name || b.name, class: a.class || b.class, function: a.function || b.function };
    this.bar(apart ? 'They do not touch: joined, they are one place of several parts.' : 'This is what they make together.',
      button('Join', () => this.save('Join', [{ put: { ...first.feature, geometry, properties }, before: first.feature, tag: first.tag }, { remove: second.feature.id, tag: second.tag }],
        (made) => this.picked(made[0]?.id)), { class: 'primary' }));
  }

  delete(id) {
    return this.open(id, async ({ tag }) => {
      await this.save('Delete', [{ remove: id, tag }], () => this.picked(null));
      this.stop();
    });
  }

  // rename asks for a name and a class.
  async rename(id, classes) {
    let now;
    try {
      now = await this.changes.read(this.outlines().phrase, id);
    } catch (error) {
      fail(error);
      return;
    }
    const { feature, tag } = now;
    const p = feature.properties;
    const name = el('input', { type: 'text', value: p.name, maxlength: 200 });
    const kind = el('select', {}, el('option', { value: '' }, '–'), classes.map((c) => el('option', { value: c.id, selected: c.id === p.class }, c.name)));
    const answer = await choose('What is it?', el('div', { class: 'grid' }, el('label', {}, 'name', name), el('label', {}, 'class', kind)), [['', 'Cancel'], ['save', 'Save', 'primary']]);
    if (answer !== 'save') return;
    const properties = { ...p, name: name.value.trim(), class: kind.value, function: classes.find((c) => c.id === kind.value)?.function ?? p.function };
    await this.save('Rename', [{ put: { ...feature, properties }, before: feature, tag }], () => this.picked(id));
  }
}

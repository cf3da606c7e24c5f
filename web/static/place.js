// One outline: what is known of it, what a person says of it, and what can be done to it.
import { $, area, button, el, fill } from './dom.js';
import { HONEST } from './found.js';

const VERDICTS = [['right', 'Right'], ['shape', 'Wrong outline'], ['wrong', 'Not such a place']];

export class Place {
  // tools change outlines, judge(feature, verdict) keeps a verdict, explain(feature) tells how it was found, closed leads back to the list.
  constructor({ tools, classes, judge, explain, closed }) {
    Object.assign(this, { tools, classes, judge, explain, closed });
  }

  facts(p) {
    const kind = this.classes.find((c) => c.id === p.class)?.name ?? p.class;
    return el('dl', {}, [['kind', [kind, p.function].filter(Boolean).join(', ')], ['area', area(p.area_m2)], ['found by', p.model || 'a person, by hand'],
      ['changed', new Date(p.updated).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })]].filter(([, value]) => value).flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]));
  }

  score(p) {
    if (!p.model) return null;
    return el('div', { class: 'score', title: HONEST }, el('span', {}, `score ${p.score.toFixed(2)}`), el('meter', { min: 0, max: 1, value: p.score, 'aria-label': 'score' }),
      el('span', { class: 'small soft' }, 'the model’s own estimate'));
  }

  show(feature) {
    const { id, properties: p } = feature;
    const { tools } = this;
    const tool = (text, title, key, does, kind = null) => button(text, does, { title: `${title} (${key})`, 'aria-keyshortcuts': key, class: kind });
    fill($('place'),
      button('‹ All places', this.closed, { class: 'link', 'aria-keyshortcuts': 'Escape' }),
      el('h2', {}, p.name || p.class || p.query),
      this.score(p), this.facts(p),
      p.scene_ids?.length ? button('How was this found?', () => this.explain(feature), { class: 'wide', 'aria-keyshortcuts': 'h' }) : null,
      el('h3', {}, 'Is it right?'),
      el('div', { class: 'segments' }, VERDICTS.map(([verdict, text]) => button(text, () => this.judge(feature, p.verdict === verdict ? '' : verdict), { 'aria-pressed': String(p.verdict === verdict) }))),
      el('h3', {}, 'Correct it'),
      el('div', { class: 'tools' },
        tool('Move points', 'move, add and take away points', 'e', () => tools.edit(id)), tool('Cut', 'cut it by a line', 'c', () => tools.cut(id)),
        tool('Join', 'make one place of two', 'm', () => tools.join(id)), tool('Rename', 'give it a name and a class', 'r', () => tools.rename(id, this.classes)),
        tool('Delete', 'take it away; it can be undone', 'Delete', () => tools.delete(id), 'danger')),
      el('p', { class: 'soft small' }, 'What you correct stays: later runs leave it alone, and what was before is kept.'),
    );
  }

  // key does what a shortcut stands for; it says whether there is such a one.
  key(key) {
    const b = [...$('place').querySelectorAll('[aria-keyshortcuts]')].find((e) => e.getAttribute('aria-keyshortcuts') === key);
    b?.click();
    return Boolean(b);
  }
}

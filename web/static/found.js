// The list of what was found in the view, what to do with it, and what to do where nothing was found.
import { $, area, button, copyable, el, plural } from './dom.js';
import { LOWEST_ZOOM } from './outlines.js';

const MOST = 100; // rows; more are for the map, the export or a GIS
const FORMATS = ['geojson', 'gpkg', 'parquet', 'kml', 'pmtiles'];

// HONEST is what a score means, in the words of docs/quality.md.
export const HONEST = 'A score is the model’s own estimate of how well its outline fits, from 0 to 1. It is not the chance that the place is what you asked for: look before you rely on it.';

// by is who an outline is from: the model with its estimate, or a person.
export const by = (p) => (p.model ? `score ${p.score.toFixed(2)}` : 'drawn by a person');

// training is the command line that makes a training set of what people said of a phrase's outlines.
const training = (phrase) => `precinct dataset build --outlines feedback --query '${phrase.replaceAll("'", "'\\''")}' -o 'sets/${phrase.replace(/[^\p{L}\p{N}]+/gu, '-')}'`;

export class Found {
  // does are the functions draw, whole and pick, and server makes addresses.
  constructor({ server, does }) {
    Object.assign(this, { server, does });
    this.rows = el('ol', { class: 'rows' });
    this.hint = el('div', { class: 'hint' });
    this.take = el('p', { class: 'soft' });
    this.train = el('details', { class: 'soft' });
    this.honest = el('p', { class: 'soft small' }, HONEST);
    $('found').replaceChildren(
      el('div', { class: 'row actions' }, button('Find in this whole area…', does.whole), button('Draw one', does.draw, { 'aria-keyshortcuts': 'd' })),
      this.hint, this.rows, this.take, this.train, this.honest);
  }

  show(o) {
    const found = o.list();
    const rows = found.slice(0, MOST).map(({ feature }) => this.row(o, feature));
    const focused = document.activeElement?.dataset?.id;
    this.rows.replaceChildren(...rows);
    if (focused) this.rows.querySelector(`[data-id="${focused}"]`)?.focus();
    if (found.length > MOST) this.rows.append(el('li', { class: 'soft' }, `and ${found.length - MOST} more; zoom in to list them`));
    this.summary(o, found.length);
    this.take.replaceChildren('All that is stored, to take away: ', ...FORMATS.flatMap((f) => [el('a', { href: this.server.url(`aoi/${encodeURIComponent(o.phrase)}.${f}`), download: true }, f), ' ']));
    if (this.phrase !== o.phrase) { // else it would close under the reader's hand
      this.phrase = o.phrase;
      this.train.replaceChildren(el('summary', {}, 'As a training set'), el('p', {}, 'of the outlines that people corrected or called right, on the server’s machine:'), copyable(training(o.phrase)));
    }
    this.take.hidden = this.train.hidden = this.honest.hidden = !found.length;
  }

  row(o, { id, properties: p }) {
    return el('li', {}, el('button', {
      type: 'button', 'data-id': id, onclick: () => this.does.pick(id, true),
      onmouseenter: () => o.paint(id, true), onmouseleave: () => o.paint(id), onfocus: () => o.paint(id, true), onblur: () => o.paint(id),
    }, el('b', {}, p.name || p.class || p.query), el('span', {}, [area(p.area_m2), by(p), p.verdict && `judged ${{ right: 'right', wrong: 'wrong', shape: 'wrong outline', name: 'wrong name' }[p.verdict]}`].filter(Boolean).join(' · '))));
  }

  // summary says how it stands, and where nothing was found, why that may be.
  summary(o, n) {
    const status = $('status');
    status.hidden = $('found').hidden;
    const low = o.map.getZoom() < LOWEST_ZOOM;
    const busy = o.open.size > 0;
    status.classList.toggle('error', Boolean(o.reason));
    status.classList.toggle('busy', busy && !o.reason);
    const places = n ? plural(n, 'place') : 'Nothing';
    if (o.reason) status.textContent = o.reason;
    else if (busy && !low) status.textContent = `${n ? `Looking… ${places} so far` : `Looking for “${o.phrase}”…`} · ${Math.floor(100 * (1 - o.waiting / o.view.size))}%`;
    else status.textContent = `${places} in view${n ? '' : ` for “${o.phrase}”`}`;
    const hint = [];
    if (low) {
      hint.push(el('p', {}, 'From this far only what was found before is shown. ', button('Zoom in', () => o.map.setZoom(LOWEST_ZOOM), { class: 'link' }), ' to look at new ground, or find in this whole area.'));
    } else if (!n && !busy && !o.reason) {
      hint.push(el('p', {}, 'All of this ground was looked at. You may'), el('ul', {},
        el('li', {}, 'try a plainer word, or the name that the map has for it'),
        el('li', {}, 'move the map, or zoom out and find in the whole area'),
        el('li', {}, 'draw it yourself, if you can see it')),
      el('p', { class: 'soft small' }, 'The model that comes with Precinct reads the map: what no name or sign on it tells, it does not find.'));
    }
    this.hint.replaceChildren(...hint);
  }
}

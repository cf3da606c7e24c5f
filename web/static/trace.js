// How an outline came about: the pictures that the model saw, its words, its boxes and points, and the masks of both stages.
import { button, choose, duration, el } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const STEPS = {
  1: ['Where is it?', 'The model was shown both pictures, named the places in its words and put boxes round them. From each box the segmenter drew a first mask.'],
  2: ['How far does it reach?', 'The boxes and the mask were painted on both pictures. The model looked again and gave points on the place; the segmenter drew the final mask from them.'],
  3: ['Where is it, and how far does it reach?', 'The model was shown both pictures once and gave boxes and points; the segmenter drew the mask from them.'],
};

const svg = (tag, attributes, parent) => {
  const e = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  parent?.append(e);
  return e;
};

// onto turns a geometry of degrees into a path in pixels of a window of the lattice.
const onto = ({ Z, X, Y }, geometry) => {
  if (!geometry) return '';
  const size = 256 * 2 ** Z;
  const polys = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const pixel = ([lon, lat]) => {
    const s = Math.sin((lat * Math.PI) / 180);
    return `${(((lon + 180) / 360) * size - X).toFixed(1)} ${((0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * size - Y).toFixed(1)}`;
  };
  return polys.flat().map((ring) => `M${ring.map(pixel).join('L')}Z`).join('');
};

// middle is where a stage's boxes lie, as CSS has a point of a picture.
const middle = ({ objects }, w, h) => {
  const boxes = (objects ?? []).map((o) => o.Box).filter(Boolean);
  if (!boxes.length) return 'center';
  const [x, y] = [0, 1].map((k) => (Math.min(...boxes.map((b) => b[k])) + Math.max(...boxes.map((b) => b[k + 2]))) / 2);
  return `${(100 * x) / w}% ${(100 * y) / h}%`;
};

// words are what the model said, without its tags.
const words = (answer) => /<think>([\s\S]*?)<\/think>/.exec(answer)?.[1].trim() || answer.trim();

export class Trace {
  constructor({ server }) { this.server = server; }

  async show(feature) {
    const p = feature.properties;
    const body = el('div', { class: 'trace' });
    const scene = async (id) => {
      body.replaceChildren(el('p', { class: 'busy' }, 'Fetching what the model saw…'));
      for (const t of tabs) t.setAttribute('aria-pressed', String(t.textContent === id));
      try {
        const { body: seen } = await this.server.get(`scenes/${id}?q=${encodeURIComponent(p.query)}`);
        body.replaceChildren(...this.scene(seen, feature));
      } catch (error) {
        body.replaceChildren(el('p', { class: 'error' }, [error.message, error.hint].filter(Boolean).join(' – ')), el('p', {}, 'Scenes are kept for the model and the settings that they were looked at with; with others the ground is looked at anew.'));
      }
    };
    const tabs = p.scene_ids.map((id) => button(id, () => scene(id)));
    scene(p.scene_ids[0]);
    await choose(`How “${p.name || p.query}” was found`, [p.scene_ids.length > 1 && el('p', { class: 'soft' }, 'It lies in several scenes, which were looked at one by one and joined:'),
      p.scene_ids.length > 1 && el('div', { class: 'segments' }, tabs), body], [['', 'Close', 'primary']], true);
  }

  scene(seen, feature) {
    const last = seen.stages.at(-1);
    return [
      el('p', { class: 'legend soft' }, el('i', { class: 'box' }), 'box ', el('i', { class: 'dot' }), 'point ', el('i', { class: 'mask' }), 'mask ', el('i', { class: 'line' }), 'this outline', ' · click a picture to come closer'),
      ...seen.stages.map((stage) => this.stage(seen, stage, feature, stage === last)),
      seen.holes?.length && el('p', { class: 'error' }, `${seen.holes.length} places of the pictures were missing: ${seen.holes[0].reason ?? ''}`),
      el('p', { class: 'soft small' }, `${seen.model}, ${seen.segmenter}, ${seen.mode}, ${duration(seen.seconds)} for the scene ${seen.id}`),
    ].filter(Boolean);
  }

  stage(seen, stage, feature, last) {
    const [title, text] = STEPS[stage.stage];
    return el('section', {},
      el('h3', {}, `${stage.stage === 2 ? 2 : 1} · ${title}`), el('p', { class: 'soft' }, text),
      el('div', { class: 'pictures' }, ['map', 'satellite'].map((layer) => this.picture(seen, stage, layer, last && feature))),
      el('blockquote', {}, words(stage.answer)),
      stage.problems?.length ? el('p', { class: 'error' }, stage.problems.join('; ')) : null,
      el('details', {}, el('summary', {}, 'The question and the answer, word by word'), el('pre', {}, stage.prompt), el('pre', {}, stage.answer)));
  }

  picture(seen, stage, layer, feature) {
    const { W, H } = seen.window;
    const over = svg('svg', { viewBox: `0 0 ${W} ${H}`, 'aria-hidden': 'true' });
    svg('path', { d: onto(seen.window, stage.mask), class: 'mask' }, over);
    for (const { Box: box, Points: points } of stage.objects ?? []) {
      if (box) svg('rect', { x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1], class: 'box' }, over);
      for (const [cx, cy] of points ?? []) svg('circle', { cx, cy, r: 7, class: 'dot' }, over);
    }
    if (feature) svg('path', { d: onto(seen.window, feature.geometry), class: 'line' }, over);
    const both = el('div', {}, el('img', { src: this.server.url(seen.pictures[layer]), alt: `the ${layer} as the model saw it`, width: W, height: H, loading: 'lazy' }), over);
    both.style.transformOrigin = middle(stage, W, H);
    return el('figure', {}, el('button', { type: 'button', class: 'picture', title: 'Closer, or all of it', onclick: (e) => e.currentTarget.closest('.pictures').classList.toggle('near') }, both), el('figcaption', {}, layer));
  }
}

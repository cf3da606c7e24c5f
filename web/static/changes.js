// Changes to what is kept: by OGC API Features Part 4, each for the version that the person saw, and each to be undone.
import { choose, el } from './dom.js';
import { Problem } from './server.js';

const copy = ({ id, geometry, properties: { name, tier, class: kind, function: purpose, verdict } }) => ({
  type: 'Feature', id, geometry, properties: { name, tier, class: kind, function: purpose, verdict },
});

export class Changes {
  // changed is told after each change; differ draws what somebody else made of an outline and gives a function that removes it.
  constructor({ server, changed, differ }) {
    Object.assign(this, { server, changed, differ, past: [], tags: new Map() });
  }

  items(phrase) { return `ogc/collections/${encodeURIComponent(phrase)}/items`; }

  // read gives a feature as it is now, and the tag of that version.
  async read(phrase, id) {
    const { body, headers } = await this.server.get(`${this.items(phrase)}/${id}`, { cache: 'no-cache' });
    return { feature: body, tag: headers.get('ETag') };
  }

  // commit makes steps one after the other, all or none: {put: feature, before, tag}, {post: feature}, {remove: id, tag} or {verdict, before}.
  // It gives the features that were made, null where the person keeps what somebody else made meanwhile, and undefined where they go on.
  async commit(text, phrase, steps) {
    const undo = [], made = [];
    try {
      for (const step of steps) {
        const { feature, back } = await this.step(phrase, step);
        undo.unshift(back);
        if (feature) made.push(feature);
      }
    } catch (error) {
      for (const back of undo) await back();
      if (error.status !== 412) throw error;
      return this.conflict(text, phrase, steps);
    }
    this.past.push({ text, undo });
    this.changed(text, made);
    return made;
  }

  // step makes one change and gives the feature that it made, and how to take it back.
  async step(phrase, step) {
    const at = (id) => `${this.items(phrase)}/${id}`;
    if (step.post) {
      const feature = await this.create(phrase, copy(step.post));
      return { feature, back: () => this.send('DELETE', at(feature.id), null, feature.id) };
    }
    if (step.remove) {
      this.tags.set(step.remove, step.tag);
      await this.send('DELETE', at(step.remove), null, step.remove);
      return { back: () => this.send('DELETE', `feedback/${step.remove}`) };
    }
    const { id } = step.before;
    let feature;
    if (step.put) {
      this.tags.set(id, step.tag);
      feature = await this.send('PUT', at(id), copy(step.put), id);
    } else {
      feature = await this.send('POST', 'feedback', { feature: id, verdict: step.verdict });
    }
    const mine = this.tags.get(id);
    // The server's own undo brings back all of it, also that no person had touched it; but an undo is itself a change, and undone by it.
    return { feature, back: () => (this.tags.get(id) === mine ? this.send('DELETE', `feedback/${id}`, null, id) : this.send('PUT', at(id), copy(step.before), id)) };
  }

  // create keeps a new outline; the first of a phrase makes the phrase's collection.
  async create(phrase, feature) {
    try {
      return await this.send('POST', this.items(phrase), feature);
    } catch (error) {
      if (error.status !== 404) throw error;
      return this.send('POST', `${this.items(phrase)}?create=true`, feature);
    }
  }

  // send makes a request, of the version that is known of a feature if one is named, and remembers the version that came of it.
  async send(method, path, body = null, match = 0) {
    const tag = match && this.tags.get(match);
    const reply = await this.server.send(method, path, { body, headers: tag ? { 'If-Match': tag } : {} });
    const feature = reply.body?.features?.[0] ?? reply.body;
    if (feature?.id) this.tags.set(feature.id, feature.properties.version ? `"${feature.properties.version}"` : reply.headers.get('ETag'));
    return feature;
  }

  // conflict tells that somebody else changed what was to be changed, and lets the person choose.
  async conflict(text, phrase, steps) {
    const fresh = [], shown = [];
    for (const step of steps) {
      const id = step.put ? step.before.id : step.remove;
      if (!id) continue;
      const now = await this.read(phrase, id).catch((error) => {
        if (error.status === 404) throw new Problem(404, { detail: 'Somebody else deleted it meanwhile', hint: 'nothing was changed' });
        throw error;
      });
      fresh.push([step, now.tag]);
      shown.push(this.differ(now.feature));
    }
    const answer = await choose('Somebody else changed it', el('p', {}, 'The outline was changed after you began. Theirs is dashed in blue on the map. What they made stays in the history, whatever you choose.'),
      [['back', 'Go on with mine'], ['theirs', 'Keep theirs'], ['mine', 'Save mine over it', 'primary']]);
    for (const hide of shown) hide();
    if (answer === 'theirs') {
      this.changed('', []);
      return null;
    }
    for (const [step, tag] of fresh) step.tag = tag;
    return answer === 'mine' ? this.commit(text, phrase, steps) : undefined;
  }

  // undo takes the last change back and gives its text, '' where there is none.
  async undo() {
    const last = this.past.pop();
    if (!last) return '';
    try {
      for (const back of last.undo) await back();
    } catch (error) {
      if (error.status !== 412) throw error;
      throw new Problem(412, { detail: 'Somebody changed it since then, so it was not undone', hint: 'open the outline and look' });
    } finally {
      this.changed('', []);
    }
    return last.text;
  }
}

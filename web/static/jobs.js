// Whole areas in the background: what one costs, its progress as it is told by the server's events, and its end.
import { $, button, choose, duration, el, fail, plural } from './dom.js';

const FOLLOWED = 2; // streams of events at once: a browser has six connections to a server, and tiles want some
const POLL_MS = 4000;
const KINDS = ['started', 'counted', 'scene', 'failed', 'retried', 'ended', 'cancelled'];
const MANY = 5000; // scenes that a person should think twice about

const running = (job) => job.status === 'accepted' || job.status === 'running';

export class Jobs {
  // progressed is told the phrase of a job that found something, go leads to a phrase and a bbox.
  constructor({ map, server, progressed, go }) {
    Object.assign(this, { map, server, progressed, go, list: [], streams: new Map(), begun: new Map() });
  }

  async load() {
    const { body } = await this.server.get('ogc/jobs?limit=20', { cache: 'no-cache' });
    this.list = body.jobs;
    this.follow();
    this.draw();
  }

  // start asks whether a phrase is to be looked for in the view, with what that costs, and starts a job.
  async start(phrase) {
    const b = this.map.getBounds();
    const bbox = [Math.max(-180, b.getWest()), Math.max(-85, b.getSouth()), Math.min(180, b.getEast()), Math.min(85, b.getNorth())].map((v) => Number(v.toFixed(6)));
    const text = el('div', { 'aria-live': 'polite' }, el('p', { class: 'busy' }, 'Counting…'));
    const answer = choose(`Find “${phrase}” in this whole area`, text, [['', 'Cancel'], ['start', 'Start', 'primary']]);
    this.server.get(`estimate?q=${encodeURIComponent(phrase)}&bbox=${bbox}`).then(({ body: e }) => text.replaceChildren(...this.cost(e)), (error) => text.replaceChildren(el('p', { class: 'error' }, error.message)));
    if (await answer !== 'start') return;
    try {
      const { body } = await this.server.send('POST', 'ogc/processes/segment/execution', { body: { inputs: { query: phrase, bbox } }, headers: { Prefer: 'respond-async' } });
      this.list.unshift(body);
      $('jobs').open = true;
      this.follow();
      this.draw();
    } catch (error) {
      fail(error);
    }
  }

  cost(e) {
    const left = e.scenes - e.known;
    if (!left) return [el('p', {}, `All ${plural(e.scenes, 'scene')} of it have been looked at already; this only takes a moment.`)];
    return [
      el('p', { class: 'big' }, `${plural(left, 'scene')}, about ${duration(e.seconds)}`),
      el('p', {}, e.known ? `${plural(e.known, 'scene')} of ${e.scenes.toLocaleString('en')} are known already.` : '', e.measured ? ` Scenes take ${duration(e.seconds_per_scene)} each here.` : ' No scene was timed here yet: the time is a guess.'),
      left > MANY && el('p', { class: 'error' }, 'That is a lot. Zoom in, or start it if this machine may work that long.'),
      el('p', { class: 'soft' }, 'It runs in the background and goes on when you close this page. What is found is kept, and you can cancel.'),
    ].filter(Boolean);
  }

  // follow listens to the newest running jobs, and asks for the others now and then.
  follow() {
    const live = this.list.filter(running);
    for (const job of live.slice(0, FOLLOWED)) if (!this.streams.has(job.jobID)) this.listen(job);
    clearTimeout(this.polling);
    if (live.length > FOLLOWED) this.polling = setTimeout(() => this.load().catch(fail), POLL_MS);
  }

  listen(job) {
    const stream = new EventSource(this.server.url(`ogc/jobs/${job.jobID}/events`));
    this.streams.set(job.jobID, stream);
    const on = (event) => {
      const at = this.list.find((j) => j.jobID === job.jobID) ?? job;
      const e = JSON.parse(event.data);
      if (event.type === 'scene' && !this.begun.has(job.jobID)) this.begun.set(job.jobID, { at: Date.now(), done: e.done });
      Object.assign(at, { counts: e, status: at.status === 'accepted' ? 'running' : at.status });
      if (event.type === 'scene') this.progressed(at.inputs.query);
      if (event.type === 'ended' || event.type === 'cancelled') this.ended(job);
      this.draw();
    };
    for (const kind of KINDS) stream.addEventListener(kind, on);
    // The browser comes again by itself while the server may; after the end it is told not to.
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) this.ended(job); };
  }

  async ended(job) {
    this.streams.get(job.jobID)?.close();
    this.streams.delete(job.jobID);
    try {
      const { body } = await this.server.get(`ogc/jobs/${job.jobID}`, { cache: 'no-cache' });
      this.replace(body);
      this.progressed(body.inputs.query);
    } catch (error) {
      fail(error);
    }
    this.follow();
  }

  replace(job) {
    const i = this.list.findIndex((j) => j.jobID === job.jobID);
    if (i >= 0) this.list[i] = { ...job, counts: this.list[i].counts };
    this.draw();
  }

  async cancel(job) {
    try {
      const { body } = await this.server.send('DELETE', `ogc/jobs/${job.jobID}`);
      this.replace(body);
    } catch (error) {
      fail(error);
    }
  }

  // forget takes a job that has ended off the list; what it found stays.
  async forget(job) {
    try {
      await this.server.send('DELETE', `ogc/jobs/${job.jobID}`);
      await this.load();
    } catch (error) {
      fail(error);
    }
  }

  // left is how long a job still takes by what it did since it was followed, '' where that is not known yet.
  left(job) {
    const begun = this.begun.get(job.jobID), c = job.counts;
    if (!begun || c.done - begun.done < 2) return '';
    const each = (Date.now() - begun.at) / 1000 / (c.done - begun.done);
    return ` · ${duration(each * (c.total - c.done - c.failed))} left`;
  }

  row(job) {
    const c = job.counts;
    const words = { accepted: 'counting scenes…', running: 'running', successful: 'done', failed: 'failed', dismissed: 'cancelled' }[job.status];
    const counted = c?.total ? `${c.done} of ${c.total} scenes${c.failed ? `, ${c.failed} failed` : ''}` : job.message.split(': ').slice(1).join(': ').replace(', 0 failed', '');
    return el('li', {},
      el('b', {}, job.inputs.query), ' ', el('span', { class: `state ${job.status}` }, words),
      running(job) && el('progress', { max: 100, value: c?.total ? (100 * (c.done + c.failed)) / c.total : job.progress, 'aria-label': `progress of ${job.inputs.query}` }),
      el('div', { class: 'row' }, el('span', { class: 'soft' }, counted + (running(job) ? this.left(job) : '')),
        button('Show', () => this.go(job.inputs.query, job.inputs.bbox), { class: 'link' }), running(job) ? button('Cancel', () => this.cancel(job), { class: 'link' }) : button('Forget', () => this.forget(job), { class: 'link' })));
  }

  draw() {
    const live = this.list.filter(running).length;
    $('jobs').hidden = !this.list.length;
    $('jobs').replaceChildren(el('summary', {}, 'Whole areas', live ? el('span', { class: 'badge' }, `${live} running`) : null), el('ol', { class: 'jobs' }, this.list.map((job) => this.row(job))));
  }
}

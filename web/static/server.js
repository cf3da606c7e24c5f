// The server: requests, their problems, and the key where one is needed.
import { choose, el } from './dom.js';

// Problem is an answer that is none (RFC 9457), or no answer at all (status 0).
export class Problem extends Error {
  constructor(status, { title = '', detail = '', hint = '' } = {}) {
    super(detail || title || `the server answered ${status}`);
    Object.assign(this, { status, hint, expected: true });
  }
}

export class Server {
  constructor() {
    this.base = new URL('.', location.href.split('#')[0]);
    this.key = new URLSearchParams(location.search).get('key') ?? sessionStorage.getItem('precinct-key') ?? '';
    this.asking = null;
  }

  // url is a path or an address of this server with the key, for pictures and events, which cannot send headers.
  url(path) {
    const url = new URL(path, this.base);
    if (this.key && url.origin === this.base.origin) url.searchParams.set('key', this.key);
    return url.href.replaceAll('%7B', '{').replaceAll('%7D', '}');
  }

  // send gives {body, headers}, body null where there is none. It throws a Problem.
  async send(method, path, { body, headers = {}, signal, cache } = {}) {
    const options = { method, signal, cache, headers: { Accept: 'application/geo+json, application/json', ...headers } };
    if (body) {
      options.body = JSON.stringify(body);
      options.headers['Content-Type'] ??= body.type === 'Feature' ? 'application/geo+json' : 'application/json';
    }
    if (this.key) options.headers['X-API-Key'] = this.key;
    let reply;
    try {
      reply = await fetch(new URL(path, this.base), options);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new Problem(0, { detail: 'The server cannot be reached', hint: 'is it still running?' });
    }
    const text = await reply.text();
    if (reply.ok) return { body: text ? JSON.parse(text) : null, headers: reply.headers };
    if (reply.status === 401 && await this.askKey()) return this.send(method, path, { body, headers, signal, cache });
    let problem = {};
    try {
      problem = JSON.parse(text);
    } catch {
      problem.detail = `${method} ${path} was answered ${reply.status} ${reply.statusText}`;
    }
    throw new Problem(reply.status, problem);
  }

  get(path, options) { return this.send('GET', path, options); }

  // askKey asks for a key, once for all requests that wait for it.
  askKey() {
    this.asking ??= (async () => {
      const input = el('input', { type: 'password', 'aria-label': 'Key', autocomplete: 'off' });
      const answer = await choose('This server needs a key', el('div', {}, el('p', {}, 'Whoever runs it can make one for you (“precinct keys”). It is kept until this tab is closed.'), input), [['', 'Cancel'], ['use', 'Use it', 'primary']]);
      this.key = input.value.trim();
      sessionStorage.setItem('precinct-key', this.key);
      this.asking = null;
      return answer === 'use' && this.key !== '';
    })();
    return this.asking;
  }
}

// Helpers for the page's elements, its notices and its questions.

export const $ = (id) => document.getElementById(id);

// el makes an element. Attributes that begin with "on" are listeners; attributes and children that are null or false are left out.
export const el = (tag, attributes = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value === true ? '' : value);
  }
  return fill(e, ...children);
};

// fill puts children into an element in place of what it has.
export const fill = (e, ...children) => {
  e.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return e;
};

export const button = (text, onclick, attributes = {}) => el('button', { type: 'button', onclick, ...attributes }, text);

// area and duration write square metres and seconds as people say them.
export const area = (m2) => (m2 >= 10000 ? `${(m2 / 10000).toFixed(1)} ha` : `${Math.round(m2).toLocaleString('en')} m²`);

export const duration = (seconds) => {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
};

export const plural = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

let hiding = 0;

// say shows a notice on the map. Errors stay until they are closed; action is [text, function].
export const say = (text, { error = false, action = null } = {}) => {
  const box = $('notice');
  clearTimeout(hiding);
  const close = () => { box.hidden = true; };
  box.className = error ? 'error' : '';
  box.replaceChildren(el('span', {}, text));
  if (action) box.append(button(action[0], () => { close(); action[1](); }, { class: 'quiet' }));
  box.append(button('×', close, { class: 'quiet', 'aria-label': 'Close' }));
  box.hidden = !text;
  if (!error) hiding = setTimeout(close, 9000);
};

// fail shows what went wrong and what to do about it; a request that was given up is nobody's error.
export const fail = (error) => {
  if (error.name === 'AbortError') return;
  if (!error.expected) console.error(error);
  say([error.message, error.hint].filter(Boolean).join(' – '), { error: true });
};

// choose asks a question and resolves to the value of the button that was pressed, '' for none. Each choice is [value, text, class].
export const choose = (title, content, choices, wide = false) => new Promise((resolve) => {
  const box = el('dialog', { 'aria-label': title, class: wide ? 'wide' : null, onclose: () => { box.remove(); resolve(box.returnValue); } },
    el('h2', {}, title), content, el('div', { class: 'row end' }, choices.map(([value, text, kind]) => button(text, () => box.close(value), { class: kind }))));
  box.addEventListener('keydown', (e) => { if (e.key === 'Enter' && e.target.tagName === 'INPUT') box.querySelector('.row .primary').click(); });
  document.body.append(box);
  box.showModal();
});

// copyable is a line to be taken elsewhere, with a button that copies it.
export const copyable = (text) => {
  const b = button('Copy', async () => {
    try {
      await navigator.clipboard.writeText(text);
      b.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code); // no permission: selected, it can be copied by hand
      b.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => { b.textContent = 'Copy'; }, 2000);
  }, { class: 'small' });
  const code = el('code', {}, text);
  return el('div', { class: 'copyable' }, code, b);
};

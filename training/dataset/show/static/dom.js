// What all parts of the page need.
export const one = (id) => document.getElementById(id);

// element is one with attributes and children; texts are text, never markup.
export function element(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// trouble says what went wrong, or takes it away.
export function trouble(text) {
  const p = one("trouble");
  p.textContent = text;
  p.hidden = !text;
}

// ask gets JSON, or sends some. An answer that is a problem is an error with its words.
export async function ask(path, body, signal) {
  let response;
  try {
    response = await fetch(path, body === undefined ? { signal } : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The program does not answer: is `precinct dataset show` still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `The answer was ${response.status}.`);
  return answer;
}

// The page: which samples fit, one of them in sight, and marks.
import { ask, element, one, trouble } from "./dom.js";
import { Sample } from "./sample.js";

const filters = one("filters");
const list = one("list");
const sample = new Sample();
const state = { total: 0, from: 0, page: 1, rows: [], at: -1, bad: 0, all: 0 };
let asked = 0; // counts questions for lists, so that a late answer is not taken for the last one's

function wanted() {
  const out = new URLSearchParams();
  for (const [name, value] of new FormData(filters)) {
    if (name === "q" || name === "marked" ? value.trim() && value !== "all" : value !== "*") out.set(name, value.trim());
  }
  return out;
}

// remember keeps filters and row in the address, so that it can be sent to somebody.
function remember() {
  const params = wanted();
  if (state.at >= 0) params.set("row", state.rows[state.at].row);
  history.replaceState(null, "", "?" + params);
}

// load asks for a page of the list, by position or by a row that it is to hold, and chooses one of its rows.
async function load(which, choose) {
  const params = wanted();
  for (const [k, v] of Object.entries(which)) params.set(k, v);
  const turn = ++asked;
  try {
    const answer = await ask("api/rows?" + params);
    if (turn !== asked) return;
    Object.assign(state, answer, { at: -1 });
    trouble("");
    draw();
    await select(choose === "last" ? state.rows.length - 1 : Math.max(0, state.rows.findIndex((r) => r.row === choose)));
  } catch (error) {
    if (turn === asked) trouble(error.message);
  }
}

function draw() {
  list.replaceChildren(...state.rows.map((r, i) => {
    const item = element("li", { role: "option", id: "r" + r.row, "aria-selected": "false" },
      element("b", { title: r.problem }, r.problem), element("i", {}, r.bad ? "bad" : ""), element("small", {}, [r.tier, r.class, r.split].join(" · ")));
    item.classList.toggle("bad", r.bad);
    item.addEventListener("click", () => select(i));
    return item;
  }));
  one("nothing").hidden = state.rows.length > 0;
  one("sample").hidden = state.rows.length === 0;
  const last = state.from + state.rows.length;
  one("where").textContent = state.total ? `${state.from + 1}–${last} of ${state.total}` : "";
  one("before").disabled = state.from === 0;
  one("after").disabled = last >= state.total;
  count();
}

function count() {
  one("count").textContent = `${state.total} of ${state.all} samples fit · ${state.bad} marked as bad`;
}

async function select(i) {
  if (i < 0 || i >= state.rows.length) {
    remember();
    return;
  }
  list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  state.at = i;
  const item = list.children[i];
  item.setAttribute("aria-selected", "true");
  item.scrollIntoView({ block: "nearest" });
  list.setAttribute("aria-activedescendant", item.id);
  remember();
  await sample.show(state.rows[i].row);
}

// step goes to the next row or the one before, over the ends of pages.
function step(by) {
  const to = state.at + by;
  if (to >= 0 && to < state.rows.length) return select(to);
  if (by > 0 && state.from + state.rows.length < state.total) return load({ from: state.from + state.page });
  if (by < 0 && state.from > 0) return load({ from: state.from - state.page }, "last");
}

async function mark(bad, why) {
  const at = state.at, row = state.rows[at];
  if (!row) return;
  try {
    const answer = await ask("api/marks", { row: row.row, bad, why });
    row.bad = answer.bad;
    state.bad = answer.total;
    const item = document.getElementById("r" + row.row);
    if (item) {
      item.classList.toggle("bad", row.bad);
      item.querySelector("i").textContent = row.bad ? "bad" : "";
    }
    count();
    trouble("");
    if (state.rows[state.at] === row) sample.judged(answer.bad, answer.why);
  } catch (error) {
    trouble("The mark was not kept. " + error.message);
  }
}

const reasons = ["outline is off", "phrase is wrong", "map and picture disagree", "something is missing", "cannot be seen"];

function setUpMarks() {
  const dialog = one("why"), form = one("because");
  const open = () => {
    if (state.at < 0) return;
    form.why.value = sample.why;
    dialog.showModal();
    form.why.select();
  };
  one("reasons").replaceChildren(...reasons.map((text) => {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => { form.why.value = text; form.why.focus(); });
    return button;
  }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    mark(true, form.why.value);
  });
  one("cancel").addEventListener("click", () => dialog.close());
  one("mark").addEventListener("click", open);
  one("undo").addEventListener("click", () => mark(false, ""));
  return open;
}

function setUpKeys(open) {
  const click = (id) => () => one(id).click();
  const keys = { j: () => step(1), ArrowRight: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowLeft: () => step(-1), ArrowUp: () => step(-1),
    b: open, u: () => !one("undo").disabled && mark(false, ""), m: click("masked"), z: click("near"), "/": () => filters.q.focus() };
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input:not([type=checkbox]), select, dialog");
    if (event.key === "Escape" && event.target === filters.q) filters.q.blur();
    if (writing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}

function setUpFilters(facets, params) {
  for (const [name, choices] of Object.entries(facets)) {
    const select = filters.elements[name];
    select.replaceChildren(element("option", { value: "*" }, "all"), ...choices.map((c) => element("option", { value: c.value }, `${c.name} (${c.n})`)));
    if (params.has(name)) select.value = params.get(name);
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }
  filters.marked.value = params.get("marked") === "bad" || params.get("marked") === "good" ? params.get("marked") : "all";
  filters.q.value = params.get("q") ?? "";
  let timer;
  filters.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => load({ from: 0 }), event.target === filters.q ? 200 : 0);
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  one("clear").addEventListener("click", () => {
    for (const select of filters.querySelectorAll("select")) select.selectedIndex = 0;
    filters.q.value = "";
    load(state.at >= 0 ? { near: state.rows[state.at].row } : { from: 0 }, state.rows[state.at]?.row);
  });
}

async function start() {
  const set = await ask("api/set");
  const params = new URLSearchParams(location.search);
  const name = set.folder.split(/[\\/]/).filter(Boolean).pop() ?? set.folder;
  one("folder").textContent = document.title = name;
  one("folder").title = set.folder;
  state.all = set.rows;
  state.bad = set.bad;
  setUpFilters(set.facets, params);
  setUpKeys(setUpMarks());
  one("before").addEventListener("click", () => load({ from: Math.max(0, state.from - state.page) }));
  one("after").addEventListener("click", () => load({ from: state.from + state.page }));
  const row = Number.parseInt(params.get("row"), 10);
  await load(row >= 0 ? { near: row } : { from: 0 }, row);
  if (set.broken?.length) trouble([`${set.broken.length + set.more_broken} things of this data set cannot be read; the rest is shown.`, ...set.broken.slice(0, 3)].join("\n"));
}

start().catch((error) => trouble(error.message));

// The page of a run: reads the lines of its metrics as they come, and draws every number that they have, those of one group together.
const lines = [];
const $ = (id) => document.getElementById(id);
const colours = ["#3b82f6", "#e2683c", "#2eb34a", "#a855f7", "#d4a017", "#14a3a8", "#e0488b", "#7a8794"];
const notDrawn = new Set(["step", "of", "seconds"]);

function flatten(line, prefix = "", out = {}) {
  for (const [k, v] of Object.entries(line)) {
    if (typeof v === "number") out[prefix + k] = v;
    else if (v && typeof v === "object") flatten(v, prefix + k + "/", out);
  }
  return out;
}

// groups are the names by chart: of nested ones by all but their last part, of others by themselves.
function groups(names) {
  const out = new Map();
  for (const name of names) {
    const at = name.lastIndexOf("/");
    let key = at < 0 ? name : name.slice(0, at);
    if (at > 0 && !/reward|cost|val/.test(key)) key = name.slice(at + 1); // one measure of both stages
    if (!out.has(key)) out.set(key, []);
    out.get(key).push(name);
  }
  return out;
}

function chart(title, names, rows) {
  const points = names.map((n) => rows.filter((r) => n in r).map((r) => [r.step, r[n]]));
  const all = points.flat();
  const [x0, x1] = [Math.min(...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))];
  let [y0, y1] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
  if (y0 === y1) [y0, y1] = [y0 - 0.5, y1 + 0.5];
  const at = ([x, y]) => `${(300 * (x - x0) / Math.max(1, x1 - x0)).toFixed(1)},${(148 - 146 * (y - y0) / (y1 - y0)).toFixed(1)}`;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  names.forEach((n, i) => {
    const s = document.createElement("span");
    s.style.color = colours[i % colours.length];
    s.textContent = `${names.length > 1 ? n.replace(title + "/", "").replace("/" + title, "") + " " : ""}${points[i].at(-1)[1].toPrecision(3)}`;
    caption.append(" ", s);
  });
  const svg = `<svg viewBox="0 0 300 150" preserveAspectRatio="none" role="img" aria-label="${title}">` +
    [2, 75, 148].map((y) => `<line class="grid" x1="0" x2="300" y1="${y}" y2="${y}"/>`).join("") +
    points.map((p, i) => `<polyline stroke="${colours[i % colours.length]}" points="${p.map(at).join(" ")}"/>`).join("") + "</svg>";
  figure.append(caption);
  figure.insertAdjacentHTML("beforeend", svg + `<div class="ends"><span>step ${x0}</span><span>${y0.toPrecision(3)} … ${y1.toPrecision(3)}</span><span>${x1}</span></div>`);
  return figure;
}

function draw(running) {
  const rows = lines.map((l) => flatten(l));
  const last = rows.at(-1);
  const names = [...new Set(rows.flatMap((r) => Object.keys(r)))].filter((n) => !notDrawn.has(n) && !n.endsWith("/n") && rows.some((r) => r[n]));
  $("charts").replaceChildren(...[...groups(names)].map(([title, of]) => chart(title, of, rows)));
  $("last").textContent = JSON.stringify(lines.at(-1), null, 1);
  $("progress").value = last.step / last.of;
  let begun = rows.length - 1; // of this piece: its seconds rise
  while (begun > 0 && rows[begun - 1].seconds < rows[begun].seconds) begun--;
  const pace = (last.seconds - rows[begun].seconds) / Math.max(1, last.step - rows[begun].step);
  const left = Math.round(pace * (last.of - last.step) / 60);
  $("state").textContent = `step ${last.step} of ${last.of}` + (running && last.step < last.of ? `, ${left < 1 ? "less than a minute" : `some ${left} minutes`} left` : "");
}

async function samples() {
  const all = await (await fetch("samples")).json();
  $("said").hidden = !all.length;
  $("samples").replaceChildren(...all.map((s) => {
    const figure = document.createElement("figure");
    const img = new Image();
    img.src = `samples/${s.name}.png?${s.step}`;
    img.alt = s.text;
    const caption = document.createElement("figcaption");
    caption.textContent = `step ${s.step}: ${s.text}`;
    figure.append(img, caption);
    return figure;
  }));
}

async function look() {
  try {
    const got = await (await fetch(`metrics?after=${lines.length}`)).json();
    $("run").textContent = got.run;
    $("stop").hidden = !got.running;
    if (got.lines.length) {
      lines.push(...got.lines);
      draw(got.running);
      await samples();
    }
  } catch {
    $("state").textContent = "the training has ended; the run's folder has all of it";
    $("stop").hidden = true;
  }
}

$("stop").addEventListener("click", async () => {
  await fetch("stop", { method: "POST", headers: { "X-Precinct": "stop" } });
  $("stop").disabled = true;
  $("state").textContent = "it saves and ends";
});
await look();
setInterval(look, 2000);

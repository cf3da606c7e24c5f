// One sample in sight: its pictures with the mask's outline over them, and what is known of it.
import { ask, element, one, trouble } from "./dom.js";

const layers = ["satellite", "map"];
const closest = 0.4; // of the picture, that "closer" shows at least

export class Sample {
  #asking = new AbortController();
  #facts = null;
  why = "";

  constructor() {
    for (const id of ["masked", "fill", "near"]) one(id).addEventListener("input", () => this.#look());
    for (const layer of layers) {
      one(layer).querySelector("image").addEventListener("error", () => trouble(`The ${layer} picture of this sample cannot be shown.`));
    }
  }

  async show(row) {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const facts = await ask("api/rows/" + row, undefined, signal);
      if (signal.aborted) return;
      trouble("");
      this.#facts = facts;
      this.#draw(row, facts);
    } catch (error) {
      if (signal.aborted) return;
      one("sample").hidden = true;
      trouble(`Sample ${row} cannot be shown. ${error.message}`);
    }
  }

  #draw(row, facts) {
    one("sample").hidden = false;
    one("phrase").textContent = facts.problem;
    const chips = [facts.tier, facts.class, facts.function, facts.split, facts.region];
    if (facts.novel) chips.push("novel class");
    if (facts.drawn) chips.push("painted picture");
    one("chips").replaceChildren(...chips.filter((c, i) => c && chips.indexOf(c) === i).map((c) => element("span", {}, c)));
    for (const layer of layers) {
      const svg = one(layer), image = svg.querySelector("image");
      image.setAttribute("href", `api/rows/${row}/${layer}`);
      image.setAttribute("width", facts.width);
      image.setAttribute("height", facts.height);
      for (const path of svg.querySelectorAll("path")) path.setAttribute("d", facts.outline);
    }
    this.#look();
    this.judged(facts.bad, facts.why);
    this.#tell(facts);
  }

  // look applies what the tools say.
  #look() {
    if (!this.#facts) return;
    const { width, height } = this.#facts;
    const box = one("satellite").querySelector(".truth").getBBox();
    const edge = Math.max(closest * width, 1.4 * box.width, 1.4 * box.height);
    const near = one("near").checked && edge < width;
    const within = (low, length, whole) => Math.min(Math.max(0, low + length / 2 - edge / 2), whole - edge);
    const view = near ? [within(box.x, box.width, width), within(box.y, box.height, height), edge, edge] : [0, 0, width, height];
    for (const layer of layers) {
      const svg = one(layer);
      svg.setAttribute("viewBox", view.join(" "));
      for (const path of svg.querySelectorAll("path")) path.style.display = one("masked").checked ? "" : "none";
      svg.querySelector(".truth").style.fillOpacity = one("fill").value / 100;
    }
  }

  // judged shows whether the sample is marked.
  judged(bad, why) {
    this.why = bad ? why : "";
    one("verdict").hidden = !bad;
    one("verdict").textContent = why ? `Marked as bad: ${why}` : "Marked as bad";
    one("undo").disabled = !bad;
  }

  #tell(f) {
    const share = (100 * f.pixels) / (f.width * f.height);
    const facts = {
      id: f.id,
      mask: `${f.pixels.toLocaleString("en")} px, ${share < 0.1 ? share.toFixed(2) : share.toFixed(1)} % of ${f.width}×${f.height}`,
      window: f.window,
      middle: f.lat === undefined ? "" : `${f.lat.toFixed(5)}, ${f.lon.toFixed(5)}`,
      "map's labels": f.labelled ? f.labels : "not known",
      place: f.place.split(",").join(", "),
      sources: (f.sources ?? []).join(", "),
      attribution: f.attribution.replace(/<[^<>]*>/g, " "),
      licence: f.licence,
    };
    one("facts").replaceChildren(...Object.entries(facts).filter(([, v]) => v !== "" && v !== undefined).map(([k, v]) => element("div", {}, element("dt", {}, k), element("dd", {}, String(v)))));
  }
}

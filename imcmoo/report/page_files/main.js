// From the data to the views, and between them.

async function decoded() {
  const bytes = Uint8Array.from(atob(byId("data").textContent), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const FEW = 10;  // designs of a Pareto front that say little by themselves
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

class Page {
  constructor(data) {
    this.data = data;
    data.networks = [...new Set(data.runs.flatMap(run => run.networks))];
    this.picked = data.runs[0].selected;
    this.filters = [];
    this.kinds = this.axisKinds();
    this.scatter = new Scatter(this);
    this.designs = new Designs(this);
  }

  hue(run) {
    return this.data.hues[run % this.data.hues.length];
  }

  title(row) {
    const { names, line } = this.data;
    return names[row][0] || (line[row] === null ? "design" : `evaluation ${line[row] - 1}`);
  }

  // What an axis can show: each label once, whichever networks have it.
  axisKinds() {
    const { columns, line } = this.data;
    const labels = [...new Map(columns.map(c => [`${c.kind} ${c.label}`, c])).values()];
    const kinds = labels.map(({ kind, label }) => {
      const own = columns.filter(c => c.kind === kind && c.label === label);
      const isPerNetwork = kind === "network";
      const of = network => (own.find(c => !isPerNetwork || c.network === network) || own[0]).values;
      return { kind, label, isPerNetwork, of, columns: own, isLog: kind !== "parameter" && own.every(c => isWide(c.values)) };
    });
    const order = line.map(v => v === null ? null : v - 1);
    return [...kinds, { label: "order of evaluation", isPerNetwork: false, of: () => order, columns: [], isLog: false }];
  }

  // Energy over latency where a study has both, else its first quantity; if there
  // is room for one panel only, the criterion of the run over area, which are of all networks.
  get firstAxes() {
    const area = this.kinds.findIndex(k => k.kind === "chip" && k.label.startsWith("area ("));
    const score = this.kinds.findIndex(k => isScore(k, this.data.runs[0]));
    if (byId("scatter").clientWidth < 2 * NARROWEST && this.data.runs.length === 1 && area >= 0 && score >= 0 && score !== area) return { x: area, y: score };
    const at = name => this.kinds.findIndex(k => k.label.startsWith(`${name} (`));
    if (at("latency") >= 0 && at("energy") >= 0) return { x: at("latency"), y: at("energy") };
    const quantities = this.kinds.flatMap((k, n) => k.isPerNetwork ? [n] : []);
    return quantities.length > 1 ? { x: quantities[0], y: quantities[1] } : { x: this.kinds.length - 1, y: Math.max(0, this.kinds.findIndex(k => k.kind === "chip")) };
  }

  // Rows that are looked at: the Pareto front, selected and single-network designs, or all.
  get set() {
    const { runs, front } = this.data;
    const marked = new Set(runs.flatMap(run => [run.selected, ...run.baselines.map(([, row]) => row)]));
    const isAll = byId("set").value === "all";
    return front.flatMap((isOn, row) => isAll || isOn || marked.has(row) ? [row] : []);
  }

  get kept() {
    return new Set(this.set.filter(row => this.filters.every(f => f.keeps(row))));
  }

  start() {
    const { data, kinds } = this;
    const first = this.firstAxes;
    for (const side of ["x", "y"]) {
      byId(side).replaceChildren(...kinds.map((k, at) => new Option(k.label, at)));
      byId(side).value = first[side];
      byId(side).onchange = () => { byId(`${side}-log`).checked = kinds[byId(side).value].isLog; this.update(); };
      byId(`${side}-log`).checked = kinds[first[side]].isLog;
      byId(`${side}-log`).onchange = () => this.update();
    }
    if (data.front.filter(Boolean).length < FEW) byId("set").value = "all";
    byId("set").onchange = () => this.update();
    byId("by").replaceChildren(...data.columns.map((c, at) => new Option(columnTitle(c), at)));
    byId("by").onchange = () => this.askRange();
    for (const button of document.querySelectorAll("[data-design]")) {
      const { design, run } = button.dataset;
      button.onclick = () => this.open(data.names.findIndex((names, row) => names.includes(design) && data.run[row] === Number(run)));
    }
    byId("filter").onsubmit = event => { event.preventDefault(); this.addFilter(); };
    this.askRange();
    if (matchMedia("(max-width: 500px)").matches) for (const details of document.querySelectorAll("#explained details, #limits, .answer details")) details.open = false;
    this.drawConvergence();
    this.pick(this.picked);
    let waiting, wide = innerWidth;
    window.addEventListener("resize", () => {
      if (innerWidth === wide) return;
      wide = innerWidth;
      clearTimeout(waiting);
      waiting = setTimeout(() => { this.drawConvergence(); this.pick(this.picked); }, 150);
    });
  }

  askRange() {
    const { values } = this.data.columns[byId("by").value], isText = values.some(v => typeof v === "string");
    const numbers = values.filter(Number.isFinite);
    for (const [id, end] of [["low", Math.min], ["high", Math.max]]) byId(id).placeholder = numbers.length ? shorten(numbers.reduce((a, b) => end(a, b))) : "";
    byId("high-label").hidden = isText;
    byId("low-label").firstChild.textContent = isText ? "equal to " : "from ";
  }

  addFilter() {
    const column = this.data.columns[byId("by").value], [from, to] = ["low", "high"].map(id => byId(id).value.trim());
    const isText = byId("high-label").hidden, plain = text => text.replaceAll(",", "");  // numbers may have commas, as shown
    const bound = (text, open) => text === "" || Number.isNaN(Number(text)) ? open : Number(text);
    const [low, high] = [bound(plain(from), -Infinity), bound(plain(to), Infinity)];
    const keeps = row => isText ? column.values[row] === from : column.values[row] !== null && column.values[row] >= low && column.values[row] <= high;
    this.filter(`${columnTitle(column)} ${isText ? `= ${from}` : `${from || "…"} to ${to || "…"}`}`, keeps);
  }

  // Keep some rows, those in a rectangle of a plot.
  keep(x, y, rows) {
    const inside = new Set(rows);
    this.filter(`${y.label} over ${x.label}: rectangle`, row => inside.has(row));
  }

  filter(text, keeps) {
    const entry = { keeps }, button = put(byId("filters"), "button", { type: "button", "aria-label": `remove filter ${text}` }, `${text} ×`);
    this.filters.push(entry);
    button.onclick = () => {
      this.filters = this.filters.filter(f => f !== entry);
      button.remove();
      (byId("limits").open ? byId("by") : byId("limits").firstElementChild).focus({ preventScroll: true });
      this.update();
    };
    this.update();
  }

  update() {
    const { kept } = this;
    byId("count").textContent = `${kept.size.toLocaleString("en")} of ${this.set.length.toLocaleString("en")} designs kept`;
    const [x, y] = ["x", "y"].map(side => ({ ...this.kinds[byId(side).value], isLog: byId(`${side}-log`).checked }));
    this.scatter.draw(x, y, kept);
    this.designs.draw(kept);
    for (const box of document.querySelectorAll(".wide")) box.classList.toggle("cut", box.scrollWidth > box.clientWidth + 1);
  }

  pick(row) {
    this.picked = row;
    showCard(this, row);
    showExplanation(this, row);
    this.update();
  }

  // Show a design that was asked for; on a narrow page its card may be out of sight.
  open(row) {
    this.pick(row);
    const { top } = byId("card").getBoundingClientRect();
    if (NARROW.matches && (top < 0 || top > 0.8 * innerHeight)) byId("card").scrollIntoView({ block: "start" });
  }

  drawConvergence() {
    const curves = this.data.runs.flatMap((run, at) => run.convergence.map(c => ({ ...c, run: at })));
    const several = this.data.runs.length > 1;
    const guide = curves.find(c => !c.search)?.criterion;
    const own = several ? curves.filter(c => c.criterion === guide) : curves;
    byId("convergence").hidden = !curves.length;
    drawCurves("joint", several ? `Joint search, ${guide}, by run` : "Joint search, by criterion", own.filter(c => !c.search), (c, at) => [several ? this.data.runs[c.run].label : c.criterion, this.hue(at), DASHES[at % 4]]);
    drawCurves("alone", "Searches for one network alone, by its EDAP", curves.filter(c => c.search), (c, at) => [several ? `${c.search}, ${this.data.runs[c.run].label}` : c.search, this.hue(at), DASHES[at % 4]]);
  }
}

const LEAST = 0.1;  // %; below, a curve is at its final best as far as eyes can tell

// How far the best design so far was from the final one.
function drawCurves(id, title, curves, look) {
  byId(id).hidden = !curves.length;
  if (!curves.length) return;
  const looks = curves.map(look), top = 24 + legendHeight(looks, byId(id).clientWidth);
  const { svg, width } = figure(id, top + 250, title, id);
  put(svg, "text", { x: 4, y: 14, "font-weight": 600, "font-size": 13 }, title);
  legend(svg, looks, 4, 20, width - 8);
  const above = curves.map(c => c.best.map(v => Math.max(LEAST, 100 * (v - c.best.at(-1)) / Math.abs(c.best.at(-1) || 1))));
  const { across, up } = axes(svg, [64, top, width - 12, top + 205], { label: "unique designs evaluated", values: curves.flatMap(c => c.evaluations), isLog: true }, { label: "above the final best (%)", values: [10, ...above.flat()], isLog: true });
  curves.forEach((c, at) => {
    const steps = c.evaluations.map((n, k) => `${k ? `H${across.at(n)}V` : `M${across.at(n)},`}${up.at(above[at][k])}`).join("");
    const [name, colour, dash] = looks[at];
    tell(put(svg, "path", { d: steps, fill: "none", stroke: colour, "stroke-width": 1.8, "stroke-dasharray": dash || "none" }), `${name}: final best ${shorten(c.best.at(-1))}`);
  });
}

// A page from a file may not use the clipboard, so a hidden text is copied there.
async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = put(document.body, "textarea", {});
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const title = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = title; }, 1500);
}

document.querySelectorAll("[data-copy]").forEach(button => { button.onclick = () => copy(button); });

decoded().then(data => new Page(data).start()).then(() => { document.body.dataset.drawn = "yes"; });

// From the data to the views, and between them.

async function decoded() {
  const bytes = Uint8Array.from(atob(byId("data").textContent), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const FEW = 10;  // designs of a front that say little by themselves

// Everything a design can be coloured by.
function colours(data) {
  const ofChip = data.quantities.filter(q => !q.perNetwork).map(q => [q.label, q.values[0]]);
  const ofNetworks = data.quantities.filter(q => q.perNetwork).flatMap(q => q.values.map((values, w) => [`${data.networks[w]} ${q.label}`, values]));
  const scores = data.scores.map(s => [s.label, s.values]);
  return [...ofChip, ...scores, ...ofNetworks];
}

function colouring([label, values], front) {
  const axis = quantityAxis(label, values);
  const shown = values.map((v, row) => v === null ? null : axis.values[row]);
  // The front has the whole scale: what lies far beyond it is at the scale's end.
  const ofFront = known(shown.filter((_, row) => front[row]));
  const own = ofFront.length < FEW ? known(shown) : ofFront;
  const low = Math.min(...own), high = Math.max(...own);
  const marks = ticks(...[low, high].map(v => axis.isLogarithmic ? 10 ** v : v), axis.isLogarithmic && high - low > 0.5);
  return { label, values: shown, low, high, tickvals: marks.map(v => axis.isLogarithmic ? Math.log10(v) : v), ticktext: marks.map(v => shorten(v)) };
}

// Lines in the colours of the points; those pointed out have colours of their own beyond the scale.
function lines(data, colour, picked) {
  const reach = colour.high - colour.low || 1;
  const marked = [...landmarks(data), ...(picked === data.selected ? [] : [{ row: picked, colour: "#000000" }])];
  const top = 1 + marked.length;
  const stops = VIRIDIS.map((hue, k) => [k / (VIRIDIS.length - 1) / top, hue]);
  marked.forEach((mark, k) => stops.push([(1.1 + k) / top, mark.colour], [k + 1 < marked.length ? (2 + k) / top : 1, mark.colour]));
  const special = new Map(marked.map((mark, k) => [mark.row, 1.5 + k]));
  const share = value => value === null ? 0 : Math.min(1, Math.max(0, (value - colour.low) / reach));
  return rows => ({
    color: rows.map(row => special.get(row) ?? share(colour.values[row])),
    cmin: 0, cmax: top, showscale: false, colorscale: stops,
  });
}

const VIRIDIS = ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"];

function axes(data) {
  const score = data.scores[data.criterion];
  const quantities = data.quantities.flatMap(q => q.values.map((values, w) => quantityAxis(q.perNetwork ? `${data.networks[w]} ${q.label}` : q.label, values)));
  return {
    parameters: data.parameters.map(parameterAxis).slice(0, MOST_AXES),
    quantities: [...quantities.slice(0, MOST_AXES - 1), quantityAxis(score.label, score.values)],
  };
}

// Energy over latency where a study has both, else its first two quantities.
function firstAxes(quantities) {
  const at = name => quantities.findIndex(q => q.label.startsWith(`${name} (`));
  if (at("latency") >= 0 && at("energy") >= 0) return [at("latency"), at("energy")];
  const order = [...quantities.keys()].sort((a, b) => quantities[b].perNetwork - quantities[a].perNetwork);
  return order.length > 1 ? [order[0], order[1]] : [null, order[0]];
}

class Page {
  constructor(data) {
    this.data = data;
    data.title = row => data.names[row][0] || (data.line[row] === null ? "design" : `evaluation ${data.line[row] - 1}`);
    this.picked = data.selected;
    this.kinds = colours(data);
    [this.across, this.up] = firstAxes(data.quantities);
    this.criterion = data.criterion;
    this.scatters = new Scatters(data, row => this.pick(row));
    this.recolour(0);
    this.brushes = new Brushes(axes(data), rows => lines(data, this.colour, this.picked)(rows), () => this.update());
  }

  recolour(at) {
    this.colour = colouring(this.kinds[at], this.data.front);
  }

  get set() {
    const landmarks = new Set([this.data.selected, ...this.data.baselines.map(b => b.row)]);
    const all = this.data.front.map((_, row) => row);
    return byId("set").value === "all" ? all : all.filter(row => this.data.front[row] || landmarks.has(row));
  }

  get kept() {
    return this.brushes.rows.filter(row => this.brushes.keeps(row));
  }

  async start() {
    const data = this.data;
    tellFacts(data);
    fill(byId("colour"), this.kinds.map(([label]) => label));
    fill(byId("criterion"), data.scores.map(s => s.label));
    byId("criterion").value = this.criterion;
    for (const id of ["across", "up"]) {
      fill(byId(id), data.quantities.map(q => q.label));
      byId(id).value = this[id];
      byId(id).onchange = event => { this[id] = Number(event.target.value); this.update(); };
    }
    const left = data.quantities.flatMap(q => q.values).length - MOST_AXES + 1;
    byId("left").textContent = left > 0 ? `${left} more have no room here` : "";
    byId("axes").hidden = data.quantities.length < 3;
    if (data.front.filter(Boolean).length < FEW) byId("set").value = "all";
    byId("set").onchange = () => this.brushes.draw(this.set);
    byId("colour").onchange = event => { this.recolour(Number(event.target.value)); this.brushes.draw(this.set); };
    byId("criterion").onchange = event => { this.criterion = Number(event.target.value); this.update(); };
    byId("reset").onclick = () => this.brushes.reset();
    const byJoint = joint => data.convergence.filter(c => c.isJoint === joint);
    byId("progress").hidden = !data.convergence.length;
    drawProgress("joint", "Joint search, by criterion", byJoint(true), c => c.criterion);
    drawProgress("alone", "Searches for one network alone, by its EDAP", byJoint(false), c => c.search);
    byId("legend").replaceChildren(...landmarks(data).map(mark => {
      const entry = document.createElement("span");
      entry.textContent = mark.label;
      entry.style.setProperty("--mark", mark.colour);
      return entry;
    }));
    showCard(data, this.picked);
    showInFull(data, this.picked);
    await this.brushes.draw(this.set);
    byId("found").on("plotly_click", event => event.points[0].customdata !== undefined && this.pick(event.points[0].customdata));
    let waiting;
    window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => this.brushes.draw(this.set), 200); });
  }

  async update() {
    const data = this.data, kept = this.kept;
    byId("count").textContent = `${kept.length.toLocaleString("en")} of ${this.brushes.rows.length.toLocaleString("en")} designs kept`;
    byId("reset").disabled = !this.brushes.isOn;
    const quantity = at => at === null ? null : data.quantities[at];
    drawBest(data, this.criterion, kept, this.picked, row => this.pick(row));
    await drawFound(data, this.criterion, kept);
    await this.scatters.draw(quantity(this.across), quantity(this.up), kept, this.colour, this.picked);
  }

  async pick(row) {
    this.picked = row;
    showCard(this.data, row);
    showInFull(this.data, row);
    await this.brushes.draw(this.set);
  }
}

decoded().then(data => new Page(data).start()).then(() => document.body.dataset.drawn = "yes");

// One design: its card, and where its energy, area and time go.

function rowsOf(parent, title, rows, headings = []) {
  if (title) put(parent, "h4", {}, title);
  const table = put(parent, "table"), head = headings.length ? put(put(table, "thead"), "tr") : null, body = put(table, "tbody");
  headings.forEach((text, at) => put(head, "th", { scope: "col", class: at ? "number" : "" }, text));
  for (const [name, ...values] of rows) {
    const line = put(body, "tr");
    put(line, "th", { scope: "row" }, name);
    for (const value of values) put(line, "td", { class: "number" }, value);
  }
}

const figureOf = (columns, row, label, network) => shorten(columns.find(c => c.label === label && c.network === network)?.values[row]);

function showCard(page, row) {
  const { data } = page, card = byId("card"), isOpen = card.querySelector("details")?.open ?? !NARROW.matches;
  card.replaceChildren();
  put(card, "h3", {}, page.title(row));
  const aliases = [...data.names[row].slice(1, 5), data.line[row] === null ? "" : `evaluation ${data.line[row] - 1}`];
  put(card, "p", { class: "said" }, [data.runs.length > 1 ? data.runs[data.run[row]].label : "", ...aliases].filter(Boolean).join(" · "));
  if (data.card[row] !== null) put(put(card, "p"), "a", { href: "#full" }, "see it in full");
  const of = kind => data.columns.filter(c => c.kind === kind && c.values[row] !== null);
  const section = (title, kind) => {
    if (of(kind).length) rowsOf(card, title, of(kind).map(c => [c.label, shorten(c.values[row])]));
  };
  section("Chip", "chip");
  section("Scores", "score");
  if (byId("criteria") && of("score").length) put(put(card, "p"), "a", { href: "#criteria" }, "what they mean").onclick = () => { byId("criteria").open = true; };
  const costs = [...new Set(of("network").map(c => c.label))], networks = data.runs[data.run[row]].networks;
  if (costs.length) rowsOf(put(card, "div", { class: "wide" }), "", networks.map(name => [name, ...costs.map(label => figureOf(of("network"), row, label, name))]), ["network", ...costs]);
  const details = put(card, "details", isOpen ? { open: "" } : {});
  put(details, "summary", {}, "Parameters, by their names in studies");
  rowsOf(details, "", of("parameter").map(c => [c.label, shorten(c.values[row])]));
}

function showExplanation(page, row) {
  const { data } = page, at = data.card[row];
  byId("explained").hidden = at === null;
  byId("unexplained").textContent = at !== null ? `Shown: ${page.title(row)}` : "The run did not explain this design." + (data.line[row] === null ? "" : ` To do so: imcmoo explain RUN/evaluations.csv:${data.line[row]} --study STUDY (its name or file)`);
  if (at === null) return;
  const { html, components, layers } = data.cards[at];
  byId("explanation").innerHTML = html;  // escaped where it was made
  byId("components").parentElement.hidden = !components.labels.length && !layers.length;
  if (components.labels.length) drawComponents(components);
  const select = byId("network");
  select.replaceChildren(...layers.map((l, k) => new Option(l.network, k)));
  select.onchange = () => drawLayers(layers[select.value], components);
  if (layers.length) drawLayers(layers[0], components);
}

const sum = values => values.reduce((total, v) => total + (v || 0), 0);

const LEAST_SHARE = 0.02;

const barsOf = c => [{ name: "chip area", unit: "mm²", values: c.area }, ...c.networks.map((name, w) => ({ name, unit: "mJ", values: c.energy[w] }))];

// Components in the order of the legend; those with a small share of every bar are one, "others".
function componentsOf(c) {
  const largest = k => Math.max(...barsOf(c).map(({ values }) => (values[k] || 0) / (sum(values) || 1)));
  const found = c.labels.map((name, k) => ({ name, colour: c.colours[k], of: [k], share: largest(k) })).filter(entry => entry.share);
  const small = found.filter(entry => entry.share < LEAST_SHARE);
  if (small.length < 2) return found;
  return [...found.filter(entry => entry.share >= LEAST_SHARE), { name: "others", parts: small.map(entry => entry.name).join(", "), colour: CONTEXT, of: small.flatMap(entry => entry.of) }];
}

// Shares of components, a bar for the chip's area and one for the energy of each network.
function drawComponents(c) {
  const bars = barsOf(c), entries = componentsOf(c), legendOf = entries.map(entry => [entry.name, entry.colour]);
  const top = legendHeight(legendOf, byId("components").clientWidth);
  const { svg, width } = figure("components", top + 46 * bars.length, "Share of each component in area and energy", "components");
  legend(svg, legendOf, 4, 0, width - 8);
  bars.forEach(({ name, unit, values }, at) => {
    const y = top + 46 * at, total = sum(values);
    put(svg, "text", { x: 4, y: y + 12 }, `${name}: ${total ? `${shorten(total)} ${unit}` : "does not run"}`);
    let x = 4;
    for (const entry of entries) {
      const value = sum(entry.of.map(k => values[k])), share = value / (total || 1), wide = (width - 8) * share;
      if (!wide) continue;
      tell(put(svg, "rect", { x, y: y + 17, width: wide, height: 20, fill: entry.colour, stroke: "#fff", "stroke-width": 0.6 }), `${entry.parts ?? entry.name}: ${shorten(100 * share)} %, ${shorten(value)} ${unit}`);
      if (wide > 36) put(svg, "text", { x: x + wide / 2, y: y + 31, "text-anchor": "middle", "font-size": 11, fill: isDark(entry.colour) ? "#fff" : INK, "pointer-events": "none" }, `${Math.round(100 * share)} %`);
      x += wide;
    }
  });
}

// Energy of each layer, coloured by its largest component, and time.
function drawLayers(l, components) {
  const parts = [["energy (mJ)", l.energy], ...(l.latency ? [["latency (µs)", l.latency]] : [])];
  const { svg, width } = figure("layers", 190 * parts.length, `Energy and latency of the layers of ${l.network}`, "layers");
  const hues = new Map(componentsOf(components).flatMap(entry => entry.of.map(k => [components.labels[k], entry.colour])));
  parts.forEach(([label, values], at) => {
    const box = [64, 190 * at + 10, width - 10, 190 * at + 150];
    const { across, up } = axes(svg, box, { label: "layer, in order", values: [1, values.length] }, { label, values: [0, ...values] });
    const wide = Math.max(1, 0.8 * Math.abs(across.at(2) - across.at(1)));
    values.forEach((value, k) => {
      const bar = put(svg, "rect", { x: across.at(k + 1) - wide / 2, y: up.at(value), width: wide, height: up.at(0) - up.at(value), fill: at ? SOFT : hues.get(l.mostly[k]) || CONTEXT });
      tell(bar, `${l.names[k]}: ${shorten(value)} ${label.slice(-4)}${l.mostly[k] ? `, mostly ${l.mostly[k]}` : ""}`);
    });
  });
}

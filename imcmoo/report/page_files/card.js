// The card of one design, and where its energy and area go.

function showCard(data, row) {
  const heading = document.createElement("h3");
  heading.textContent = data.title(row);
  const others = document.createElement("p");
  others.className = "said";
  others.textContent = [data.names[row].slice(1, 5).join(", "), data.line[row] === null ? "" : `evaluation ${data.line[row] - 1}`].filter(Boolean).join(" · ");
  const chip = data.quantities.filter(q => !q.perNetwork).map(q => [q.label, shorten(q.values[0][row])]);
  const scores = data.scores.filter(s => s.values[row] !== null).map(s => [s.label, shorten(s.values[row])]);
  const parameters = data.parameters.map(p => [p.label, p.levels[p.values[row]]]);
  const own = data.quantities.filter(q => q.perNetwork);
  const networks = data.networks.map((name, w) => [name, ...own.map(q => shorten(q.values[w][row]))]);
  const parts = [["Parameters", [["parameter", "value"], ...parameters]]];
  if (chip.length) parts.push(["Chip", [["quantity", "value"], ...chip]]);
  if (own.length) parts.push(["Networks", [["network", ...own.map(q => q.label)], ...networks]]);
  if (scores.length) parts.push(["Scores", [["criterion", "score"], ...scores]]);
  byId("card").replaceChildren(heading, others, ...parts.flatMap(([title, rows]) => {
    const head = document.createElement("h4");
    head.textContent = title;
    return [head, table(rows)];
  }));
}

function showInFull(data, row) {
  const at = data.card[row];
  byId("whose").textContent = `of ${data.title(row)}`;
  byId("told").hidden = at === null;
  byId("untold").hidden = at !== null;
  if (at === null) {
    byId("untold").textContent = "The run did not explain this design." + (data.line[row] === null ? "" : ` It can be: imcmoo explain RUN/evaluations.csv:${data.line[row]} --study STUDY (its name or file)`);
    return;
  }
  const card = data.cards[at];
  byId("full").innerHTML = card.heading + card.html;  // escaped where it was made
  const layered = card.layers.length > 0;
  byId("components").parentElement.hidden = !card.components.labels.length && !layered;
  if (card.components.labels.length) drawComponents(card.components);
  fill(byId("network"), card.layers.map(l => l.network));
  const order = card.components.labels;
  byId("network").onchange = event => drawLayers(card.layers[event.target.value], order);
  if (layered) drawLayers(card.layers[0], order);
}

function hue(name, order) {
  const at = order.indexOf(name);
  return at < 0 ? "#b9c0c8" : HUES[at % HUES.length];
}

function drawComponents(c) {
  const total = values => values.reduce((sum, v) => sum + (v || 0), 0);
  const bars = [["chip area", "mm²", c.area], ...c.networks.map((name, w) => [name, "mJ", c.energy[w]])].reverse();
  const names = bars.map(([name, unit, values]) => `${plain(name)}<br><span style="color:#5d6775">${total(values) ? `${shorten(total(values))} ${unit}` : "does not run"}</span>`);
  const traces = c.labels.map((label, k) => ({
    type: "bar", orientation: "h", name: plain(label), y: names, x: bars.map(([, , values]) => 100 * (values[k] || 0) / (total(values) || 1)),
    text: bars.map(([, unit, values]) => `${shorten(values[k])} ${unit}`), textposition: "none",
    hovertemplate: "%{fullData.name}: %{x:.1f} %, %{text}<extra></extra>",
    marker: { color: HUES[k % HUES.length], line: { color: "#fff", width: 0.6 }, pattern: { shape: ["", "/", ".", "x"][Math.floor(k / HUES.length) % 4] } },
  }));
  const layout = { ...LAYOUT, barmode: "stack", height: 120 + 44 * bars.length, margin: { l: 110, r: 10, t: 10, b: 110 }, legend: { orientation: "h", y: -48 / (44 * bars.length), yanchor: "top", traceorder: "normal" }, xaxis: { ...AXIS, title: { text: "share of energy, of area (%)", standoff: 6 }, range: [0, 100] }, yaxis: { ...AXIS, ticks: "", showline: false } };
  return Plotly.react(byId("components"), traces, layout, BARE);
}

function drawLayers(l, order) {
  const at = l.names.map((_, k) => k);
  const text = l.names.map((name, k) => plain(l.mostly[k] ? `${name}, mostly ${l.mostly[k]}` : name));
  const bar = (values, unit, axis) => ({ type: "bar", x: at, y: values, text, textposition: "none", yaxis: axis, showlegend: false, hovertemplate: `%{text}<br>%{y:.4g} ${unit}<extra></extra>`, marker: { color: l.mostly.map(name => hue(name, order)) } });
  const both = l.latency !== null;
  const traces = [bar(l.energy, "mJ", "y"), ...(both ? [bar(l.latency, "µs", "y2")] : [])];
  const layout = {
    ...LAYOUT, height: 360, bargap: 0.15, margin: { l: 60, r: 10, t: 10, b: 40 },
    xaxis: { ...AXIS, title: { text: "layers in order, coloured by largest component", standoff: 6 }, showticklabels: false, ticks: "", anchor: both ? "y2" : "y" },
    yaxis: { ...AXIS, title: { text: "energy (mJ)" }, domain: both ? [0.54, 1] : [0, 1] },
    ...(both ? { yaxis2: { ...AXIS, title: { text: "time (µs)" }, domain: [0, 0.46] } } : {}),
  };
  return Plotly.react(byId("layers"), traces, layout, BARE);
}

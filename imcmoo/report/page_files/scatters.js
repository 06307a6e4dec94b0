// The designs that all views point out.
function landmarks(data) {
  return [
    ...data.baselines.map((b, at) => ({ row: b.row, label: `for ${b.label} alone`, symbol: SYMBOLS[at % SYMBOLS.length], colour: HUES[at % HUES.length], size: 13 })),
    { row: data.selected, label: "selected", symbol: "star", colour: HIGHLIGHT, size: 16 },
  ];
}

// One quantity over another, a panel for each network.

class Scatters {
  constructor(data, onPick) {
    this.data = data;
    this.onPick = onPick;
    this.panels = data.quantities.some(q => q.perNetwork) ? data.networks : ["chip"];
    this.landmarks = landmarks(data);
  }

  values(quantity, panel) {
    if (quantity === null) return this.data.line.map(line => line === null ? null : line - 1);
    return quantity.values[quantity.perNetwork ? panel : 0];
  }

  // What is on the axes: indices of quantities; null for the order of evaluation.
  async draw(across, up, kept, colour, picked) {
    this.across = across;
    this.up = up;
    const element = byId("scatters");
    const traces = this.panels.flatMap((_, panel) => this.traces(panel, kept, colour, picked));
    await Plotly.react(element, traces, this.layout(colour), CONFIG);
    if (element.dataset.heard) return;
    element.dataset.heard = "yes";
    element.on("plotly_click", event => {
      const row = event.points.map(p => p.customdata).find(r => r !== undefined);
      if (row !== undefined) this.onPick(row);
    });
  }

  traces(panel, kept, colour, picked) {
    const x = this.values(this.across, panel), y = this.values(this.up, panel);
    const suffix = panel ? panel + 1 : "";
    const keeps = new Set(kept);
    const common = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, mode: "markers", showlegend: panel === 0 };
    const of = rows => ({ x: rows.map(r => x[r]), y: rows.map(r => y[r]), customdata: rows });
    const all = x.map((_, row) => row);
    const told = rows => rows.map(row => plain(this.data.title(row)));
    const hover = { hovertemplate: "%{text}<br>%{x:.4g}, %{y:.4g}<extra></extra>" };
    return [
      { ...common, ...of(all), type: "scattergl", name: "feasible, not kept", hoverinfo: "skip", marker: { size: 4, color: CONTEXT } },
      { ...common, ...of(kept), ...hover, text: told(kept), type: "scattergl", name: "kept", marker: { size: 6.5, color: kept.map(r => colour.values[r]), cmin: colour.low, cmax: colour.high, colorscale: SCALE, showscale: panel === 0, colorbar: this.bar(colour) } },
      ...this.landmarks.map(mark => ({ ...common, ...of([mark.row]), ...hover, text: [plain(mark.label)], type: "scattergl", name: plain(mark.label), opacity: keeps.has(mark.row) ? 1 : 0.25, marker: { symbol: mark.symbol, color: mark.colour, size: mark.size, line: { width: mark.symbol === "star" ? 1 : 2.2, color: mark.symbol === "star" ? "#fff" : mark.colour } } })),
      { ...common, ...of([picked]), type: "scattergl", name: "shown in the card", hoverinfo: "skip", marker: { symbol: "circle-open", size: 24, color: "#000", line: { width: 1.2 } } },
    ];
  }

  bar(colour) {
    return { title: { text: plain(colour.label), side: "right" }, thickness: 12, outlinewidth: 0, tickvals: colour.tickvals, ticktext: colour.ticktext, len: 0.9 };
  }

  layout(colour) {
    const n = this.panels.length;
    const columns = n < 3 ? n : n <= 4 ? 2 : 3;
    const rows = Math.ceil(n / columns);
    const tall = rows * (rows > 2 ? 240 : 310);
    const layout = {
      ...LAYOUT, height: 70 + tall, margin: { l: 62, r: 10, t: 26, b: 40 },
      grid: { rows, columns, pattern: "independent", xgap: columns > 2 ? 0.2 : 0.14, ygap: rows > 2 ? 0.3 : 0.22 },
      legend: { orientation: "h", y: -52 / tall, yanchor: "top", itemclick: false, itemdoubleclick: false, font: { size: 11.5 } },
      annotations: [], uirevision: "kept",
    };
    const most = byId("scatters").clientWidth / columns < 260 ? 3 : 5;
    const outer = (text, there) => there ? { title: { text: plain(text), standoff: 6 } } : {};
    this.panels.forEach((name, panel) => {
      const suffix = panel ? panel + 1 : "";
      const side = quantity => ({ ...AXIS, nticks: most + 1, tickangle: 0, ...(quantity ? scale(this.values(quantity, panel), most) : {}) });
      const across = this.across === null ? "evaluation" : this.across.label;
      layout[`xaxis${suffix}`] = { ...side(this.across), ...outer(across, panel + columns >= n) };
      layout[`yaxis${suffix}`] = { ...side(this.up), ...outer(this.up.label, panel % columns === 0) };
      layout.annotations.push({ text: `<b>${plain(name)}</b>`, xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0, y: 1, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 13 } });
    });
    return layout;
  }
}

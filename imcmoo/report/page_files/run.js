// The run itself: how its search went, and the best designs of what is kept.

const MOST_BEST = 12;

// When the search found what is kept of the front, and how good it is.
function drawFound(data, criterion, kept) {
  const score = data.scores[criterion];
  const path = data.convergence.find(c => c.isJoint && c.criterion === score.label);
  const rows = kept.filter(row => score.values[row] !== null && data.line[row] !== null);
  const of = own => ({ x: own.map(row => data.line[row] - 1), y: own.map(row => score.values[row]), mode: "markers" });
  const star = rows.includes(data.selected) ? [data.selected] : [];
  const traces = [
    { ...of(rows), customdata: rows, text: rows.map(row => plain(data.title(row))), hovertemplate: "%{text}<br>%{y:.4g}<extra></extra>", name: "on the front, kept", marker: { size: 6, color: "#0173b2", opacity: 0.7 } },
    { ...of(star), name: "selected", hoverinfo: "skip", marker: { symbol: "star", size: 16, color: HIGHLIGHT, line: { width: 1, color: "#fff" } } },
    ...(path ? [{ x: path.evaluations, y: path.best, mode: "lines", line: { shape: "hv", color: "#1c2430", width: 1.5 }, name: "best so far", hovertemplate: "best of %{x}: %{y:.4g}<extra></extra>" }] : []),
  ];
  const every = [...known(score.values), ...(path ? path.best : [])];
  const layout = {
    ...LAYOUT, height: 350, margin: { l: 70, r: 10, t: 30, b: 40 }, legend: { orientation: "h", y: 1, yanchor: "bottom" },
    xaxis: { ...AXIS, title: { text: "unique designs evaluated", standoff: 6 }, range: [0, data.evaluated * 1.02] },
    yaxis: { ...AXIS, title: { text: plain(score.label) }, exponentformat: "power", ...scale(every) },
  };
  return Plotly.react(byId("found"), traces, layout, CONFIG);
}

const LEAST_SHOWN = 0.1;  // per cent; below, it is the final best as far as eyes can tell

// How far the best so far was from the final one, by criterion or by network.
function drawProgress(id, title, curves, name) {
  byId(id).hidden = !curves.length;
  if (!curves.length) return;
  const traces = curves.map((c, at) => {
    const last = c.best[c.best.length - 1];
    const above = c.best.map(v => 100 * (v - last) / Math.abs(last));
    return { x: c.evaluations, y: above.map(v => Math.max(v, LEAST_SHOWN)), customdata: above, mode: "lines", name: plain(name(c)), line: { shape: "hv", width: 1.8, color: HUES[at % HUES.length], dash: ["solid", "dash", "dot", "dashdot"][at % 4] }, hovertemplate: "%{customdata:.3g} % above, after %{x}<extra>%{fullData.name}</extra>" };
  });
  const top = Math.max(10, ...traces.flatMap(t => t.y));
  const marks = ticks(LEAST_SHOWN, top, true);
  const below = 60 + 20 * Math.ceil(curves.length / 2);  // pixels: an axis and a legend
  const layout = {
    ...LAYOUT, height: 240 + below, margin: { l: 76, r: 10, t: 34, b: below }, legend: { orientation: "h", y: -50 / 206, yanchor: "top" },
    title: { text: title, font: { size: 13 }, x: 0, xanchor: "left" },
    xaxis: { ...AXIS, type: "log", dtick: "D2", title: { text: "unique designs evaluated", standoff: 4 } },
    yaxis: { ...AXIS, type: "log", title: { text: "above the final best (%)" }, range: [Math.log10(LEAST_SHOWN) - 0.05, Math.log10(top) + 0.1], tickvals: marks, ticktext: marks.map(v => v <= LEAST_SHOWN ? `≤ ${LEAST_SHOWN}` : v.toLocaleString("en")) },
  };
  Plotly.react(byId(id), traces, layout, CONFIG);
}

function drawBest(data, criterion, kept, picked, onPick) {
  const score = data.scores[criterion];
  const chip = data.quantities.filter(q => !q.perNetwork);
  const order = kept.filter(row => score.values[row] !== null).sort((a, b) => score.values[a] - score.values[b]).slice(0, MOST_BEST);
  const rows = order.map(row => [data.title(row), shorten(score.values[row]), ...chip.map(q => shorten(q.values[0][row]))]);
  const made = table([["design", score.label, ...chip.map(q => q.label)], ...(rows.length ? rows : [["no design of the front is kept"]])]);
  made.id = "best";
  order.forEach((row, at) => {
    const line = made.tBodies[0].rows[at];
    line.className = row === picked ? "shown" : "";
    line.tabIndex = 0;
    line.onclick = () => onPick(row);
    // Returns nothing: false would cancel every other key, Tab among them.
    line.onkeydown = event => { if (event.key === "Enter") onPick(row); };
  });
  // Who came by keyboard goes on where they were.
  const at = [...byId("best").querySelectorAll("tbody tr")].indexOf(document.activeElement);
  byId("best").replaceWith(made);
  if (at >= 0) made.tBodies[0].rows[at]?.focus({ preventScroll: true });
}

function tellFacts(data) {
  const score = data.scores[data.criterion];
  const chip = data.quantities.filter(q => !q.perNetwork);
  const facts = [
    ["designs evaluated", data.evaluated.toLocaleString("en")],
    ["feasible", data.feasible.toLocaleString("en")],
    ["on the front", data.names.filter(names => names.some(n => n.startsWith("front_"))).length.toLocaleString("en")],
    [`selected by ${score.label}`, shorten(score.values[data.selected])],
    ...chip.map(q => [`its ${q.label}`, shorten(q.values[0][data.selected])]),
    ...data.regret.map(([name, value]) => [name, value]),
  ];
  byId("facts").replaceChildren(...facts.map(([name, value]) => {
    const box = document.createElement("div");
    const term = document.createElement("dt"), said = document.createElement("dd");
    term.textContent = name;
    said.textContent = value;
    box.append(term, said);
    return box;
  }));
}

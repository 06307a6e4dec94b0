// One column of the designs over another, a panel for each network where a column has one each.

const NEAR = 14;  // px between a pointer and the design it means
const NARROWEST = 300;  // px of a panel
const DOT = "m-3,0a3,3 0 1 0 6,0a3,3 0 1 0 -6,0";
const DIAMOND = "m0,-6l6,6l-6,6l-6,-6z", STAR = "m0,-9l2.6,6 6.4,.4-5,4.2 1.7,6.4-5.7-3.4-5.7,3.4 1.7-6.4-5-4.2 6.4-.4z", RING = "m-9,0a9,9 0 1 0 18,0a9,9 0 1 0 -18,0";

class Scatter {
  // `axes` is called for {x, y} with {label, isLog, of: network => values}.
  constructor(page) {
    this.page = page;
    this.panels = [];
  }

  draw(x, y, kept) {
    const { data, picked } = this.page;
    const all = x.isPerNetwork || y.isPerNetwork ? data.networks : [""];
    const room = Math.max(280, byId("scatter").clientWidth);
    const columns = Math.max(1, Math.min(all.length < 5 ? 2 : 3, all.length, Math.floor(room / NARROWEST)));
    const names = columns === 1 && all.length > 1 ? [this.chosen(all)] : all;
    byId("panel-label").hidden = names === all;
    const tall = names.length > 4 ? 240 : names.length > 1 ? 300 : 420;
    const entries = this.entries(names[0] !== "", x, y), top = legendHeight(entries, room);
    const height = top + tall * Math.ceil(names.length / columns);
    const { svg, width } = figure("scatter", height, `${y.label} over ${x.label} of ${kept.size} designs kept`, "designs");
    legend(svg, entries, 4, 0, room - 8);
    const wide = width / columns;
    this.panels = names.map((name, at) => {
      const left = (at % columns) * wide + 64, above = top + Math.floor(at / columns) * tall + 24;
      const box = [left, above, left + wide - 76, above + tall - 68];
      const title = put(svg, "text", { x: left, y: above - 8, "font-weight": 600, "font-size": 13 }, name);
      const panel = this.panel(svg, box, x, y, kept, picked, name);
      put(title, "tspan", { "font-weight": 400, "font-size": 11, fill: SOFT }, this.absent(panel, name));
      return panel;
    });
    this.listen(svg, x, y, kept);
  }

  // The network of the one panel that a narrow page has room for.
  chosen(names) {
    const select = byId("panel");
    if (!select.options.length) select.replaceChildren(...names.map(name => new Option(name)));
    select.onchange = () => this.page.update();
    return select.value;
  }

  entries(isPanelled, x, y) {
    const { runs, highlight } = this.page.data;
    const ofOne = runs.some(run => run.baselines.length), diamond = { shape: DIAMOND, look: { stroke: INK, "stroke-width": 1.5 } };
    return [
      ["not kept", CONTEXT, null, { shape: DOT, look: { fill: CONTEXT } }],
      ...runs.map((run, at) => [runs.length > 1 ? run.label : "kept", this.page.hue(at), null, { shape: DOT, look: { fill: this.page.hue(at), "fill-opacity": 0.6 } }]),
      ["selected", highlight, null, { shape: STAR, look: { fill: highlight } }],
      ...ofOne && isPanelled ? [["best for this network", INK, null, { ...diamond, look: { ...diamond.look, fill: INK } }]] : [],
      ...ofOne ? [[isPanelled ? "best for another network" : `best for one network${this.withoutValue(x, y)}`, INK, null, diamond]] : [],
      ["shown in the card", INK, null, { shape: RING, look: { stroke: INK, "stroke-width": 1.5 } }],
    ];
  }

  panel(svg, box, x, y, kept, picked, name) {
    const { data } = this.page, xs = x.of(name), ys = y.of(name);
    const rows = this.page.set.filter(row => xs[row] !== null && ys[row] !== null);
    const { across, up } = axes(svg, box, { ...x, values: rows.map(row => xs[row]) }, { ...y, values: rows.map(row => ys[row]) });
    const places = new Map(rows.map(row => [row, [across.at(xs[row]), up.at(ys[row])]]));
    const dots = (of, colour, size, opacity = 1) => put(svg, "path", { d: of.map(row => `M${places.get(row).map(v => v.toFixed(1))}h0`).join(""), stroke: colour, "stroke-width": size, "stroke-linecap": "round", "stroke-opacity": opacity, fill: "none" });
    const mark = (row, shape, attributes) => {
      if (places.has(row)) put(svg, "path", { d: `M${places.get(row)}${shape}`, fill: "none", ...attributes });
    };
    dots(rows.filter(row => !kept.has(row)), CONTEXT, 4);
    data.runs.forEach((_, at) => dots(rows.filter(row => kept.has(row) && data.run[row] === at), this.page.hue(at), 6, 0.6));
    data.runs.forEach((run, at) => {
      const colour = data.runs.length > 1 ? this.page.hue(at) : INK;
      for (const [network, row] of run.baselines) mark(row, DIAMOND, { stroke: INK, "stroke-width": 1.5, fill: network === name ? colour : "#fff" });
      mark(run.selected, STAR, { fill: data.highlight, stroke: "#fff" });
    });
    mark(picked, RING, { stroke: INK, "stroke-width": 1.5 });
    return { box, places, x, y };
  }

  // Note on how many single-network designs are not drawn, since they lack a value; empty without any.
  withoutValue(x, y) {
    const { runs } = this.page.data, { baselines } = runs[0];
    const absent = runs.length === 1 ? baselines.filter(([, row]) => x.of("")[row] === null || y.of("")[row] === null) : [];
    return absent.length ? ` (${absent.length} of ${baselines.length} have no value here)` : "";
  }

  // Note on how many single-network designs cannot run the network of a panel; empty without any or without room.
  absent({ box: [left, , right] }, name) {
    const { runs, columns } = this.page.data, own = columns.find(c => c.kind === "network" && c.network === name);
    const others = own && runs.length === 1 ? runs[0].baselines.filter(([network, row]) => network !== name && own.values[row] === null) : [];
    const text = ` (${others.length} best for another network cannot run it)`;
    return others.length && PITCH * (name.length + text.length) < right - left + 40 ? text : "";
  }

  // The panel at a pointer, and the kept design next to it.
  under(svg, event, kept) {
    const at = svg.getBoundingClientRect(), px = event.clientX - at.left, py = event.clientY - at.top;
    const panel = this.panels.find(({ box: [l, t, r, b] }) => px >= l - 6 && px <= r + 6 && py >= t - 6 && py <= b + 6);
    let row = null, least = NEAR;
    for (const [each, [x, y]] of panel ? panel.places : []) {
      const away = Math.hypot(x - px, y - py) + (kept.has(each) ? 0 : NEAR);
      if (away < least) [row, least] = [each, away];
    }
    return { panel, row, px, py };
  }

  listen(svg, x, y, kept) {
    let from = null, frame = null;
    svg.onpointerdown = event => { from = this.under(svg, event, kept); };
    svg.onpointermove = event => {
      const { row, px, py } = this.under(svg, event, kept);
      if (row !== null) showTip(event, this.page.title(row));
      else byId("tip").hidden = true;
      frame?.remove();
      if (from?.panel && Math.hypot(px - from.px, py - from.py) > 6) frame = put(svg, "rect", { x: Math.min(px, from.px), y: Math.min(py, from.py), width: Math.abs(px - from.px), height: Math.abs(py - from.py), fill: "#0173b222", stroke: "#0173b2" });
    };
    svg.onpointerup = event => {
      const to = this.under(svg, event, kept), start = from;
      from = null;
      frame?.remove();
      if (!start?.panel) return;
      if (Math.hypot(to.px - start.px, to.py - start.py) <= 6) {
        if (to.row !== null) this.page.open(to.row);
        return;
      }
      const { panel } = start;
      const inside = (place, a, b) => place >= Math.min(a, b) && place <= Math.max(a, b);
      const rows = [...panel.places].filter(([, [px, py]]) => inside(px, start.px, to.px) && inside(py, start.py, to.py)).map(([row]) => row);
      this.page.keep(panel.x, panel.y, rows);
    };
    svg.onpointerleave = () => { byId("tip").hidden = true; from = null; frame?.remove(); };
  }
}

function legendHeight(entries, room) {
  const scratch = document.createElementNS("http://www.w3.org/2000/svg", "g");
  return legend(scratch, entries, 4, 0, room - 8) + 4;
}

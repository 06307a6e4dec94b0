// Parallel coordinates: what is kept by the ranges on their axes.

const LEAST_WIDTH = 62;  // pixels of an axis
const MOST_AXES = 60;    // Plotly draws no more
const BEYOND = 0.15;       // of an axis: how far up what is missing stands
const NONE = "none";     // where a network does not run, or there is no score

function parameterAxis(parameter) {
  const levels = parameter.levels;
  const every = Math.ceil(levels.length / 12);
  const at = levels.map((_, k) => k).filter(k => k % every === 0);
  return { label: parameter.label, values: parameter.values, range: [-0.3, levels.length - 0.7], tickvals: at, ticktext: at.map(k => levels[k]) };
}

function quantityAxis(name, values) {
  const own = known(values).length ? known(values) : [0];
  const logarithmic = isLogarithmic(values);
  const scaled = v => logarithmic ? Math.log10(v) : v;
  const low = Math.min(...own), high = Math.max(...own);
  const width = scaled(high) - scaled(low) || Math.abs(scaled(high)) || 1;
  const beyond = scaled(high) + BEYOND * width;  // nothing is as far up as what is missing
  const marks = ticks(low, high, logarithmic);
  const missing = own.length < values.length;
  return {
    label: name, isLogarithmic: logarithmic, values: values.map(v => v === null ? beyond : scaled(v)),
    range: [scaled(low) - 0.03 * width, missing ? beyond : scaled(high) + 0.03 * width],
    tickvals: [...marks.map(scaled), ...(missing ? [beyond] : [])],
    ticktext: [...marks.map(v => shorten(v)), ...(missing ? [NONE] : [])],
  };
}

// Two plots over the same designs, each showing what the ranges of the other keep.
class Brushes {
  constructor(axes, lineColour, onChange) {
    this.axes = axes;  // by the id of their element
    this.lineColour = lineColour;
    this.onChange = onChange;
    this.ranges = Object.fromEntries(Object.entries(axes).map(([id, own]) => [id, own.map(() => null)]));
    this.rows = [];
  }

  async draw(rows) {
    this.rows = rows;
    for (const id of Object.keys(this.axes)) {
      const element = byId(id);
      await Plotly.react(element, [this.trace(id)], this.layout(id), { ...BARE, responsive: false });
      if (!element.dataset.heard) element.on("plotly_restyle", () => this.changed(id));
      element.dataset.heard = "yes";
    }
    await this.onChange();
  }

  trace(id) {
    const others = this.rows.filter(row => this.keeps(row, Object.keys(this.axes).filter(other => other !== id)));
    const shown = others.length ? others : this.rows.slice(0, 1);
    return {
      type: "parcoords", labelangle: this.isCrowded(id) ? -32 : -18, labelside: "top", labelfont: { size: 12 },
      tickfont: { size: 10.5, color: "#39424e" }, rangefont: { size: 1, color: "rgba(0,0,0,0)" },
      line: this.lineColour(shown), unselected: { line: { color: "#e3e7eb", opacity: 0.35 } },
      dimensions: this.axes[id].map((axis, at) => ({
        name: String(at), label: plain(axis.label), range: axis.range, tickvals: axis.tickvals, ticktext: axis.ticktext,
        values: shown.map(row => axis.values[row]),
        ...(this.ranges[id][at] ? { constraintrange: this.ranges[id][at] } : {}),
      })),
    };
  }

  isCrowded(id) {
    return this.axes[id].length > 12;
  }

  layout(id) {
    const width = Math.max(byId(id).parentElement.clientWidth, LEAST_WIDTH * this.axes[id].length);
    return { ...LAYOUT, width, height: this.isCrowded(id) ? 386 : 330, margin: { l: 56, r: 84, t: this.isCrowded(id) ? 134 : 78, b: 18 } };
  }

  async changed(id) {
    const dimensions = byId(id).data[0].dimensions;
    // They may have been moved.
    const found = this.axes[id].map((_, at) => {
      const range = dimensions.find(d => d.name === String(at)).constraintrange;
      return !range || !range.length ? null : Array.isArray(range[0]) ? range : [range];
    });
    if (JSON.stringify(found) === JSON.stringify(this.ranges[id])) return;
    this.ranges[id] = found;
    await this.draw(this.rows);
  }

  keeps(row, ids = Object.keys(this.axes)) {
    return ids.every(id => this.axes[id].every((axis, at) => {
      const ranges = this.ranges[id][at];
      return !ranges || ranges.some(([low, high]) => axis.values[row] >= low && axis.values[row] <= high);
    }));
  }

  get isOn() {
    return Object.values(this.ranges).some(own => own.some(Boolean));
  }

  reset() {
    for (const id of Object.keys(this.axes)) this.ranges[id] = this.axes[id].map(() => null);
    return this.draw(this.rows);
  }
}

// Scales, ticks and words: what all views share.

const HIGHLIGHT = "#d55e00";  // the selected design, and nothing else
const CONTEXT = "#d3d8de";
const HUES = ["#0173b2", "#de8f05", "#029e73", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#b5a800", "#56b4e9", "#4b4e6d"];
const SYMBOLS = ["circle-open", "square-open", "diamond-open", "triangle-up-open", "pentagon-open", "cross-open", "x-open", "hexagram-open", "triangle-down-open", "hourglass-open"];
const SCALE = "Viridis";

// Only buttons that work on the figure itself, whatever others Plotly comes with.
const CONFIG = {
  displaylogo: false, responsive: true, doubleClick: "reset", plotlyServerURL: "",
  showSendToCloud: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
};
const BARE = { ...CONFIG, displayModeBar: false };

const LAYOUT = {
  font: { family: "system-ui, 'Helvetica Neue', Arial, sans-serif", size: 12, color: "#1c2430" },
  paper_bgcolor: "#fff", plot_bgcolor: "#fff", hovermode: "closest",
  hoverlabel: { bgcolor: "#fff", font: { size: 12 } },
};
const AXIS = { showline: true, linecolor: "#8b95a1", gridcolor: "#eef1f4", zeroline: false, ticks: "outside", tickcolor: "#8b95a1", ticklen: 4, exponentformat: "none", minorloglabels: "complete", automargin: true };

const byId = id => document.getElementById(id);

// Names are a user's; Plotly takes some markup in texts.
const plain = text => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function shorten(value) {
  if (value === null || value === undefined) return "—";
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e9) return Math.round(value).toLocaleString("en");
  if (value && size < 1e-3) return value.toExponential(2).replace("e-", "·10⁻").replace(/\d+$/, digits => [...digits].map(d => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join(""));
  return String(Number(value.toPrecision(4)));
}

function known(values) {
  return values.filter(v => v !== null);
}

// Whether ratios of values are what counts: all positive, and far apart.
function isLogarithmic(values) {
  const own = known(values);
  const low = Math.min(...own);
  return own.length > 1 && low > 0 && Math.max(...own) > 8 * low;
}

// The type of a plot's axis, and at most so many decades with ticks.
function scale(values, most = 5) {
  if (!isLogarithmic(values)) return { type: "linear" };
  const own = known(values);
  const decades = Math.log10(Math.max(...own) / Math.min(...own));
  return { type: "log", dtick: decades < 2 ? "D2" : Math.ceil(decades / most) };
}

// Few round values between two.
function ticks(low, high, logarithmic) {
  if (logarithmic) {
    const found = [];
    const steps = high > 300 * low ? [1] : [1, 2, 5];
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
      for (const step of steps) found.push(step * 10 ** e);
    return found.map(v => Number(v.toPrecision(1))).filter(v => v >= low && v <= high);
  }
  const raw = (high - low) / 5 || 1;
  const decade = 10 ** Math.floor(Math.log10(raw));
  const step = decade * [1, 2, 5, 10].find(s => s * decade >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) found.push(Number(v.toPrecision(12)));
  return found;
}

function fill(select, labels) {
  select.replaceChildren(...labels.map((text, at) => new Option(text, at)));
}

// A table of texts; the first row is its head.
function table(rows, numbers = 1) {
  const made = document.createElement("table");
  rows.forEach((row, at) => {
    const line = (at ? made.tBodies[0] || made.createTBody() : made.createTHead()).insertRow();
    row.forEach((text, column) => {
      const cell = document.createElement(at ? "td" : "th");
      cell.textContent = text;
      if (column >= numbers) cell.className = "number";
      line.append(cell);
    });
  });
  return made;
}

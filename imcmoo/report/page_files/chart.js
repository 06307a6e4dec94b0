// Axes, ticks and legends as SVG. Texts are a user's: they are set as text, never as markup.

const INK = "#1c2430", SOFT = "#5d6775", GRID = "#e3e7ec", CONTEXT = "#c9d0d8";
const DENSITY = 3;  // pixels of a PNG for each of the screen, about 300 dpi
const NARROW = matchMedia("(max-width: 900px)");
const PITCH = 7;  // mean width of a character of the smallest text, px

const byId = id => document.getElementById(id);

// A node of HTML, or of SVG within an svg.
function put(parent, tag, attributes = {}, text = null) {
  const space = tag === "svg" || parent.namespaceURI.endsWith("svg") ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const node = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  parent.append(node);
  return node;
}

function shorten(value) {
  if (value === null || value === undefined) return "—";
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e9) return Math.round(value).toLocaleString("en");
  return value && (size < 1e-4 || size >= 1e9) ? Number(value.toPrecision(4)).toExponential().replace("e+", "e").replace(/e-(\d)$/, "e-0$1") : String(Number(value.toPrecision(4)));
}

// Whether ratios of values count: all positive, and far apart.
function isWide(values) {
  const own = values.filter(Number.isFinite);
  const low = Math.min(...own);
  return low > 0 && Math.max(...own) > 8 * low;
}

// Ticks are round: very large and small ones are short as powers of ten.
const tickText = value => value && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3) ? value.toExponential().replace("e+", "e") : shorten(value);

// Few round values between two.
function ticks(low, high, isLog, most) {
  if (isLog) {
    const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    for (const [steps, stride] of [[[1, 2, 3, 5, 7], 1], [[1, 2, 5], 1], [[1, 3], 1], [[1], 1], [[1], 2], [[1], 3], [[1], 5]]) {
      const found = [];
      for (let e = first; e <= last; e++) if (e % stride === 0) found.push(...steps.map(s => Number(`${s}e${e}`)));
      const inside = found.filter(v => v >= low && v <= high);
      if (inside.length >= (steps.length > 1 ? 3 : 2) && inside.length <= most) return inside;
    }
  }
  const raw = (high - low) / most || 1;
  const decade = 10 ** Math.floor(Math.log10(raw));
  const step = decade * [1, 2, 5, 10].find(s => s * decade >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) found.push(Math.abs(v) < step * 1e-9 ? 0 : Number(v.toPrecision(12)));
  return found;
}

// From values to pixels between two ends; texts lie in the order they come.
function scale(values, isLog, start, end, pitch) {
  const texts = values.some(v => typeof v === "string") ? [...new Set(values.filter(v => v !== null))] : null;
  const log = isLog && !texts && values.every(v => v === null || v > 0);
  const order = texts ? v => texts.indexOf(v) : log ? Math.log10 : v => v;
  const own = values.filter(v => v !== null).map(order);
  let low = own.reduce((a, b) => Math.min(a, b), Infinity), high = own.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!own.length) [low, high] = [0, 1];
  const pad = (high - low) * 0.05 || Math.abs(low) * 0.1 || 0.5;
  [low, high] = [low - pad, high + pad];
  const most = Math.max(2, Math.floor(Math.abs(end - start) / pitch));
  return {
    at: v => start + (order(v) - low) / (high - low) * (end - start),
    ticks: texts ? texts.filter((_, k) => k % Math.ceil(texts.length / most) === 0) : log ? ticks(10 ** low, 10 ** high, true, most) : ticks(low, high, false, most),
  };
}

// An empty figure of the container's width; `save` names the files of its SVG and PNG.
function figure(id, height, label, save) {
  const box = byId(id), width = Math.max(280, box.clientWidth);
  box.replaceChildren();
  const svg = put(box, "svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, "font-family": "system-ui, Arial, sans-serif", "font-size": 12, fill: INK });
  put(svg, "title", {}, label);
  const button = kind => put(box, "button", { type: "button", "aria-label": `Save as ${kind}: ${label}` }, `Save as ${kind}`);
  button("SVG").onclick = () => download(`${save}.svg`, new Blob([textOf(svg)], { type: "image/svg+xml" }));
  button("PNG").onclick = async () => download(`${save}.png`, await pngOf(svg));
  return { svg, width };
}

const textOf = svg => new XMLSerializer().serializeToString(svg);

// The pixels of a figure on white, DENSITY for each of the screen.
async function pngOf(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(textOf(svg))}`;  // the policy of the page allows no blobs here
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height].map(size => DENSITY * size);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(done, "image/png"));
}

function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// Axes around a box of pixels; returns both scales. An axis is {label, values, isLog}.
function axes(svg, box, x, y) {
  const [left, top, right, bottom] = box;
  const widest = Math.max(56, ...x.values.filter(v => typeof v === "string").map(v => PITCH * v.length + 12));
  const across = scale(x.values, x.isLog, left, right, widest), up = scale(y.values, y.isLog, bottom, top, 34);
  for (const v of across.ticks) {
    put(svg, "line", { x1: across.at(v), x2: across.at(v), y1: top, y2: bottom, stroke: GRID });
    put(svg, "text", { x: across.at(v), y: bottom + 15, "text-anchor": "middle" }, tickText(v));
  }
  for (const v of up.ticks) {
    put(svg, "line", { x1: left, x2: right, y1: up.at(v), y2: up.at(v), stroke: GRID });
    put(svg, "text", { x: left - 6, y: up.at(v) + 4, "text-anchor": "end" }, tickText(v));
  }
  put(svg, "path", { d: `M${left},${top}V${bottom}H${right}`, fill: "none", stroke: SOFT });
  put(svg, "text", { x: (left + right) / 2, y: bottom + 32, "text-anchor": "middle", fill: SOFT }, x.label);
  const middle = (top + bottom) / 2;
  put(svg, "text", { x: left - 50, y: middle, transform: `rotate(-90 ${left - 50} ${middle})`, "text-anchor": "middle", fill: SOFT }, y.label);
  return { across, up };
}

// Entries [text, colour, dash, mark] in as many lines as they need, each with its mark or a line;
// returns the height.
function legend(svg, entries, left, top, width) {
  let x = left, y = top + 14;
  for (const [text, colour, dash, mark] of entries) {
    const wide = 42 + PITCH * text.length;
    if (x > left && x + wide > left + width) [x, y] = [left, y + 18];
    if (mark) put(svg, "path", { d: `M${x + 9},${y - 4}${mark.shape}`, fill: "none", ...mark.look });
    else put(svg, "line", { x1: x, x2: x + 18, y1: y - 4, y2: y - 4, stroke: colour, "stroke-width": dash === undefined ? 9 : 2.5, "stroke-dasharray": dash || "none" });
    put(svg, "text", { x: x + 23, y }, text);
    x += wide;
  }
  return y + 8 - top;
}

// True if white text has more contrast on a colour than black (relative luminance of WCAG 2).
function isDark(colour) {
  const [red, green, blue] = [1, 3, 5].map(at => ((parseInt(colour.slice(at, at + 2), 16) / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18;
}

// Whether a column is the score by the criterion of a run. A cost of the chip, such as its area, has no second column as a score.
const isScore = (column, run) => ["score", "chip"].includes(column.kind) && column.label === run.criterion;

// Show a text beside the pointer while it is over a node; after a tap, until the next one.
function tell(node, text) {
  node.addEventListener("pointermove", event => showTip(event, text));
  node.addEventListener("pointerleave", () => { byId("tip").hidden = true; });
  node.addEventListener("click", event => showTip(event, text));
}

addEventListener("pointerdown", () => { byId("tip").hidden = true; });

function showTip(event, text) {
  const tip = byId("tip");
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.max(4, event.clientY - tip.offsetHeight - 8)}px`;
}

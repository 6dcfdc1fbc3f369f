// Colours, numbers and small charts: nothing here knows of tiles or the server.

const VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725";
const BLUES = "313695 4575b4 74add1 abd9e9 e0f3f8", REDS = "fee090 fdae61 f46d43 d73027 a50026";
export const OUTCOME = ["#0072b2", "#f2e6b1", "#c8460b"]; // converged, stalled, diverged
export const LOST = "#7a7f88"; // diverged, where colours say how the others ended
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const packed = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0; // as a little-endian pixel

function ramp(stops) {
  const colours = stops.split(" ").map((hex) => rgb("#" + hex)), table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const at = i / 255 * (colours.length - 1), k = Math.min(Math.floor(at), colours.length - 2);
    table[i] = packed(colours[k].map((c, j) => Math.round(c + (colours[k + 1][j] - c) * (at - k))));
  }
  return table;
}
const RAMP = ramp(VIRIDIS), NEAR = ramp(BLUES), FAR = ramp(REDS);
const SOLID = OUTCOME.map((hex) => packed(rgb(hex))), GREY = packed(rgb(LOST));

// Colours by rank: of the different values, sorted, those beyond which each of the 255 colours after the first begins.
function ranks(values) {
  values.sort(); let n = 0;
  for (let i = 0; i < values.length; i++) if (!n || values[i] !== values[n - 1]) values[n++] = values[i];
  return n > 1 ? Float64Array.from({ length: 255 }, (_, c) => values[Math.ceil((c + 0.5) * (n - 1) / 255) - 1]) : new Float64Array(0);
}
function rank(begins, value) {
  let low = 0, high = begins.length;
  while (low < high) { const mid = low + high >> 1; if (begins[mid] < value) low = mid + 1; else high = mid; }
  return low;
}

// How near to the other side a trial is: what converged by its measure, rounding apart; what diverged
// by the step at which it did, later is nearer, and of what stayed finite by its largest loss.
function closeness(t, i, facts) {
  const [value, at, largest, initial] = t.values;
  if (t.outcome[i] === 2) return isNaN(at[i]) ? facts.steps + 1 + 1 / (1 + Math.log1p(largest[i])) : at[i];
  return facts.losses && value[i] < 2 ** -52 * initial[i] ? 0 : value[i];
}

// What colours of a scale need of the tiles in view, of every so many-th trial if there are more than `most`:
// ranks or ends, made anew when the view settles.
export function domainOf(tiles, scale, facts, most) {
  const count = tiles.reduce((sum, t) => sum + t.outcome.length, 0), by = Math.ceil(count / most) | 1, sides = scale === "sides";
  let kept = new Float64Array(count), lost = new Float64Array(count), k = 0, l = 0;
  for (const t of tiles) for (let i = 0; i < t.outcome.length; i += by) {
    const o = t.outcome[i];
    if (o < 0 || (o === 1 && sides)) continue;
    const v = sides ? closeness(t, i, facts) : t.values[0][i];
    if (o === 2 && (sides || facts.ending)) { if (sides) lost[l++] = v; }
    else if (isFinite(v) && (scale !== "log" || v > 0)) kept[k++] = v;
  }
  kept = kept.subarray(0, k).sort(); lost = lost.subarray(0, l);
  const at = (q) => kept[Math.round(q * (k - 1))], ends = k ? (scale === "rank" ? [at(0), at(1)] : [at(0.002), at(0.998)]) : [0, 1];
  if (scale === "log" && ends[0] < 1e-30 * ends[1]) ends[0] = 1e-30 * ends[1];
  return { scale, kept: ranks(kept), lost: ranks(lost), ends, facts, empty: !k };
}

export function paint(t, domain) { // a canvas with a pixel a trial, the first row at the top; the one of before if colours are the same
  if (t.painted === domain) return t.image;
  t.painted = domain; t.image ||= new OffscreenCanvas(t.across, t.up);
  const context = t.image.getContext("2d"), image = context.createImageData(t.across, t.up), pixels = new Uint32Array(image.data.buffer);
  const { scale, kept, lost, ends, facts } = domain, log = scale === "log";
  const [low, high] = log ? ends.map(Math.log) : ends;
  for (let j = 0; j < t.up; j++) for (let i = 0; i < t.across; i++) {
    const at = j * t.across + i, o = t.outcome[at], v = t.values[0][at];
    let colour = 0;
    if (o < 0) colour = 0;
    else if (scale === "outcome") colour = SOLID[o];
    else if (scale === "sides") {
      colour = o === 1 ? SOLID[1] : o === 2 ? FAR[255 - rank(lost, closeness(t, at, facts))] : NEAR[rank(kept, closeness(t, at, facts))];
    } else if ((o === 2 && facts.ending) || isNaN(v)) colour = GREY;
    else {
      colour = RAMP[scale === "rank" ? rank(kept, v) : Math.round(255 * Math.min(Math.max(((log ? Math.log(v) : v) - low) / (high - low || 1), 0), 1)) || 0];
    }
    pixels[(t.up - 1 - j) * t.across + i] = colour;
  }
  context.putImageData(image, 0, 0);
  return t.image;
}

export function legend(c, x, y, width, domain, style, label) {
  c.font = "12px system-ui, sans-serif"; c.textBaseline = "middle";
  let at = x;
  const words = (text) => { c.fillStyle = style.ink; c.textAlign = "left"; c.fillText(text, at, y + 6); at += c.measureText(text).width + 12; };
  const patch = (colour) => { c.fillStyle = colour; c.fillRect(at, y, 12, 12); at += 17; };
  const bar = (table, width, flip) => {
    const size = Math.round(width);
    for (let i = 0; i < size; i++) {
      const p = table[Math.round(255 * (flip ? size - 1 - i : i) / (size - 1))];
      c.fillStyle = `rgb(${p & 255},${p >> 8 & 255},${p >> 16 & 255})`; c.fillRect(at + i, y, 1.5, 12);
    }
    at += size + 6;
  };
  const wide = width < 440 ? 36 : Math.min(150, width / 5);
  if (domain.scale === "outcome") for (const [i, name] of domain.facts.outcomes.entries()) { patch(OUTCOME[i]); words(name); }
  else if (domain.scale === "sides") {
    words(width < 440 ? "converged" : "clearly converged"); at -= 6; bar(NEAR, wide * 0.7); at -= 6; bar(FAR, wide * 0.7); words(width < 440 ? "diverged" : "clearly diverged");
    if (width > 480) { patch(OUTCOME[1]); words("stalled"); }
  } else {
    if (width > 480) words(label + (domain.scale === "rank" ? ", ranked" : ""));
    const digits = apart(...domain.ends);
    if (!domain.empty) { words(short(domain.ends[0], digits)); at -= 6; bar(RAMP, wide); words(short(domain.ends[1], digits)); }
    if (domain.facts.ending) { patch(LOST); words("diverged"); }
  }
}

export const short = (v, digits = 4) => typeof v === "string" ? v : Math.abs(v) === Infinity ? (v < 0 ? "-inf" : "inf") : v === null || v === undefined || isNaN(v) ? "none" : Number.isInteger(v) && Math.abs(v) < 1e7 ? String(v) : Number(v).toPrecision(digits).replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, ""); // zeros of a fraction say nothing

// So many digits tell apart what lies between two ends.
export const apart = (low, high) => high > low ? Math.min(Math.max(Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / (high - low))) + 2, 4), 17) : 4;

export const ulp = (v) => { // the distance to the next float64
  const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, Math.abs(v) || 2 ** -1022);
  const exponent = (view.getUint16(0) >> 4 & 0x7ff) - 1075;
  return 2 ** Math.max(exponent, -1074);
};

// Round values between two, about `count` of them, and as many digits as tell them apart.
export function ticks(low, high, count, log, whole) {
  if (log && high > 30 * low) {
    const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9), by = Math.max(1, Math.ceil((to - from) / count));
    const found = [];
    for (let e = from; e <= to; e += by) found.push({ value: 10 ** e, text: Math.abs(e) < 4 ? String(+(10 ** e).toFixed(4)) : `1e${e}` });
    return found;
  }
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max([1, 2, 5, 10].find((m) => m * power >= rough) * power, whole ? 1 : 0);
  const digits = Math.min(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), 40), size = Math.max(Math.abs(low), Math.abs(high));
  const total = Math.min(Math.max(Math.floor(Math.log10(size)) - Math.floor(Math.log10(step) + 1e-9), 0), 20), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && found.length < 50; k++) {
    const value = k * step;
    found.push({ value, text: size < 1e-4 || size >= 1e7 ? value.toExponential(total) : value.toFixed(digits) });
  }
  return found;
}

export function fitted(canvas, height) { // a context in CSS pixels, sharp on any screen
  const by = devicePixelRatio || 1, width = canvas.clientWidth, tall = height || canvas.clientHeight;
  const size = [Math.max(1, Math.round(width * by)), Math.max(1, Math.round(tall * by))];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const context = canvas.getContext("2d"); context.setTransform(by, 0, 0, by, 0, 0);
  context.clearRect(0, 0, width, tall);
  return [context, width, tall];
}

export function chart(canvas, xs, curves, style, { log = true, label = "", dots = false, whole = false, empty = "nothing finite" } = {}) { // the first curve in colour, others grey
  const [c, width, height] = fitted(canvas), [left, bottom] = [46, 20];
  const seen = curves.flat().filter((v) => v !== null && isFinite(v) && (!log || v > 0));
  if (!seen.length) { c.font = "13px system-ui, sans-serif"; c.fillStyle = style.soft; c.textAlign = "center"; c.fillText(empty, width / 2, height / 2); return; }
  let [low, high] = [seen.reduce((a, b) => Math.min(a, b)), seen.reduce((a, b) => Math.max(a, b))];
  const first = curves[0].find((v) => v > 0) ?? high;
  if (log && !whole) low = Math.max(low, Math.min(high, first) * 1e-18);
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 1, high + 1];
  const by = log ? Math.log : (v) => v, from = xs[0], to = xs[xs.length - 1];
  const px = (x) => left + (width - left - 8) * (x - from) / (to - from || 1);
  const py = (y) => height - bottom - (height - bottom - 8) * (by(Math.max(y, log ? low : -Infinity)) - by(low)) / (by(high) - by(low));
  c.font = "11px system-ui, sans-serif"; c.strokeStyle = style.rule; c.fillStyle = style.soft; c.lineWidth = 1;
  c.textAlign = "right"; c.textBaseline = "middle";
  for (const t of ticks(low, high, 4, log)) { c.beginPath(); c.moveTo(left, py(t.value)); c.lineTo(width - 8, py(t.value)); c.stroke(); c.fillText(t.text.length > 7 ? short(t.value) : t.text, left - 4, py(t.value)); }
  c.textBaseline = "top"; c.textAlign = "left"; c.fillText(short(from), left, height - bottom + 4);
  c.textAlign = "center"; c.fillText(label, (left + width) / 2, height - bottom + 4);
  c.textAlign = "right"; c.fillText(short(to), width - 8, height - bottom + 4);
  c.fillStyle = style.accent;
  if (dots) for (const curve of curves) curve.forEach((v, i) => { if (v !== null && isFinite(v)) c.fillRect(px(xs[i]) - 0.7, py(v) - 0.7, 1.4, 1.4); });
  else for (let k = curves.length - 1; k >= 0; k--) {
    c.beginPath(); c.strokeStyle = k ? style.soft : style.accent; c.globalAlpha = k ? 0.45 : 1; c.lineWidth = k ? 1 : 1.8;
    let open = false;
    curves[k].forEach((v, i) => { if (v === null || !isFinite(v)) { open = false; return; } c[open ? "lineTo" : "moveTo"](px(xs[i]), py(v)); open = true; });
    c.stroke();
  }
  c.globalAlpha = 1;
}

export function learnt(canvas, found, style) { // the output over two inputs, with the samples on it
  const [c, width, height] = fitted(canvas), n = found.side, seen = found.output.filter((v) => v !== null);
  if (!seen.length) return;
  const low = Math.min(...seen), high = Math.max(...seen), image = new OffscreenCanvas(n, n);
  const data = image.getContext("2d"), pixels = data.createImageData(n, n), flat = new Uint32Array(pixels.data.buffer);
  found.output.forEach((v, i) => { flat[(n - 1 - Math.floor(i / n)) * n + i % n] = v === null ? GREY : RAMP[Math.round(255 * (v - low) / (high - low || 1))]; });
  data.putImageData(pixels, 0, 0); c.drawImage(image, 0, 0, width, height);
  const mid = (Math.min(...found.targets) + Math.max(...found.targets)) / 2;
  found.inputs.forEach(([a, b], i) => {
    c.beginPath(); c.arc(width * (a - found.low[0]) / (found.high[0] - found.low[0]), height * (1 - (b - found.low[1]) / (found.high[1] - found.low[1])), 2.5, 0, 7);
    c.fillStyle = found.targets[i] > mid ? "#fff" : "#000"; c.fill(); c.strokeStyle = style.soft; c.stroke();
  });
}

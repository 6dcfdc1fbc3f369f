// The map: where one looks, the tiles of it, what is asked of the server, and what a reader does.
// Places are whole numbers of 2^-72 of the window, so that no zoom is too deep for them.
import { apart, chart, domainOf, fitted, learnt, legend, paint, short, ticks, ulp } from "./drawing.js";

const $ = (id) => document.getElementById(id);
const FIX = 72n, ONE = 1n << FIX, HALF = ONE >> 1n, SIDE = 6, MOST = 700, APART = 8;
const MARGIN = { left: 112, right: 14, top: 12, bottom: 62 };
const narrow = () => map.clientWidth < 560;
const map = $("map"), tab = Array.from(crypto.getRandomValues(new Uint32Array(3))).join("-");
let facts, secret = token, state, domain = null, base = null, tiles = new Map(), specified = "", asked = "", going = 0, dirty = false;
let pins = [], current = null, pointer = null, lining = false, line = null, settled = 0, timer = 0, recolour = 0, limit = "", trained = -1;
window.explorer = { get tiles() { return tiles; }, get state() { return state; }, get domain() { return domain; }, get busy() { return going > 0; }, frames: 0 };

// ---- the server

async function post(path, body, signal) {
  const answer = await fetch("/api/" + path, { method: body ? "POST" : "GET", body: body && JSON.stringify(body), headers: { "x-sweep-token": secret }, signal });
  if (answer.ok) return answer;
  const newer = localStorage.getItem("sweep-token"); // another tab has opened what a new server has printed
  if (answer.status === 403 && newer && newer !== secret) { secret = newer; return post(path, body, signal); }
  const said = await answer.json().catch(() => ({ error: answer.statusText }));
  throw Object.assign(new Error(said.error), { refused: answer.status === 400 });
}
const tell = (text) => { $("status").textContent = text; };
let trouble = null; // what is told stays until something succeeds, or of what was refused until a reader moves on
const fault = (said, refused) => { trouble = { said, refused }; tell(said); };
const mended = () => { if (trouble?.said === $("status").textContent) tell(""); trouble = null; };
async function attempt(work) {
  try { const found = await work(); if (!trouble?.refused) mended(); return found; } catch (error) {
    if (error.name !== "AbortError") fault(error instanceof TypeError ? "The server does not answer; is `sweep explore` still running?" : error.message, error.refused);
    return null;
  }
}

const view = () => ({ x: state.x, y: state.y, others: state.others });
const columns = () => [state.measure, ...(state.scale === "sides" ? facts.sided : [])];

function frameOf(buffer, from = 0) { // as `answering.frame` writes it
  const view = new DataView(buffer), length = view.getUint32(from + 4, true), told = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, from + 8, length)));
  told.end = from + 8 + view.getUint32(from, true);
  if (!told.across) return told;
  let at = from + 8 + length;
  const take = (n) => { const found = new Float64Array(buffer.slice(at, at + 8 * n)); at += 8 * n; return found; };
  const { across, up } = told, x = take(across), y = take(up);
  const values = Array.from({ length: told.columns }, () => take(across * up));
  return { ...told, x, y, values, outcome: new Int8Array(buffer.slice(at, at + across * up)) };
}

async function stream(want) {
  const key = specified; going++; work();
  const whole = await attempt(async () => {
    const answer = await post("tiles", { tab, turn: ++turn, view: view(), want, measures: columns() }, cut.signal);
    const reader = answer.body.getReader(); let held = new Uint8Array(0);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      const joined = new Uint8Array(held.length + value.length); joined.set(held); joined.set(value, held.length); held = joined;
      for (;;) {
        const size = held.length >= 8 ? 8 + new DataView(held.buffer, held.byteOffset).getUint32(0, true) : Infinity;
        if (held.length < size) break;
        const found = frameOf(held.slice(0, size).buffer); held = held.slice(size);
        if (key === specified) take(found);
      }
    }
  });
  going--; work(); if (!going) recoloured(); wait = whole ? 0 : Math.min(wait + 2000, 10000); // a server that does not answer is left alone for a while
  if (!going) { asked = ""; ask(wait); }
}
let cut = new AbortController(), wait = 0;
document.addEventListener("visibilitychange", () => { // a browser has few connections, and they are for the tab in front
  if (document.hidden) { cut.abort(); cut = new AbortController(); } else { asked = ""; ask(); }
});

function take(found) {
  if (found.said) { $("work").textContent = found.said; if (!found.said.startsWith("compiling")) { failed.add(found.at.join()); tell(found.said); } }
  if (!found.across) return;
  const [zx, zy, ix, iy, side] = found.at, name = [zx, zy, ix, iy].join(), before = tiles.get(name);
  if (before && before.side >= side) return;
  tiles.delete(name);
  tiles.set(name, { ...found, zx, zy, ix: BigInt(ix), iy: BigInt(iy), side, levels: [levelOf(state.x, zx, side), levelOf(state.y, zy, side)], image: null });
  if (tiles.size > MOST) tiles.delete(tiles.keys().next().value);
  if (!domain) recoloured(); else if (!recolour) recolour = setTimeout(recoloured, 250);
  if (!late) late = setTimeout(() => { late = 0; redraw(); }, Math.max(0, drawnAt + 100 - performance.now()));
}
let late = 0, drawnAt = 0; // what comes is drawn at once, or some of it together
let failed = new Set();
const nameOf = (t) => [t.zx, t.zy, t.ix, t.iy].join();
const lastOf = (w, level) => (w.spacing === "range" ? BigInt(Math.ceil((w.high - w.low) / 2 ** (depthOf(w) - level))) : 1n << BigInt(level)) - 1n; // the number of the last point
const levelOf = (w, z, side) => Math.min(z + side, depthOf(w));
const work = () => { $("work").textContent = [progress, going ? "training…" : ""].filter(Boolean).join(" · "); };
let progress = "";

// ---- where one looks

const depthOf = (w) => w.spacing === "range" ? Math.ceil(Math.log2(w.high - w.low)) : facts.deepest;
const area = () => (Object.assign(MARGIN, narrow() ? { left: 86, bottom: 82 } : { left: 112, bottom: 62 }), { width: Math.max(map.clientWidth - MARGIN.left - MARGIN.right, 50), height: Math.max(map.clientHeight - MARGIN.top - MARGIN.bottom, 50) });
const px = (u) => MARGIN.left + area().width / 2 + Number(u - state.cx) / 2 ** 72 * 2 ** state.lx;
const py = (v) => MARGIN.top + area().height / 2 - Number(v - state.cy) / 2 ** 72 * 2 ** state.ly;
const unit = (pixels, l) => BigInt(Math.round(pixels / 2 ** l * 2 ** 53)) << 19n; // pixels as a part of the window
const ux = (x) => state.cx + deep(x - MARGIN.left - area().width / 2, state.lx);
const uy = (y) => state.cy - deep(y - MARGIN.top - area().height / 2, state.ly);
function deep(pixels, l) { const whole = Math.floor(l); return (BigInt(Math.round(pixels / 2 ** (l - whole) * 2 ** 20)) << 52n) >> BigInt(whole); }

// How far the window is, of a log one by logarithms, whose ends need have no ratio.
function span(w) {
  if (w.spacing !== "log") return w.spacing === "range" ? 2 ** depthOf(w) : w.high - w.low;
  const ratio = w.high / w.low; return isFinite(ratio) ? Math.log(ratio) : Math.log(w.high) - Math.log(w.low);
}
// The value at a place: of a tile's own numbers nearby if there are any, which are exact.
function valueAt(w, u) {
  const far = Number(u) / 2 ** 72 * span(w);
  return w.spacing === "log" ? Math.exp(Math.log(w.low) + far) : w.low + far;
}
function anchor(w, across) {
  let best = null;
  for (const t of tiles.values()) if (!best || (across ? t.zx > best.zx : t.zy > best.zy)) {
    const [i, z] = across ? [t.ix, t.zx] : [t.iy, t.zy], centre = across ? state.cx : state.cy, off = (i << FIX >> BigInt(z)) - centre;
    if (off > -ONE >> BigInt(Math.max(z - 3, 0)) && off < ONE >> BigInt(Math.max(z - 3, 0))) best = t;
  }
  const z = best && (across ? best.zx : best.zy);
  return best ? { u: (across ? best.ix : best.iy) << FIX >> BigInt(z), value: (across ? best.x : best.y)[0] } : { u: 0n, value: w.low };
}
const offset = (w, from, u) => { const d = Number(u - from.u) / 2 ** 72 * span(w); return w.spacing !== "log" ? d : Math.abs(d) < 700 ? from.value * Math.expm1(d) : Math.exp(Math.log(from.value) + d) - from.value; };
const placeOf = (w, from, value) => { const d = value - from.value, by = value / from.value, far = w.spacing !== "log" ? d : by > 0.5 && by < 2 ? Math.log1p(d / from.value) : Math.log(value) - Math.log(from.value); return from.u + BigInt(Math.round(far / span(w) * 2 ** 62)) * (1n << 10n); };

function deepest(w, u) { // the last level at which neighbours are 8 ulp apart
  if (w.spacing === "range") return depthOf(w);
  const v = valueAt(w, u), ulps = span(w) * ((w.spacing === "log" ? Math.abs(v) : 1) / ulp(v));
  return Math.min(Math.floor(Math.log2(ulps / APART)), facts.deepest);
}
function bound() { // keeps the view where there are points
  const clamp = (v, low, high) => v < low ? low : v > high ? high : v;
  state.cx = clamp(state.cx, 0n, ONE); state.cy = clamp(state.cy, 0n, ONE);
  const { width, height } = area(); limit = "";
  for (const [l, w, c, size] of [["lx", state.x, state.cx, width], ["ly", state.y, state.cy, height]]) {
    const most = deepest(w, c) + (w.spacing === "range" ? 6 : 3), least = Math.log2(size) - 1;
    if (state[l] >= most) limit = w.spacing === "range" ? `${w.axis}: neighbours are whole numbers, 1 apart` : `${w.axis}: neighbours are ${APART} ulp apart; there is nothing between them to look at`;
    state[l] = clamp(state[l], least, Math.max(most, least));
  }
}
const zoomOf = (w, l, u) => Math.max(0, Math.min(Math.round(l - 7), w.spacing === "range" ? Math.max(depthOf(w) - 3, 0) : deepest(w, u) - SIDE));
function whole() { const { width, height } = area(); Object.assign(state, { cx: HALF, cy: HALF, lx: Math.log2(width), ly: Math.log2(height) }); moved(); }

function moved() { const before = limit; bound(); if (limit) tell(limit); else if (before) tell(""); else mended(); redraw(); ask(); clearTimeout(settled); settled = setTimeout(remember, 450); }

function inView() {
  const { width, height } = area(), zx = zoomOf(state.x, state.lx, state.cx), zy = zoomOf(state.y, state.ly, state.cy), found = [];
  const range = (z, low, high) => { const top = (1n << BigInt(z)) - 1n, s = FIX - BigInt(z), clip = (i) => i < 0n ? 0n : i > top ? top : i; return [clip(low >> s), clip(high >> s)]; };
  const [x0, x1] = range(zx, ux(MARGIN.left), ux(MARGIN.left + width)), [y0, y1] = range(zy, uy(MARGIN.top + height), uy(MARGIN.top));
  for (let ix = x0; ix <= x1 && found.length < 200; ix++) for (let iy = y0; iy <= y1; iy++) {
    const at = [((ix << 1n) + 1n << FIX) >> BigInt(zx + 1), ((iy << 1n) + 1n << FIX) >> BigInt(zy + 1)];
    found.push({ zx, zy, ix, iy, far: Math.hypot(px(at[0]) - MARGIN.left - width / 2, py(at[1]) - MARGIN.top - height / 2) });
  }
  return found.sort((a, b) => a.far - b.far);
}

function ask(soon = 0) { clearTimeout(timer); timer = setTimeout(asking, soon || Math.max(0, last + 60 - performance.now())); }
function asking() {
  if (!facts || document.hidden) return;
  last = performance.now();
  const seen = inView(), known = (name) => tiles.get(name)?.side ?? 0;
  const enough = base && !base.sparse && 2 ** state.lx / base.nx <= 4 && 2 ** state.ly / base.ny <= 4; // what is on disk is as fine
  const wanted = new Set(), root = { zx: 0, zy: 0, ix: 0n, iy: 0n }, add = ({ zx, zy, ix, iy }, side) => {
    const name = [zx, zy, ix, iy].join();
    if (known(name) < side && !failed.has(name + "," + side)) wanted.add(name + "," + side);
  };
  for (const side of seen[0]?.zx < 4 ? [2, 3, 4, 5] : [2, 3]) add(root, side); // of the whole, a first picture soon
  if (!enough) for (const side of [2, 3, 4, 5, 6]) for (const t of seen) add(t, side);
  for (const side of [4, 5]) add(root, side);
  const want = Array.from(wanted, (one) => one.split(",").map((part, k) => k === 2 || k === 3 ? part : +part)), text = JSON.stringify([specified, want]);
  if (text === asked) return;
  asked = text;
  if (want.length) stream(want); else if (going) stream([[0, 0, "0", "0", 2]]); // nothing: what is under way is given up
}
let last = -1000, turn = 0;

// ---- the picture

let styled = null;
const style = () => { if (styled) return styled; const s = getComputedStyle(document.documentElement), of = (n) => s.getPropertyValue("--" + n).trim(); return styled = { ink: of("ink"), soft: of("soft"), rule: of("rule"), paper: of("paper"), well: of("well"), mark: of("mark"), accent: of("accent") }; };
function redraw() { if (!dirty) { dirty = true; requestAnimationFrame(() => { dirty = false; drawnAt = performance.now(); window.explorer.frames++; draw(); }); } }

function recoloured() {
  clearTimeout(recolour); recolour = drag?.moving ? setTimeout(recoloured, 250) : 0;
  if (recolour && domain) return; // a hand that drags has the processor
  const seen = inView().map((t) => tiles.get(nameOf(t))).filter(Boolean), of = seen.length ? seen : [...tiles.values()];
  const row = facts.measures.find((m) => m.name === state.measure);
  if (base && !seen.some((t) => t.side > 4)) of.push(base);
  domain = !of.length ? null : domainOf(of, state.scale, { ...facts, ending: row.ending, losses: row.log }, going ? 2 ** 14 : Infinity);
  redraw();
}

function spot(c, t, u0, u1, v0, v1) { // an image between these places; rounded, so that no seams show
  const x = Math.round(px(u0)), w = Math.round(px(u1)) - x, y = Math.round(py(v1)), h = Math.round(py(v0)) - y;
  if (x > map.clientWidth || y > map.clientHeight || x + w < 0 || y + h < 0 || w < 1 || h < 1) return;
  c.drawImage(paint(t, domain), x, y, w, h);
}

function paintMap(c) {
  if (!domain) return;
  c.imageSmoothingEnabled = false;
  const { width, height } = area(), root = tiles.get("0,0,0,0"), of = inView().map((t) => tiles.get(nameOf(t)));
  const whole = of.every((t) => t && t.side === of[0].side), edge = px(0n) > MARGIN.left - 9 || px(ONE) < MARGIN.left + width + 9 || py(ONE) > MARGIN.top - 9 || py(0n) < MARGIN.top + height + 9;
  if (root && (edge || !whole)) spot(c, root, 0n, ONE, 0n, ONE); // beneath all, so that no edge is bare
  if (base) spot(c, base, base.u0, base.u1, base.v0, base.v1);
  for (const t of whole ? of : [...tiles.values()].sort((a, b) => a.levels[0] + a.levels[1] - b.levels[0] - b.levels[1])) {
    const [nx, ny] = t.levels, cx = ONE >> BigInt(nx), cy = ONE >> BigInt(ny); // a cell, whose point is in its middle
    const u = (t.ix << FIX >> BigInt(t.zx)) - (cx >> 1n), v = (t.iy << FIX >> BigInt(t.zy)) - (cy >> 1n);
    spot(c, t, u, u + cx * BigInt(t.across), v, v + cy * BigInt(t.up));
  }
}

function draw(context) {
  const [c, width, height] = context || fitted(map), s = style(), a = area(), right = MARGIN.left + a.width, bottom = MARGIN.top + a.height;
  c.fillStyle = s.well; c.fillRect(MARGIN.left, MARGIN.top, a.width, a.height);
  c.save(); c.beginPath(); c.rect(MARGIN.left, MARGIN.top, a.width, a.height); c.clip();
  paintMap(c);
  const mark = (p, k) => { const [x, y] = [px(p.u), py(p.v)]; c.lineWidth = 2; c.strokeStyle = s.paper; c.beginPath(); c.arc(x, y, 6.5, 0, 7); c.stroke(); c.strokeStyle = s.mark; c.beginPath(); c.arc(x, y, 5, 0, 7); c.stroke(); if (k) { c.fillStyle = s.mark; c.font = "bold 14px system-ui"; c.textAlign = "left"; c.textBaseline = "bottom"; c.strokeStyle = s.paper; c.lineWidth = 3; c.strokeText(k, x + 7, y - 3); c.fillText(k, x + 7, y - 3); } };
  pins.forEach((p, k) => mark(p, "AB"[k])); if (current) mark(current, "");
  if (line) { c.strokeStyle = s.mark; c.lineWidth = 2; c.beginPath(); c.moveTo(px(line.from[0]), py(line.from[1])); c.lineTo(px(line.to[0]), py(line.to[1])); c.stroke(); }
  if (document.activeElement === map && map.matches(":focus-visible")) { c.strokeStyle = s.mark; c.lineWidth = 1; const [x, y] = [MARGIN.left + a.width / 2, MARGIN.top + a.height / 2]; c.beginPath(); c.moveTo(x - 9, y); c.lineTo(x + 9, y); c.moveTo(x, y - 9); c.lineTo(x, y + 9); c.stroke(); }
  c.restore();
  c.strokeStyle = s.soft; c.lineWidth = 1; c.strokeRect(MARGIN.left - 0.5, MARGIN.top - 0.5, a.width + 1, a.height + 1);
  c.fillStyle = s.ink; c.strokeStyle = s.soft; c.font = "12px system-ui, sans-serif";
  axis(c, state.x, true, a, s); axis(c, state.y, false, a, s);
  if (domain) legend(c, narrow() ? 12 : MARGIN.left, height - (narrow() ? 38 : 18), narrow() ? width : a.width * 0.72, domain, s, wordsOf(state.measure));
  scaleBar(c, right, height - 12, s);
  c.textAlign = "center"; c.textBaseline = "top"; c.fillStyle = s.ink; c.font = "13px system-ui, sans-serif"; c.fillText(state.x.axis, MARGIN.left + a.width / 2, bottom + 20);
  c.save(); c.translate(13, MARGIN.top + a.height / 2); c.rotate(-Math.PI / 2); c.textBaseline = "middle"; c.fillText(state.y.axis, 0, 0); c.restore();
  if (!context) mini(s);
}

function axis(c, w, across, a, s) {
  const from = anchor(w, across), ends = across ? [ux(MARGIN.left), ux(MARGIN.left + a.width)] : [uy(MARGIN.top + a.height), uy(MARGIN.top)];
  const [low, high] = ends.map((u) => Math.max(w.low, Math.min(from.value + offset(w, from, u < 0n ? 0n : u > ONE ? ONE : u), w.spacing === "range" ? w.high - 1 : w.high))), wide = high - low < 1e-6 * Math.abs(high);
  const room = across ? a.width / (wide ? 150 : 75) : a.height / 45;
  for (const t of ticks(low, high, Math.max(2, room), w.spacing === "log", w.spacing === "range")) {
    const at = across ? px(placeOf(w, from, t.value)) : py(placeOf(w, from, t.value));
    c.beginPath();
    if (across) { c.moveTo(at, MARGIN.top + a.height); c.lineTo(at, MARGIN.top + a.height + 4); c.stroke(); c.textAlign = "center"; c.textBaseline = "top"; c.fillText(t.text, Math.min(at, map.clientWidth - c.measureText(t.text).width / 2 - 2), MARGIN.top + a.height + 6); } else {
      c.moveTo(MARGIN.left - 4, at); c.lineTo(MARGIN.left, at); c.stroke(); c.textAlign = "right"; c.textBaseline = "middle";
      c.save(); const size = c.measureText(t.text).width; c.translate(MARGIN.left - 6, at); const room = MARGIN.left - 30; if (size > room) c.scale(room / size, 1); c.fillText(t.text, 0, 0); c.restore();
    }
  }
}

function scaleBar(c, right, y, s) { // what 100 pixels across are: decades, a difference, or ulp
  const w = state.x, share = 100 / 2 ** state.lx, v = valueAt(w, state.cx), far = share * span(w), decades = far / Math.LN10;
  const width = w.spacing === "log" ? v * Math.expm1(far) : far;
  const text = w.spacing === "log" && decades > 0.02 ? `${short(decades)} decades` : w.spacing === "range" ? short(width) : width / ulp(v) < 1e6 ? `${Math.round(width / ulp(v)).toLocaleString("en")} ulp` : width.toExponential(1);
  c.strokeStyle = c.fillStyle = s.ink; c.lineWidth = 1.5; c.font = "12px system-ui, sans-serif"; c.textAlign = "right"; c.textBaseline = "middle";
  c.beginPath(); c.moveTo(right - 100, y - 4); c.lineTo(right - 100, y); c.lineTo(right, y); c.lineTo(right, y - 4); c.stroke();
  c.fillText(text, right - 108, y - 2);
}

const magnified = () => area().width < 2 ** state.lx * 0.95 || area().height < 2 ** state.ly * 0.95;
let small = null; // the whole in colours of its own
function mini(s) {
  const canvas = $("mini"), [c, width, height] = fitted(canvas), t = base || tiles.get("0,0,0,0"), a = area();
  const far = magnified();
  canvas.hidden = !far; canvas.style.display = far ? "" : "none";
  if (!far || !t || !domain) return;
  c.imageSmoothingEnabled = false; if (small?.of !== t || small.domain.scale !== domain.scale) small = { ...t, of: t, image: null, domain: domainOf([t], domain.scale, domain.facts, Infinity) };
  c.drawImage(paint(small, small.domain), 0, 0, width, height);
  const w = Math.max(width * a.width / 2 ** state.lx, 3), h = Math.max(height * a.height / 2 ** state.ly, 3), x = width * Number(state.cx) / 2 ** 72, y = height * (1 - Number(state.cy) / 2 ** 72);
  c.strokeStyle = s.paper; c.lineWidth = 3; c.strokeRect(x - w / 2, y - h / 2, w, h); c.strokeStyle = s.mark; c.lineWidth = 1.5; c.strokeRect(x - w / 2, y - h / 2, w, h);
}

// ---- looking closer

function pointAt(x, y) { // the trained point nearest to a pixel
  const [u, v] = [ux(x), uy(y)];
  let best = null;
  for (const t of tiles.values()) {
    const [nx, ny] = t.levels, sx = FIX - BigInt(nx), sy = FIX - BigInt(ny), i = (u + (1n << sx >> 1n)) >> sx, j = (v + (1n << sy >> 1n)) >> sy;
    const ci = Number(i - (t.ix << BigInt(nx - t.zx))), cj = Number(j - (t.iy << BigInt(ny - t.zy)));
    if (ci >= 0 && cj >= 0 && ci < t.across && cj < t.up && (!best || nx + ny > best.levels[0] + best.levels[1]))
      best = { levels: t.levels, i, j, u: i << sx, v: j << sy, x: t.x[ci], y: t.y[cj], value: t.values[0][cj * t.across + ci], outcome: t.outcome[cj * t.across + ci] };
  }
  if (!best && base) { const i = Math.round(Number(u - base.u0) / Number(base.u1 - base.u0) * base.across - 0.5), j = Math.round(Number(v - base.v0) / Number(base.v1 - base.v0) * base.up - 0.5), at = j * base.across + i; if (i >= 0 && j >= 0 && i < base.across && j < base.up) best = { x: base.x[i], y: base.y[j], value: base.values[0][at], outcome: base.outcome[at] }; }
  return best;
}
const wordsOf = (name) => facts.measures.find((m) => m.name === name)?.words ?? name;
const words = (p) => `${state.x.axis} = ${p.x}, ${state.y.axis} = ${p.y}: ${p.outcome < 0 ? "not trained" : facts.outcomes[p.outcome]}, ${wordsOf(state.measure)} ${short(p.value, domain ? apart(...domain.ends) : 4)}`;
const hover = (x, y) => { const p = pointAt(x, y); if (p) tell(words(p)); };

async function look(x, y) {
  if ([ux(x), uy(y)].some((u) => u < 0n || u >= ONE)) return tell("outside the window");
  let p = pointAt(x, y);
  if (!p?.levels) { const zs = [levelOf(state.x, zoomOf(state.x, state.lx, state.cx), SIDE), levelOf(state.y, zoomOf(state.y, state.ly, state.cy), SIDE)], s = zs.map((z) => FIX - BigInt(z)), i = ux(x) >> s[0], j = uy(y) >> s[1]; p = { levels: zs, i, j, u: i << s[0], v: j << s[1] }; }
  const top = [lastOf(state.x, p.levels[0]), lastOf(state.y, p.levels[1])], near = [[0, 0]];
  for (const di of [-1, 0, 1]) for (const dj of [-1, 0, 1]) if (di || dj) near.push([di, dj]);
  if (p.i > top[0] || p.j > top[1]) return tell("outside the window"); // a range need not fill its lattice
  const points = near.map(([di, dj]) => [p.i + BigInt(di), p.j + BigInt(dj)]).filter(([i, j]) => i >= 0n && j >= 0n && i <= top[0] && j <= top[1]).map((one) => one.map(String));
  tell("training the point and its neighbours…");
  const key = viewed, found = await attempt(async () => (await post("points", { view: view(), levels: p.levels, points, curves: true })).json());
  if (!found || key !== viewed) return;
  current = { ...p, found }; tell(words({ x: found.x[0], y: found.y[0], outcome: found.outcome[0], value: found.measures[state.measure][0] }));
  cards(); redraw();
}

const element = (tag, text = "", kind = "") => { const e = document.createElement(tag); e.textContent = text; if (kind) e.className = kind; return e; };
function card(title, button, press) {
  const box = element("article", "", "card"), top = element("div", "", "top"), b = element("button", button);
  b.type = "button"; b.onclick = press; top.append(element("h2", title), b); box.append(top); $("panel").append(box);
  return box;
}
function cards() {
  for (const old of document.querySelectorAll(".card")) old.remove();
  $("hint").hidden = pins.length || current || line;
  if (line?.found) {
    const box = card(`${wordsOf(state.measure)} along the line`, "Remove", () => { line = null; cards(); redraw(); }), canvas = element("canvas"), f = line.found, empty = f.outcome.every((o) => o === 2) ? "all diverged" : undefined, lost = empty ? `: ${empty}` : "";
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `${wordsOf(state.measure)} at ${f.x.length} points along the line${lost}`); box.append(canvas);
    chart(canvas, f.x.map((_, i) => i), [f.measures[state.measure]], style(), { log: f.measures[state.measure].every((v) => !(v < 0)), whole: true, label: "points along the line", empty });
    if (f.losses.length) { // a column of dots a point
      const dots = element("canvas"); dots.setAttribute("role", "img"); dots.setAttribute("aria-label", `The last ${f.losses[0].length} losses of each point along the line: one where it settles, several where it oscillates`); box.append(dots);
      chart(dots, f.x.map((_, i) => i), f.losses[0].map((_, k) => f.losses.map((one) => one[k])), style(), { label: `the last ${f.losses[0].length} losses`, dots: true, empty });
    }
    box.append(element("div", `from ${f.x[0]}, ${f.y[0]} to ${f.x.at(-1)}, ${f.y.at(-1)}; ${f.outcome.filter((o) => o === 2).length} of ${f.x.length} diverged`));
  }
  const shown = [...pins.map((p, k) => [p, "Point " + "AB"[k], "Unpin", () => { pins.splice(k, 1); cards(); redraw(); remember(); }])];
  if (current) shown.push([current, "Point", "Pin", pin]);
  for (const [p, title, button, press] of shown) {
    const f = p.found, box = card(`${title}: ${facts.outcomes[f.outcome[0]]}`, button, press), canvas = element("canvas"), list = element("dl");
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `Loss curve, ${facts.outcomes[f.outcome[0]]}, final loss ${short(f.measures.final_loss[0])}; grey: its neighbours`);
    box.append(canvas); chart(canvas, f.steps, f.losses, style(), { label: "step; grey: its neighbours" });
    if (f.learnt) { const l = element("canvas", "", "learnt"); l.setAttribute("role", "img"); l.setAttribute("aria-label", "What the network has learnt: its first output over its two inputs"); box.append(element("div", "its first output over its two inputs"), l); learnt(l, f.learnt, style()); }
    for (const [name, value] of [[state.x.axis, f.x[0]], [state.y.axis, f.y[0]], ...Object.entries(f.measures).map(([n, v]) => [n, short(v[0])])]) list.append(element("dt", wordsOf(name)), element("dd", String(value)));
    box.append(list);
  }
}
function pin() { if (!current) return; pins = [...pins, current].slice(-2); current = null; cards(); redraw(); remember(); }

async function along() { // the measure at 200 points of the map's lattice along the line
  const levels = [levelOf(state.x, zoomOf(state.x, state.lx, state.cx), SIDE), levelOf(state.y, zoomOf(state.y, state.ly, state.cy), SIDE)], points = [];
  const top = [lastOf(state.x, levels[0]), lastOf(state.y, levels[1])], clip = (i, a) => String(i < 0n ? 0n : i > top[a] ? top[a] : i);
  for (let k = 0n; k < 200n; k++) points.push([0, 1].map((a) => clip((line.from[a] + (line.to[a] - line.from[a]) * k / 199n) >> (FIX - BigInt(levels[a])), a)));
  tell("training along the line…");
  const drawn = line;
  drawn.found = await attempt(async () => (await post("points", { view: view(), levels, last: true, points: points.filter((p, k) => !k || p.join() !== points[k - 1].join()) })).json());
  if (line !== drawn) return;
  if (line.found) tell(""); cards(); redraw();
}

// ---- state in the address, files

function hash() {
  const w = (one) => [one.axis, one.spacing, one.low, one.high].join(":"), found = new URLSearchParams({ x: w(state.x), y: w(state.y), at: `${state.cx.toString(16)},${state.cy.toString(16)}`, zoom: `${state.lx.toFixed(4)},${state.ly.toFixed(4)}`, size: `${area().width}x${area().height}`, colour: `${state.measure}:${state.scale}`, with: JSON.stringify(state.others) });
  if (pins.length) found.set("pins", pins.map((p) => [...p.levels, p.i, p.j].join(".")).join(","));
  return "#" + found;
}
function remember() { if (facts && location.hash !== hash()) history.pushState(null, "", hash()); if (!recolour) recoloured(); }
function initial() {
  const { x, y, others, measures, scale } = facts.first;
  return { x, y, others: { ...others }, cx: HALF, cy: HALF, lx: 9, ly: 9, measure: measures[0], scale };
}
function complete(s) { // every other axis of the study has a value
  for (const w of [s.x, s.y]) delete s.others[w.axis];
  for (const [name, values] of Object.entries(facts.values)) if (name !== s.x.axis && name !== s.y.axis && !(name in s.others)) s.others[name] = values[0];
}
const number = (text) => text.trim() && isFinite(text) ? +text : text; // what is none is sent as it is, for the server says what is wrong
const allowed = (view) => attempt(() => post("study-file", { view, x: { level: 0, first: 0, num: 1 }, y: { level: 0, first: 0, num: 1 } }));
async function restore(text) { // what an address says, as far as it can be read
  let p = new URLSearchParams(text.replace(/^#/, "")), found = initial();
  const w = (name) => { const parts = (p.get(name) || "").split(":"); if (parts.length === 4 && facts.windows.some((one) => one.axis === parts[0])) found[name] = { axis: parts[0], spacing: parts[1], low: number(parts[2]), high: number(parts[3]) }; };
  w("x"); w("y");
  try { found.others = { ...JSON.parse(p.get("with") || "{}") }; } catch { /* then the first values */ }
  for (const name of Object.keys(found.others)) if (!(name in facts.values) && !facts.fixed.includes(name)) delete found.others[name];
  complete(found);
  const first = initial(), asks = ({ x, y, others }) => ({ x, y, others }); complete(first);
  if (JSON.stringify(asks(found)) !== JSON.stringify(asks(first)) && !await allowed(asks(found)) && trouble?.refused) { found = first; p = new URLSearchParams(); } // the whole map, and why
  const [measure, scale] = (p.get("colour") || "").split(":");
  if (facts.measures.some((m) => m.name === measure)) found.measure = measure;
  if (["sides", "rank", "log", "linear", "outcome"].includes(scale)) found.scale = scale;
  state = found; controls(); // first, for they take room
  const at = /^([0-9a-f]{1,20}),([0-9a-f]{1,20})$/.exec(p.get("at") || ""), zoom = (p.get("zoom") || "").split(",").map(Number), size = (p.get("size") || "").split("x").map(Number);
  if (at && zoom.length === 2 && zoom.every((z) => z > 0 && z < 80)) {
    const by = size.length === 2 && size.every((n) => n > 0) ? Math.log2(Math.min(area().width / size[0], area().height / size[1])) : 0;
    Object.assign(state, { cx: BigInt("0x" + at[1]), cy: BigInt("0x" + at[2]), lx: zoom[0] + by, ly: zoom[1] + by });
  } else { const { width, height } = area(); Object.assign(state, { lx: Math.log2(width), ly: Math.log2(height) }); }
  bound(); const wanted = (p.get("pins") || "").split(",").filter(Boolean).slice(0, 2); pins = []; current = null; line = null;
  for (const one of wanted) if (/^\d{1,2}(\.\d{1,20}){3}$/.test(one)) repin(one.split(".")); else fault(`pins: ${one} is no point of a map`, true);
  shown = area(); respecified(); cards();
}
let shown = null, viewed = "";
async function repin([lx, ly, i, j]) {
  const key = JSON.stringify(view()), found = await attempt(async () => (await post("points", { view: view(), levels: [+lx, +ly], points: [[i, j]], curves: true })).json());
  if (found && key === viewed) { pins.push({ levels: [+lx, +ly], i: BigInt(i), j: BigInt(j), u: BigInt(i) << (FIX - BigInt(lx)), v: BigInt(j) << (FIX - BigInt(ly)), found }); cards(); redraw(); }
}
function respecified() { // another map: its tiles are others, and so are its points
  const key = JSON.stringify([view(), columns()]), seen = JSON.stringify(view());
  if (seen !== viewed) { viewed = seen; pins = []; current = line = null; cards(); }
  if (key !== specified) { specified = key; tiles = new Map(); failed = new Set(); base = null; domain = null; trained = -1; ask(); onDisk(); }
  redraw(); ask();
}

function download(name, parts, type) { const a = document.createElement("a"); a.href = URL.createObjectURL(new Blob(parts, { type })); a.download = name; a.click(); setTimeout(() => URL.revokeObjectURL(a.href), 10000); tell(`${name}: saved by the browser`); }
function extent() { // the lattice points in view, as a study states them
  const { width, height } = area(), of = (w, l, c, low, high) => {
    const level = levelOf(w, zoomOf(w, l, c), SIDE), s = FIX - BigInt(level), top = lastOf(w, level), clip = (i) => i < 0n ? 0n : i > top ? top : i;
    const first = clip(low >> s), num = Number(clip(high >> s) - first) + 1;
    return { level, first: String(first), num: Math.min(num, 4096) };
  };
  return { x: of(state.x, state.lx, state.cx, ux(MARGIN.left), ux(MARGIN.left + width)), y: of(state.y, state.ly, state.cy, uy(MARGIN.top + height), uy(MARGIN.top)) };
}
async function save() {
  const part = extent(), found = await attempt(async () => (await post("study-file", { view: view(), ...part })).json());
  if (found) { window.explorer.saved = found.text; download(`${facts.name}_window.toml`, [found.text], "application/toml"); tell(`${facts.name}_window.toml: ${part.x.num} x ${part.y.num} points; sweep run ${facts.name}_window.toml trains them`); }
}
async function picture() {
  const by = 2, canvas = document.createElement("canvas"), [width, height] = [map.clientWidth, map.clientHeight];
  canvas.width = width * by; canvas.height = (height + 58) * by;
  const c = canvas.getContext("2d"), s = style(); c.scale(by, by); c.fillStyle = s.paper; c.fillRect(0, 0, width, height + 58);
  c.fillStyle = s.ink; c.font = "600 15px system-ui, sans-serif"; c.textBaseline = "top"; c.fillText(facts.title, 12, 10, width - 24); c.translate(0, 32); draw([c, width, height]);
  c.fillStyle = s.soft; c.font = "11px monospace"; c.textAlign = "left"; c.textBaseline = "top"; c.fillText(`${magnified() ? "a part of: " : ""}${facts.command}   ${Object.entries(state.others).map((o) => o.join("=")).join(" ")}`, 12, height + 6, width - 24);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png")); download(`${facts.name}_map.png`, [blob], "image/png");
}

// ---- what is on the disk, and a run that goes on

async function onDisk() {
  const key = specified, answer = await attempt(async () => frameOf(await (await post("results", { view: view(), measures: columns() })).arrayBuffer()));
  if (key !== specified) return;
  if (!answer) { setTimeout(() => key === specified && onDisk(), 8000); return; }
  const grew = answer.trained !== trained, since = performance.now() - seen;
  rate = trained < 0 || (!grew && since > 20000) ? 0 : grew ? (answer.trained - trained) / since * 1000 : rate;
  if (rate > 0 && answer.trained < answer.trials) progress = `run: ${answer.trained.toLocaleString("en")} of ${answer.trials.toLocaleString("en")} trials, ${Number(rate.toPrecision(2)).toLocaleString("en")} a second, ${short(Math.ceil((answer.trials - answer.trained) / rate))} s left`;
  else progress = answer.trained ? `${answer.trained.toLocaleString("en")} of ${answer.trials.toLocaleString("en")} trials on the disk` : "";
  if (grew || trained < 0) { seen = performance.now(); trained = answer.trained; }
  if (answer.across > 1 && answer.up > 1 && grew) {
    const place = (w, values) => { const at = [...values].map((v) => Number(placeOf(w, { u: 0n, value: w.low }, v)) / 2 ** 72), step = (at.at(-1) - at[0]) / (at.length - 1); return at.every((u, i) => Math.abs(u - at[0] - i * step) < step / 4) ? [at[0] - step / 2, at.at(-1) + step / 2].map((u) => BigInt(Math.round(u * 2 ** 52)) << 20n) : null; };
    const x = place(state.x, answer.x), y = place(state.y, answer.y);
    if (x && y) { base = { ...answer, u0: x[0], u1: x[1], v0: y[0], v1: y[1], nx: answer.across / (Number(x[1] - x[0]) / 2 ** 72), ny: answer.up / (Number(y[1] - y[0]) / 2 ** 72), sparse: answer.outcome.includes(-1), image: null }; recoloured(); asked = ""; ask(); }
  }
  work();
  if (answer.trained < answer.trials) setTimeout(() => key === specified && onDisk(), answer.trained ? 2000 : 4000);
}
let seen = 0, rate = 0;

// ---- the controls

function fill(select, entries, chosen) { select.replaceChildren(...entries.map(([value, text]) => { const o = element("option", text); o.value = value; o.selected = value === chosen; return o; })); }
function controls() {
  const axes = facts.windows.map((w) => [w.axis, w.axis]);
  fill($("x"), axes, state.x.axis); fill($("y"), axes, state.y.axis);
  fill($("measure"), facts.measures.map((m) => [m.name, m.words]), state.measure); $("scale").value = state.scale;
  $("others").replaceChildren(...Object.entries(state.others).map(([name, chosen]) => {
    const label = element("label", name + " "), values = facts.values[name] || [chosen], slides = values.length > 8 && values.every((v) => typeof v === "number");
    const input = Object.assign(element(slides ? "input" : "select"), { name: "with " + name }), at = values.indexOf(chosen);
    if (slides) Object.assign(input, { type: "range", min: 0, max: values.length - 1, value: Math.max(at, 0) }); else fill(input, values.map((v, i) => [String(i), String(v)]), String(at));
    const shown = element("span", slides ? " " + short(chosen) : "");
    input.oninput = () => { if (slides) shown.textContent = " " + short(values[input.value]); };
    input.onchange = () => { state.others[name] = values[input.value]; respecified(); remember(); };
    label.append(input, shown); return label;
  }));
  $("ends").replaceChildren(...["x", "y"].map((name) => {
    const w = state[name], label = element("label", w.axis + " "), box = (v) => Object.assign(element("input"), { type: "text", value: v, inputMode: "decimal" }), kind = element("select");
    const [low, high] = [box(w.low), box(w.high)]; [low.name, high.name, kind.name] = ["low", "high", "spacing"].map((n) => `${name} ${n}`); low.setAttribute("aria-label", `${w.axis}, low end`); high.setAttribute("aria-label", `${w.axis}, high end`); kind.setAttribute("aria-label", `${w.axis}, spacing`);
    fill(kind, (w.spacing === "range" ? ["range"] : ["linear", "log"]).map((v) => [v, v]), w.spacing);
    label.append(low, " to ", high, " ", kind); label.dataset.of = name; return label;
  }));
}
function chooseAxis(name, axis) {
  const other = name === "x" ? "y" : "x", window = facts.windows.find((w) => w.axis === axis);
  if (state[other].axis === axis) state[other] = state[name];
  state[name] = window; complete(state); respecified(); controls(); whole();
}
$("x").onchange = (e) => chooseAxis("x", e.target.value);
$("y").onchange = (e) => chooseAxis("y", e.target.value);
$("measure").onchange = (e) => { state.measure = e.target.value; respecified(); cards(); remember(); };
$("scale").onchange = (e) => { state.scale = e.target.value; respecified(); recoloured(); remember(); };
$("apply").onclick = async () => {
  const next = {};
  for (const label of $("ends").children) { const [low, high, kind] = label.querySelectorAll("input, select"); next[label.dataset.of] = { ...state[label.dataset.of], low: number(low.value), high: number(high.value), spacing: kind.value }; }
  if (await allowed({ ...view(), ...next })) { Object.assign(state, next); respecified(); whole(); }
};
$("home").onclick = whole; $("save").onclick = save; $("picture").onclick = picture;
$("line").onclick = () => { lining = !lining; if (lining) line = null; $("line").setAttribute("aria-pressed", lining); tell(lining ? "Draw a line across the map; or go to its ends with the arrow keys, and press Enter at each." : ""); redraw(); };
function end() { // an end of a line, by the keyboard
  if (!line) { line = { from: [state.cx, state.cy], to: [state.cx, state.cy] }; tell("The line begins here; go to its other end and press Enter."); return redraw(); }
  line.to = [state.cx, state.cy]; $("line").onclick(); along();
}
$("tour").onchange = (e) => { const place = facts.places[e.target.value]; if (place) visit(place); };
function visit(place) { // shares of the first window, and how many times it is halved along each axis
  restore(place.colour ? "colour=" + place.colour : ""); const { width, height } = area(), [u, v] = place.at.map((share) => BigInt(Math.round(share * 2 ** 53)) << FIX - 53n);
  Object.assign(state, { cx: u, cy: v, lx: Math.log2(width) + place.zoom[0], ly: Math.log2(height) + place.zoom[1] });
  moved(); controls(); remember(); tell(place.words);
}
$("controls").onsubmit = (e) => e.preventDefault();

// ---- hands: pointers, wheel, keys

const fingers = new Map(); let drag = null;
const spotOf = (e) => { const r = map.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
function zoom(x, y, by, both = "xy") {
  const [u, v] = [ux(x), uy(y)];
  if (both.includes("x")) state.lx += by; if (both.includes("y")) state.ly += by;
  bound();
  state.cx += u - ux(x); state.cy += v - uy(y); moved();
}
map.onpointerdown = (e) => {
  map.setPointerCapture(e.pointerId); const at = spotOf(e); fingers.set(e.pointerId, at);
  if (lining) line = { from: [ux(at[0]), uy(at[1])], to: [ux(at[0]), uy(at[1])] };
  drag = { at, start: at, moving: false, many: fingers.size > 1 || drag?.many };
};
map.onpointermove = (e) => {
  const at = spotOf(e); pointer = at;
  if (!fingers.has(e.pointerId)) { hover(...at); return; }
  const before = fingers.get(e.pointerId); fingers.set(e.pointerId, at);
  if (fingers.size === 2) {
    const [other] = [...fingers].filter(([id]) => id !== e.pointerId).map(([, p]) => p), apart = (p) => Math.max(Math.hypot(p[0] - other[0], p[1] - other[1]), 10);
    const middle = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
    state.cx -= deep((at[0] - before[0]) / 2, state.lx); state.cy += deep((at[1] - before[1]) / 2, state.ly);
    zoom(...middle, Math.log2(apart(at) / apart(before)));
  } else if (line && lining) { line.to = [ux(at[0]), uy(at[1])]; redraw(); } else if (drag && (drag.moving || Math.hypot(at[0] - drag.start[0], at[1] - drag.start[1]) > 3)) {
    drag.moving = true; state.cx -= deep(at[0] - before[0], state.lx); state.cy += deep(at[1] - before[1], state.ly); moved();
  }
};
map.onpointerup = map.onpointercancel = (e) => {
  fingers.delete(e.pointerId); const at = spotOf(e);
  if (lining && line) { $("line").onclick(); along(); } else if (drag && !drag.moving && !drag.many && e.type === "pointerup") { clearTimeout(tapped); tapped = setTimeout(() => look(...at), 220); }
  if (!fingers.size) { drag = null; ask(); }
};
let tapped = 0;
map.ondblclick = (e) => { clearTimeout(tapped); zoom(...spotOf(e), e.shiftKey ? -1 : 1); };
map.addEventListener("wheel", (e) => { e.preventDefault(); const delta = (e.deltaY || e.deltaX) * (e.deltaMode ? 16 : 1); zoom(...spotOf(e), -Math.max(-200, Math.min(delta, 200)) / 200, e.shiftKey ? "x" : e.altKey ? "y" : "xy"); }, { passive: false });
map.onkeydown = (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const a = area(), [x, y] = [MARGIN.left + a.width / 2, MARGIN.top + a.height / 2], far = e.shiftKey ? 10 : 80;
  const act = { ArrowLeft: () => { state.cx -= deep(far, state.lx); }, ArrowRight: () => { state.cx += deep(far, state.lx); }, ArrowUp: () => { state.cy += deep(far, state.ly); }, ArrowDown: () => { state.cy -= deep(far, state.ly); },
    "+": () => zoom(x, y, 1), "=": () => zoom(x, y, 1), "-": () => zoom(x, y, -1), _: () => zoom(x, y, -1), 0: whole, Home: whole, Enter: () => lining ? end() : look(x, y), p: pin, P: pin, l: $("line").onclick, L: $("line").onclick }[e.key];
  if (!act) return;
  e.preventDefault(); act(); if (e.key.startsWith("Arrow")) moved();
  if (!lining && e.key !== "Enter" && !limit) hover(x, y);
};
map.onfocus = map.onblur = redraw;
new ResizeObserver(() => { // what is in view stays in view
  if (!shown) return;
  const before = shown; shown = area();
  state.lx += Math.log2(shown.width / before.width); state.ly += Math.log2(shown.height / before.height);
  bound(); redraw(); ask();
}).observe(map);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { styled = null; redraw(); cards(); });
addEventListener("popstate", () => facts && restore(location.hash));

// ---- the start

async function start() {
  const p = new URLSearchParams(location.hash.slice(1));
  if (p.get("token")) { localStorage.setItem("sweep-token", p.get("token")); p.delete("token"); history.replaceState(null, "", p.size ? "#" + p : location.pathname); }
  const answer = await attempt(async () => { const first = await study; return (first.ok ? first : await post("study")).arrayBuffer(); });
  if (!answer) return;
  facts = frameOf(answer);
  document.title = `${facts.name}: sweep explore`; $("title").textContent = facts.title;
  $("tour-label").hidden = !facts.places.length; fill($("tour"), [["", "choose…"], ...facts.places.map((one, i) => [String(i), one.name])], "");
  await restore(location.hash);
  const { x, y, others, measures } = facts.first;
  if (facts.end < answer.byteLength && specified === JSON.stringify([{ x, y, others }, measures])) take(frameOf(answer, facts.end));
  history.replaceState(null, "", hash()); clearTimeout(timer); asking();
}
start();

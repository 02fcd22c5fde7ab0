"use strict";
// The page in motion. Of a scene there is, in DATA, what Python knew at the point that the page was
// made for; elsewhere LIVE[k](x), made by gradcalc's code generator, gives the value of every part
// and the slope of every edge, and the sweep back over them is the few lines of `sweep`.

const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = DATA.words;

const say = (key, filled = {}) =>
  WORDS[`js_${key}`].replace(/\{(\w+)\}/g, (_, name) => filled[name]);

const same = (a, b) => a.length === b.length && a.every((x, k) => Object.is(x, b[k]));
const sum = (numbers) => numbers.reduce((total, x) => total + x, 0);

// A number of six digits, as gradcalc's tables have them.
function shown(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const short = rounded(x);
  const [digits, power] = short.toExponential().split("e");
  const exponent = Number(power);
  const most = short === x ? 16 : 6;
  if (exponent >= -4 && exponent < most) return plain(digits, exponent);
  return `${digits}e${exponent}`;
}

// To six digits as C and Python do it: what lies exactly between two goes to the even one.
function rounded(x) {
  const [, first, rest, power] = x.toExponential(60).match(/^(-?\d\.\d{5})(\d+)e(.*)$/);
  const tie = /^50*$/.test(rest) && "02468".includes(first.at(-1));
  return tie ? Number(`${first}e${power}`) : Number(x.toPrecision(6));
}

// Digits like -1.25 times ten to the power of exponent, without an e.
function plain(digits, exponent) {
  const sign = digits.startsWith("-") ? "-" : "";
  const all = digits.replace(/[-.]/g, "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${all}`;
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = all.slice(exponent + 1);
  return sign + whole + (rest && `.${rest}`);
}

// All digits, as Python would read them.
function exact(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Object.is(x, -0) ? "-0" : String(x);
}

// A number, or some and pi multiplied and divided: pi/4.
function read(text) {
  const one = (piece) => piece ? Number(piece.replace(/(?<=^-?)(pi|π)$/, Math.PI)) : NaN;
  const [first, ...more] = text.replace(/\s/g, "").split(/(?=[*/])/);
  return more.reduce((x, [sign, ...rest]) => {
    const y = one(rest.join(""));
    return sign === "*" ? x * y : x / y;
  }, one(first));
}

const factor = (x) => (shown(x).startsWith("-") ? `(${shown(x)})` : shown(x));

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function put(data, x) {
  data.value = exact(x);
  data.textContent = data.classList.contains("factor") ? factor(x) : shown(x);
}

// --- the mathematics -----------------------------------------------------------------------------

// What is to be known of a scene: numbers, and the way back.
class Mathematics {
  constructor(data, live) {
    this.data = data;
    this.live = live;
    for (const key of ["x", "v", "value", "grad"]) data[key] = data[key].map(Number);
    data.J = data.J.map((row) => row.map(Number));
    this.edges = data.edges.map(([from, to, slope, formula, selects]) => (
      { from, to, formula, selects, slope: Number(slope) }));
    this.below = data.parts.map(() => []);
    this.edges.forEach((edge, k) => this.below[edge.from].push(k));
    this.atHome();
  }

  // The numbers that Python wrote down.
  atHome() {
    this.home = true;
    this.x = this.data.x;
    this.values = this.data.parts.map((part) => Number(part[3]));
    this.slopes = this.edges.map((edge) => edge.slope);
    this.outputs = this.data.value;
    this.jacobian = this.data.J;
  }

  move(x) {
    if (same(x, this.data.x)) return this.atHome();
    const found = this.live(Float64Array.from(x)), parts = this.data.parts.length;
    this.home = false;
    this.x = x;
    this.values = Array.from(found.slice(0, parts));
    this.slopes = Array.from(found.slice(parts), (slope, k) =>
      (Number.isNaN(this.values[this.edges[k].from]) ? NaN : slope));
    this.outputs = this.data.ends.map((end, i) => (end < 0 ? this.data.value[i] : this.values[end]));
    this.jacobian = this.data.outputs.map((_, i) =>
      this.gradient(this.sweep(this.data.outputs.map((_, k) => (k === i ? 1 : 0)))));
  }

  // What arrives at each part, from the outputs' weights v down; nothing flows out of a weight 0,
  // nor into a branch that is not taken.
  sweep(v) {
    const arrived = this.data.parts.map(() => []);
    this.data.ends.forEach((end, i) => {
      if (end >= 0 && v[i] !== 0) arrived[end].push({ output: i, number: v[i] });
    });
    for (let part = arrived.length - 1; part >= 0; part--) {
      if (!arrived[part].length) continue;
      const cotangent = sum(arrived[part].map((one) => one.number));
      for (const k of this.below[part]) {
        if (this.taken(k)) {
          arrived[this.edges[k].to].push({ edge: k, number: cotangent * this.slopes[k] });
        }
      }
    }
    return arrived;
  }

  taken(k) {
    return !(this.edges[k].selects && this.slopes[k] === 0);
  }

  gradient(arrived) {
    return this.data.variables.map((_, j) => sum(arrived[j].map((one) => one.number)));
  }

  // vᵀJ.
  vjp(v, arrived) {
    return this.home && same(v, this.data.v) ? this.data.grad : this.gradient(arrived);
  }
}

// --- a scene on the page -------------------------------------------------------------------------

class Scene {
  constructor(root, k) {
    this.root = root;
    this.k = k;
    this.data = DATA.scenes[k];
    const live = LIVE[k];
    this.maths = new Mathematics(this.data, live);
    this.x = [...this.data.x];
    this.v = [...this.data.v];
    const copy = (id) => document.getElementById(id).content.cloneNode(true);
    this.find(".sweep").before(copy("player"));
    this.find("details").open = true;
    this.root.append(copy("torch"));
    this.makeKnobs(live);
    this.player = new Player(this);
    this.torch = new Torch(this);
    this.renew();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  makeKnobs(live) {
    const point = this.find(".point"), weights = this.find(".weights");
    this.knobs = [];
    if (live) {
      this.data.variables.forEach((name, j) => {
        const reach = Math.max(2 * Math.abs(this.x[j]), 2);
        this.knob(point, name, this.x, j, this.x[j] - reach, this.x[j] + reach);
      });
    } else {
      point.append(element("p", { textContent: say("fixed", { why: this.data.fixed }) }));
    }
    this.data.outputs.forEach((name, i) => {
      const reach = Math.max(2, Math.abs(this.v[i]));
      this.knob(weights, say("weight_of", { name }), this.v, i, -reach, reach);
    });
    for (const button of this.all("[data-v]")) {
      button.addEventListener("click", () => this.set({ v: JSON.parse(button.dataset.v) }));
    }
    this.find("[data-reset]").addEventListener("click", () => this.set(this.data));
  }

  // A slider and a field for one number. The number itself is in `numbers`: a slider would round
  // it to 15 digits.
  knob(place, name, numbers, k, min, max) {
    const id = `k${this.k}-${place.className}-${k}`;
    const field = element("input", { type: "text", inputMode: "decimal", id, autocomplete: "off" });
    const slider = element("input", { type: "range", min, max, step: "any", ariaLabel: say("slider", { name }) });
    const label = element("label", { htmlFor: id, className: "mono", textContent: name });
    place.append(element("div", { className: "knob" }, label, slider, field));
    slider.addEventListener("input", () => this.turn(numbers, k, Number(slider.value)));
    field.addEventListener("change", () => {
      const text = field.value.trim(), number = read(text);
      const good = Number.isFinite(number);
      field.setAttribute("aria-invalid", !good);
      this.find(".problem[role=status]").textContent = good ? "" : say("not_a_number", { text: text || name });
      if (good) this.turn(numbers, k, number);
    });
    this.knobs.push({ numbers, k, field, slider });
  }

  turn(numbers, k, number) {
    numbers[k] = number;
    this.renew(numbers === this.x);
  }

  set({ x = this.x, v = this.v }) {
    const moved = !same(x, this.x);
    x.forEach((number, k) => { this.x[k] = number; });
    v.forEach((number, k) => { this.v[k] = number; });
    this.renew(moved);
  }

  // Everything that follows from x and v.
  renew(moved = false) {
    if (moved) this.maths.move([...this.x]);
    const maths = this.maths, v = this.v;
    this.arrived = maths.sweep(v);
    this.gradient = maths.vjp(v, this.arrived);
    this.total = sum(v.map((weight, i) => weight * maths.outputs[i]));
    for (const { numbers, k, field, slider } of this.knobs) {
      if (document.activeElement !== field || Number(field.value) !== numbers[k]) field.value = exact(numbers[k]);
      if (document.activeElement !== slider) slider.value = numbers[k];
      slider.setAttribute("aria-valuetext", exact(numbers[k]));
    }
    this.renewAnswer();
    this.player.renew();
    this.torch.renew(moved);
  }

  // The numbers of the answer, in the order in which they stand there.
  renewAnswer() {
    const { maths, v, gradient } = this, { jacobian, outputs } = maths;
    const fill = (selector, numbers) => this.all(`${selector} data`).forEach((data, k) => put(data, numbers[k]));
    fill(".total", [...v.flatMap((weight, i) => [weight, outputs[i]]), this.total]);
    fill(".rows", v.flatMap((weight, i) => [weight, outputs[i], ...jacobian[i]]));
    fill(".product", [...v, ...jacobian.flat(), ...gradient]);
    fill(".sums", gradient.flatMap((slope, j) => [...v.flatMap((weight, i) => [weight, jacobian[i][j]]), slope]));
    for (const rows of [this.all(".rows tbody tr"), this.all("[aria-label=J] tr")]) {
      rows.forEach((row, i) => { row.className = v[i] === 0 ? "left" : "picked"; });
    }
  }
}

// --- forward and backward, step by step ----------------------------------------------------------

class Player {
  constructor(scene) {
    this.scene = scene;
    this.at = -1; // behind the last step: everything is shown
    this.list = scene.find(".steps");
    this.source = [...scene.find(".source").textContent];
    this.scrub = scene.find(".scrub");
    const boxes = scene.data.parts.length;
    const group = (id) => document.getElementById(`s${scene.k}${id}`);
    this.boxes = scene.data.parts.map((_, k) => group(`n${k}`));
    this.sumBox = group(`n${boxes}`);
    const arrow = (k) => ({ path: group(`e${k}`), slope: group(`w${k}`) });
    this.arrows = scene.data.edges.map((_, k) => arrow(k));
    let next = this.arrows.length;
    this.ends = scene.data.ends.map((end) => (end < 0 ? null : arrow(next++)));
    this.stage = scene.find(".stage");
    this.stage.scrollLeft = (this.stage.scrollWidth - this.stage.clientWidth) / 2;
    this.scrub.addEventListener("input", () => this.go(Number(this.scrub.value)));
    for (const button of scene.all("[data-go]")) {
      button.addEventListener("click", () => this.press(button.dataset.go));
    }
    scene.find(".player").addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const tag = event.target.tagName;
    const what = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play" }[event.key];
    if (!what || tag === "INPUT" || ((tag === "BUTTON" || tag === "SUMMARY") && event.key === " ")) return;
    event.preventDefault();
    this.press(what);
  }

  press(what) {
    if (what === "play") return this.timer ? this.stop() : this.play();
    this.stop();
    const last = this.steps.length - 1, at = this.at < 0 ? last : this.at;
    this.go({ first: 0, back: Math.max(0, at - 1), next: Math.min(last, at + 1), last }[what]);
  }

  play() {
    if (this.at < 0 || this.at >= this.steps.length - 1) this.go(0);
    this.scene.find("[data-go=play]").textContent = say("pause");
    this.timer = setInterval(() => {
      if (this.at >= this.steps.length - 1) this.stop();
      else this.go(this.at + 1);
    }, 900);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.scene.find("[data-go=play]").textContent = say("play");
  }

  // The steps anew: the text of each, and what of the picture it is about.
  renew() {
    const { scene } = this, { data, maths, arrived, v } = scene;
    const label = (part) => data.parts[part][0];
    const cotangent = (part) => sum(arrived[part].map((one) => one.number));
    const steps = [];
    for (let part = data.variables.length; part < data.parts.length; part++) {
      steps.push({ forward: true, part, text: `${label(part)} = ${shown(maths.values[part])}` });
    }
    v.forEach((weight, output) => {
      if (weight !== 0) {
        const text = `Σ → ${data.outputs[output]}: 1 × ${factor(weight)} = ${shown(weight)}`;
        steps.push({ part: data.ends[output], output, text });
      }
    });
    for (let part = data.parts.length - 1; part >= 0; part--) {
      const terms = arrived[part];
      if (!terms.length) continue;
      if (terms.length > 1) {
        const added = `${terms.map((one) => factor(one.number)).join(" + ")} = ${shown(cotangent(part))}`;
        steps.push({ part, added, text: `${label(part)}: ${added}` });
      }
      for (const k of maths.below[part]) {
        if (!maths.taken(k)) continue;
        const { to, formula } = maths.edges[k], slope = maths.slopes[k];
        const product = `${shown(cotangent(part))} × ${factor(slope)} = ${shown(cotangent(part) * slope)}`;
        const named = formula === shown(slope) ? "" : `   (${formula} = ${shown(slope)})`;
        steps.push({ part, edge: k, to, product, text: `${label(part)} → ${label(to)}: ${product}`, named });
      }
    }
    this.steps = steps;
    this.cotangents = data.parts.map((_, part) => (arrived[part].length ? shown(cotangent(part)) : ""));
    this.scrub.max = steps.length - 1;
    if (this.at >= steps.length) this.at = -1;
    const items = this.list.children;
    while (items.length > steps.length) items[items.length - 1].remove();
    while (items.length < steps.length) this.list.append(element("li"));
    steps.forEach((step, k) => {
      if (items[k].textContent !== step.text) items[k].textContent = step.text;
      items[k].className = step.forward ? "forward" : "backward";
    });
    this.draw();
  }

  go(k) {
    this.at = k;
    this.draw();
    const step = this.steps[k];
    const item = this.list.children[k];
    if (this.list.parentElement.open) this.list.scrollTop = item.offsetTop - this.list.offsetTop - 80;
    const box = this.boxes[step.to ?? step.part] ?? this.sumBox, { stage } = this;
    const { left, right } = box.getBoundingClientRect(), around = stage.getBoundingClientRect();
    if (left < around.left || right > around.right) {
      stage.scrollLeft += (left + right) / 2 - (around.left + around.right) / 2;
    }
  }

  // The picture, the list and the text as they are at this step; what is still to come is dim.
  draw() {
    const { scene, steps, at } = this, { data, maths, v } = scene;
    const now = at < 0 ? undefined : steps[at], until = at < 0 ? steps.length - 1 : at;
    const valued = new Set(data.variables.keys()), reached = new Set(), passed = new Map(), seeded = new Set();
    for (let k = 0; k <= until; k++) {
      const step = steps[k];
      if (step.forward) valued.add(step.part);
      else if (step.output !== undefined) { seeded.add(step.output); reached.add(step.part); }
      else if (step.edge !== undefined) { passed.set(step.edge, step); reached.add(step.to); }
    }
    this.boxes.forEach((box, part) => {
      const known = valued.has(part);
      box.querySelector(".value").textContent = known ? shown(maths.values[part]) : "";
      const met = now?.added && now.part === part && now.added.length <= 24 ? now.added : "";
      box.querySelector(".cotangent").textContent = met || (reached.has(part) ? this.soFar(part, until) : "");
      box.classList.toggle("now", now !== undefined && (now.part === part || now.to === part));
      box.classList.toggle("later", !known);
      if (met) box.parentNode.append(box); // it is wider than the box
    });
    const allForward = steps.every((step, k) => !step.forward || k <= until);
    this.sumBox.querySelector(".value").textContent = allForward ? shown(scene.total) : "";
    this.sumBox.querySelector(".cotangent").textContent = seeded.size ? "1" : "";
    this.sumBox.classList.toggle("now", now?.output !== undefined);
    this.arrows.forEach((arrow, k) => {
      const step = passed.get(k), slope = maths.slopes[k], current = now?.edge === k;
      const times = maths.taken(k) && slope !== 1 ? `×${shown(Number(slope.toPrecision(4)))}` : "";
      this.label(arrow, current ? step.product : at < 0 || step ? times : "", current);
    });
    this.ends.forEach((arrow, i) => {
      if (!arrow) return;
      const current = now?.output === i;
      const times = v[i] === 1 ? "" : `×${shown(v[i])}`;
      this.label(arrow, current ? `1 × ${factor(v[i])} = ${shown(v[i])}` : times, current);
    });
    if (now && !now.forward && !now.added) this.clear();
    this.list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    if (now) this.list.children[at].setAttribute("aria-current", "step");
    this.scrub.value = until;
    this.scrub.setAttribute("aria-valuetext", now?.text ?? "");
    const said = scene.find(".said"), text = this.sentence(now);
    if (said.textContent !== text) said.textContent = text; // what is the same is not said again
    this.mark(now);
  }

  sentence(now) {
    const n = this.steps.length;
    if (!now) return say("whole", { n });
    const what = say(now.forward ? "forward" : "backward");
    return say("at_step", { k: this.at + 1, n, what, text: now.text + (now.named ?? "") });
  }

  // What stands on an arrow.
  label({ path, slope }, text, current) {
    slope.textContent = text;
    for (const one of [path, slope]) one.classList.toggle("now", current);
    if (current) this.onTop = slope;
  }

  // The label of this step lies on all others; where another would show beside it, that is left out.
  clear() {
    const top = this.onTop, place = (one, axis) => Number(one.getAttribute(axis));
    top.parentNode.append(top);
    for (const { slope } of [...this.arrows, ...this.ends.filter(Boolean)]) {
      const room = 4 * (slope.textContent.length + top.textContent.length) + 8;
      const apart = Math.abs(place(slope, "x") - place(top, "x"));
      if (slope !== top && apart < room && Math.abs(place(slope, "y") - place(top, "y")) < 16) slope.textContent = "";
    }
  }

  // The sum of what has arrived at a part by this step.
  soFar(part, until) {
    if (until >= this.steps.length - 1) return this.cotangents[part];
    let total = 0;
    for (let k = 0; k <= until; k++) {
      const step = this.steps[k];
      if (step.output !== undefined && step.part === part) total += this.scene.v[step.output];
      if (step.edge !== undefined && step.to === part) {
        total += this.scene.arrived[part].find((one) => one.edge === step.edge).number;
      }
    }
    return shown(total);
  }

  // The step in the user's own text: the part, and in it the operand that it passes something to.
  mark(now) {
    const place = this.scene.find(".follow"), text = this.source;
    const spans = now ? [now.part, now.to].map((part) => this.scene.data.parts[part]).filter(Boolean) : [];
    const inside = (k, span) => span && span[1] <= k && k < span[2];
    place.replaceChildren();
    for (let k = 0; k < text.length;) {
      const depth = (j) => (inside(j, spans[1]) || (spans.length === 1 && inside(j, spans[0])) ? 2 : inside(j, spans[0]) ? 1 : 0);
      let end = k;
      while (end < text.length && depth(end) === depth(k)) end++;
      const piece = text.slice(k, end).join("");
      place.append(depth(k) ? element("mark", { className: depth(k) === 2 ? "now" : "around", textContent: piece }) : piece);
      k = end;
    }
  }
}

// --- PyTorch's calls -----------------------------------------------------------------------------

const IMPLICIT = "RuntimeError: grad can be implicitly created only for scalar outputs";
const SECOND_TIME = "RuntimeError: Trying to backward through the graph a second time (or directly "
  + "access saved tensors after they have already been freed). Saved intermediate values of the "
  + "graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you "
  + "need to backward through the graph a second time or if you need to access saved tensors after "
  + "calling backward.";

class Torch {
  constructor(scene) {
    this.scene = scene;
    this.log = scene.find(".log");
    for (const button of scene.all("[data-call]")) {
      button.addEventListener("click", () => this[button.dataset.call]());
    }
    const copy = scene.find("[data-copy]");
    copy.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(scene.find(".code").textContent);
      copy.textContent = say("copied");
    });
    this.anew();
  }

  anew() {
    this.grad = null;
    this.freed = false;
    this.calls = [];
  }

  // A moved point is a new leaf, and its graph a new graph.
  renew(moved) {
    if (moved) {
      this.anew();
      const text = say("new_leaf"), last = this.log.lastChild;
      if (last && last.textContent !== text) this.tell(text);
    }
    this.show();
  }

  tell(text, bad = false) {
    this.log.append(element("p", { textContent: text, className: bad ? "problem" : "" }));
    this.log.scrollTop = this.log.scrollHeight;
  }

  // Without an argument: one output takes v = 1, several refuse.
  bare() {
    const { data } = this.scene;
    if (data.outputs.length > 1) {
      this.fail("y.backward()", IMPLICIT, "give_v");
      return;
    }
    this.scene.set({ v: [1] });
    this.backward("");
  }

  backward(given = tensor(this.scene.v)) {
    const { gradient, data } = this.scene;
    const retain = this.scene.find(".retain").checked;
    const call = `y.backward(${[given, ...(retain ? ["retain_graph=True"] : [])].filter(Boolean).join(", ")})`;
    if (this.freed && data.saves) {
      this.fail(call, SECOND_TIME, "what_to_do");
      return;
    }
    this.grad = gradient.map((number, j) => (this.grad ? this.grad[j] + number : number));
    this.freed = !retain;
    this.v = [...this.scene.v];
    this.calls.push(call);
    this.tell(`${call}  →  x.grad = [${this.grad.map(shown).join(", ")}]`);
    this.show();
  }

  // What PyTorch would say, and what to do; in the code the call is a remark.
  fail(call, error, advice) {
    this.tell(`${call}: ${error}`, true);
    this.tell(say(advice), true);
    this.calls.push(`# ${call}  # ${error.split(/[:.]/).slice(0, 2).join(":")}`);
    this.show();
  }

  empty() {
    this.grad = null;
    this.calls.push("x.grad = None");
    this.tell(say("emptied"));
    this.show();
  }

  forward() {
    this.freed = false;
    this.calls.push(...this.scene.data.code);
    this.tell(say("fresh"));
    this.show();
  }

  show() {
    const { data, x, v } = this.scene;
    const grad = this.scene.find(".grad");
    grad.textContent = this.grad ? `[${this.grad.map(shown).join(", ")}]` : "None";
    const stale = this.grad && !same(this.v, v);
    this.scene.find(".stale").textContent = !this.grad ? say("no_call")
      : stale ? say("stale", { v: `(${v.map(shown).join(", ")})` }) : "";
    const point = `x = torch.tensor([${x.map(python).join(", ")}], dtype=torch.float64, requires_grad=True)`;
    const calls = this.calls.length ? this.calls : [`y.backward(${tensor(v)})`];
    const lines = data.code.length ? ["import torch", "", point, ...data.code, ...calls, "print(x.grad)"] : [];
    this.scene.find(".code").textContent = lines.join("\n") || say("no_code");
  }
}

const python = (x) => (Number.isFinite(x) ? (Number.isInteger(x) && Math.abs(x) < 1e16 ? `${exact(x)}.` : exact(x)) : `float("${exact(x)}")`);

function tensor(v) {
  const numbers = v.map(python).join(", ");
  return `torch.tensor(${v.length > 1 ? `[${numbers}]` : numbers}, dtype=torch.float64)`;
}

// --- the tabs ------------------------------------------------------------------------------------

const roots = [...document.querySelectorAll(".scene")];
const links = [...document.querySelectorAll(".tabs a")];
const scenes = [];

// Show a scene; it is brought to life when it is first seen.
function choose(k) {
  roots.forEach((root, i) => { root.hidden = i !== k; });
  links.forEach((link) => {
    if (link.hash === `#s${k}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  scenes[k] ??= new Scene(roots[k], k);
}

links.forEach((link) => link.addEventListener("click", (event) => {
  event.preventDefault();
  choose(Number(link.hash.slice(2)));
}));
document.documentElement.classList.add("js");
choose(0);

// The frame of every figure one can touch: handles, keys, scales, a pen. README.md beside this file tells how to use it.
(() => {
  if (window.lossbook) return;
  const SVG = "http://www.w3.org/2000/svg";
  const TOUCH = 44; // side of the area that takes a finger, in pixels

  const element = (tag, attributes = {}, children = []) => {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const mapValues = (object, f) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value, key)]));
  const nearest = (places, value) =>
    places.reduce((best, place, i) => (Math.abs(place - value) < Math.abs(places[best] - value) ? i : best), 0);

  // ---- numbers and scales

  const number = (value, digits = 3) =>
    Number.isFinite(value) ? value.toFixed(digits).replace(/^-(?!0\.?0*$)/, "−").replace(/^-/, "") : "0/0";

  const roundStep = (rough) => {
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].find((m) => m * power >= rough) * power;
  };

  function scale([low, high], [from, to]) {
    const at = (value) => from + ((value - low) / (high - low)) * (to - from);
    at.invert = (pixel) => low + ((pixel - from) / (to - from)) * (high - low);
    at.range = [from, to];
    at.ticks = (count = 5) => {
      const step = roundStep((high - low) / count);
      const digits = Math.max(0, -Math.floor(Math.log10(step)));
      const first = Math.ceil(low / step - 1e-9);
      const last = Math.floor(high / step + 1e-9);
      return Array.from({ length: last - first + 1 }, (_, i) => ({ value: (first + i) * step, text: number((first + i) * step, digits) }));
    };
    return at;
  }

  // ---- a pen draws on one group; colours are names of the book's palette

  const paint = (color) => (color === "none" ? "none" : `var(--lb-${color})`);

  function pen(group) {
    const shape = (tag, geometry, { fill, stroke, width, dash, opacity, ...rest } = {}, children = []) => {
      const look = { ...geometry, ...rest };
      if (fill) look.fill = paint(fill);
      if (stroke) Object.assign(look, { stroke: paint(stroke), "stroke-width": width ?? 1.5 });
      if (dash) look["stroke-dasharray"] = dash;
      if (opacity !== undefined) look["fill-opacity"] = opacity;
      const node = element(tag, look, children);
      group.append(node);
      return node;
    };
    const draw = {
      clear: () => group.replaceChildren(),
      line: (x1, y1, x2, y2, look) => shape("line", { x1, y1, x2, y2 }, { stroke: "ink", ...look }),
      rect: (x, y, width, height, look) => shape("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height) }, look),
      circle: (cx, cy, r, look) => shape("circle", { cx, cy, r }, look),
      path: (d, look) => shape("path", { d }, { fill: "none", ...look }),
      text: (x, y, text, { anchor = "start", color = "ink", ...look } = {}) =>
        shape("text", { x, y, "text-anchor": anchor }, { fill: color, ...look }, [text]),
      axisBelow(x, y, label, count) {
        draw.line(x.range[0], y, x.range[1], y, { stroke: "muted", width: 1 });
        for (const tick of x.ticks(count)) {
          draw.line(x(tick.value), y, x(tick.value), y + 5, { stroke: "muted", width: 1 });
          draw.text(x(tick.value), y + 20, tick.text, { anchor: "middle", color: "muted", class: "tick" });
        }
        draw.text((x.range[0] + x.range[1]) / 2, y + 40, label, { anchor: "middle" });
      },
      axisLeft(y, x, label, count) {
        draw.line(x, y.range[0], x, y.range[1], { stroke: "muted", width: 1 });
        for (const tick of y.ticks(count)) {
          draw.line(x - 5, y(tick.value), x, y(tick.value), { stroke: "muted", width: 1 });
          draw.text(x - 9, y(tick.value) + 4, tick.text, { anchor: "end", color: "muted", class: "tick" });
        }
        draw.text(x, Math.min(...y.range) - 12, label, { anchor: "start" });
      },
      meter(x, y, width, share, mark, look) {
        draw.rect(x, y, width, 10, { fill: "grid", rx: 3 });
        draw.rect(x, y, width * clamp(share, 0, 1), 10, { rx: 3, ...look });
        if (mark !== undefined) draw.line(x + width * mark, y - 4, x + width * mark, y + 14, { stroke: "ink", width: 2 });
      },
    };
    return draw;
  }

  const grip = (draw) => {
    draw.circle(0, 0, 10, { fill: "paper", stroke: "prediction", width: 3 });
    draw.circle(0, 0, 3.5, { fill: "prediction" });
  };

  // ---- one figure on the page

  class Explorable {
    constructor(figure, spec) {
      this.figure = figure;
      this.spec = spec;
      Object.assign(this, JSON.parse(figure.querySelector("script[type='application/json']").textContent));
      this.axes = Object.keys(this.positions);
      this.index = Object.fromEntries(this.axes.map((axis, i) => [axis, this.start[i]]));
      this.build();
      this.resize();
      new ResizeObserver(() => this.resize()).observe(this.stage);
    }

    get at() {
      return mapValues(this.index, (i, axis) => this.positions[axis][i]);
    }

    build() {
      this.stage = this.figure.querySelector(".explorable-stage");
      this.ground = element("g");
      this.handles = this.spec.handles.map((handle) => new Handle(this, handle));
      this.svg = element("svg", { role: "group", "aria-label": this.figure.dataset.alt }, [this.ground, ...this.handles.map((h) => h.node)]);
      this.svg.addEventListener("click", (event) => this.tapped(event));
      this.readout = document.createElement("div");
      this.readout.className = "explorable-readout";
      this.stage.replaceChildren(this.svg, this.readout);
      this.figure.dataset.ready = "";
    }

    resize() {
      const width = Math.round(this.stage.clientWidth) || 640;
      if (width === this.width) return;
      this.width = width;
      this.layout = this.spec.layout(width, this.data, this.positions);
      this.svg.setAttribute("viewBox", `0 0 ${width} ${this.layout.height}`);
      for (const handle of this.handles) handle.dress();
      this.show();
    }

    move(steps) {
      for (const [axis, i] of Object.entries(steps)) this.index[axis] = clamp(i, 0, this.positions[axis].length - 1);
      this.show();
    }

    show() {
      const { at, layout, data, spec } = this;
      const values = spec.compute(at, data);
      const draw = pen(this.ground);
      draw.clear();
      spec.draw(draw, at, layout, data, values);
      const lines = spec.readout(values, at, data);
      this.readout.replaceChildren(...lines.map(readoutItem), hint());
      this.publish(values);
      for (const handle of this.handles) handle.follow(at, lines);
    }

    publish(values) {
      const shown = Object.keys(this.values);
      const number = (name) => values[name] ?? Object.values(values)[0]; // a table of one bare number has no name
      for (const name of shown) this.figure.setAttribute(`data-${name}`, number(name));
      this.figure.setAttribute("data-value", number(shown[0]));
      this.figure.setAttribute("data-index", this.axes.map((axis) => this.index[axis]).join(","));
    }

    pointer(event) {
      const box = this.svg.getBoundingClientRect();
      const zoom = this.width / box.width;
      return { x: (event.clientX - box.left) * zoom, y: (event.clientY - box.top) * zoom };
    }

    tapped(event) {
      if (event.target.closest(".explorable-handle")) return;
      const spot = this.pointer(event);
      const closest = this.handles.reduce((a, b) => (b.distance(spot) < a.distance(spot) ? b : a));
      closest.moveTo(spot);
      closest.node.focus({ preventScroll: true });
    }
  }

  const readoutItem = ({ label, text, color }) => {
    const item = document.createElement("span");
    const value = document.createElement("b");
    value.textContent = text;
    if (color) item.style.color = paint(color);
    item.append(`${label} `, value);
    return item;
  };

  const hint = () => {
    const item = document.createElement("span");
    item.className = "explorable-hint";
    item.textContent = "drag, or use the arrow keys";
    return item;
  };

  // ---- a handle: a slider that stands in the picture and moves along one coordinate or two

  class Handle {
    constructor(figure, spec) {
      Object.assign(this, { figure, spec });
      this.node = element("g", { class: "explorable-handle", tabindex: 0, role: "slider", "aria-label": spec.label });
      const axes = Object.values(spec.moves);
      this.node.dataset.moves = JSON.stringify(spec.moves);
      if (!spec.moves.x) this.node.setAttribute("aria-orientation", "vertical");
      this.main = axes[0];
      // A finger on a handle must not scroll the page; `touch-action` is not heeded inside an SVG.
      this.node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      this.node.addEventListener("pointerdown", (event) => this.grab(event));
      this.node.addEventListener("pointermove", (event) => this.drag(event));
      for (const end of ["pointerup", "pointercancel"]) this.node.addEventListener(end, () => this.release());
      this.node.addEventListener("keydown", (event) => this.key(event));
    }

    dress() {
      const { layout, data } = this.figure;
      this.node.replaceChildren();
      const draw = pen(this.node);
      this.reach = draw.rect(0, 0, 0, 0, { fill: "none", class: "reach", rx: 6 });
      (this.spec.draw ?? grip)(draw, layout, data);
    }

    // What takes a finger may grow and shrink with the position.
    fit(at) {
      const { layout, data } = this.figure;
      const { width, height } = this.spec.reach?.(layout, data, at) ?? { width: TOUCH, height: TOUCH };
      for (const [key, value] of Object.entries({ x: -width / 2, y: -height / 2, width, height })) this.reach.setAttribute(key, value);
    }

    place(at = this.figure.at) {
      return this.spec.place(at, this.figure.layout, this.figure.data);
    }

    distance(spot) {
      const place = this.place();
      return Math.hypot(...Object.keys({ x: 0, y: 0 }).map((k) => spot[k] - place[k]));
    }

    follow(at, lines) {
      const { x, y } = this.place(at);
      const places = this.figure.positions[this.main];
      this.fit(at);
      this.node.setAttribute("transform", `translate(${x} ${y})`);
      this.node.setAttribute("aria-valuemin", Math.min(...places));
      this.node.setAttribute("aria-valuemax", Math.max(...places));
      this.node.setAttribute("aria-valuenow", at[this.main]);
      const here = Object.values(this.spec.moves).map((axis) => Number(at[axis].toPrecision(4)));
      this.node.setAttribute("aria-valuetext", [here.join(", "), ...lines.map(({ label, text }) => `${label} ${text}`)].join("; "));
    }

    moveTo(spot) {
      const { positions, layout, at } = this.figure;
      const from = this.spec.from?.(at, layout) ?? { x: 0, y: 0 };
      const steps = Object.entries(this.spec.moves).map(([way, axis]) => [axis, nearest(positions[axis], layout[way].invert(spot[way]) - from[way])]);
      this.figure.move(Object.fromEntries(steps));
    }

    grab(event) {
      const spot = this.figure.pointer(event);
      const place = this.place();
      this.held = { x: spot.x - place.x, y: spot.y - place.y };
      this.node.setPointerCapture(event.pointerId);
      this.node.classList.add("held");
      this.node.focus({ preventScroll: true });
      event.preventDefault();
    }

    drag(event) {
      if (!this.held) return;
      const spot = this.figure.pointer(event);
      this.moveTo({ x: spot.x - this.held.x, y: spot.y - this.held.y });
    }

    release() {
      this.held = null;
      this.node.classList.remove("held");
    }

    key(event) {
      const steps = this.steps(event.key);
      if (!steps) return;
      event.preventDefault();
      this.figure.move(steps);
    }

    // Along one coordinate right and up mean more, as in any slider; along two, each arrow goes its own way on the screen.
    steps(key) {
      const { positions, index } = this.figure;
      const { x, y } = this.spec.moves;
      const count = positions[this.main].length;
      const by = (axis, step) => ({ [axis]: index[axis] + step });
      const leap = Math.max(2, Math.round(count / 10));
      const both = x && y;
      const right = both ? this.onScreen("x") : 1;
      const up = both ? -this.onScreen("y") : 1;
      return {
        ArrowRight: () => by(x ?? y, right),
        ArrowLeft: () => by(x ?? y, -right),
        ArrowUp: () => by(y ?? x, up),
        ArrowDown: () => by(y ?? x, -up),
        PageUp: () => by(y ?? x, up * leap),
        PageDown: () => by(y ?? x, -up * leap),
        Home: () => ({ [this.main]: 0 }),
        End: () => ({ [this.main]: count - 1 }),
      }[key]?.();
    }

    onScreen(way) {
      const places = this.figure.positions[this.spec.moves[way]];
      return Math.sign(this.figure.layout[way](places[1]) - this.figure.layout[way](places[0]));
    }
  }

  // ---- what a figure's script calls

  const explorable = (name, spec) => {
    const waiting = document.querySelectorAll(`figure.explorable[data-figure="${name}"]:not([data-ready])`);
    for (const figure of waiting) new Explorable(figure, spec);
  };

  window.lossbook = { explorable, scale, number, clamp, sum };
})();

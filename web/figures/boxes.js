// Two boxes on a grid: drag the predicted one over the true one, or stretch it by its corner.
lossbook.explorable("boxes", (() => {
  const { scale, number, sum } = lossbook;
  const SCORES = [["iou", "IoU"], ["giou", "GIoU"], ["diou", "DIoU"], ["ciou", "CIoU"]];
  const GRIP = 14; // pixels from a corner to the handle outside of it
  const WAYS = [0, 1];

  const predicted = ({ x, y, width, height }) => [x, y, x + width, y + height];
  const sides = (box) => WAYS.map((way) => box[way + 2] - box[way]);
  const area = (box) => sides(box).reduce((w, h) => Math.max(w, 0) * Math.max(h, 0));
  const centre = (box) => WAYS.map((way) => (box[way] + box[way + 2]) / 2);
  const pick = (low, high) => (a, b) => a.map((side, i) => (i < 2 ? low : high)(side, b[i]));
  const [shared, hull] = [pick(Math.max, Math.min), pick(Math.min, Math.max)];
  const squaredLength = (steps) => sum(steps.map((step) => step ** 2));
  const angle = (box) => Math.atan2(...sides(box));

  function compute(at, { truth }) {
    const guess = predicted(at);
    const [overlap, around] = [area(shared(truth, guess)), hull(truth, guess)];
    const union = area(truth) + area(guess) - overlap;
    const iou = overlap / union;
    const [from, to] = [centre(truth), centre(guess)];
    const diou = iou - squaredLength(WAYS.map((way) => to[way] - from[way])) / squaredLength(sides(around));
    const v = ((2 / Math.PI) * (angle(truth) - angle(guess))) ** 2;
    return {
      iou,
      giou: iou - (1 - union / area(around)),
      diou,
      ciou: diou - (v ? v / (1 - iou + v) : 0) * v,
      l2: squaredLength(guess.map((side, i) => side - truth[i])),
    };
  }

  function layout(width, data, positions) {
    const furthest = (place, size) => Math.max(...positions[place]) + Math.max(...positions[size]);
    const [columns, rows] = [furthest("x", "width"), furthest("y", "height")];
    const wide = width >= 560;
    const unit = Math.floor((wide ? width - 250 : width - 2 * GRIP) / columns);
    const beside = wide ? { x: unit * columns + 44, y: 30, width: width - unit * columns - 50 } : { x: 4, y: unit * rows + 52, width: width - 8 };
    return {
      unit, columns, rows, beside,
      height: wide ? Math.max(unit * rows + 2 * GRIP, 250) : beside.y + 176,
      x: scale([0, 1], [1, 1 + unit]),
      y: scale([0, 1], [1, 1 + unit]),
    };
  }

  function grid(pen, { x, y, columns, rows }) {
    for (let i = 0; i <= columns; i++) pen.line(x(i), y(0), x(i), y(rows), { stroke: "grid", width: 1 });
    for (let j = 0; j <= rows; j++) pen.line(x(0), y(j), x(columns), y(j), { stroke: "grid", width: 1 });
  }

  function rectangle(pen, { x, y, unit }, box, look) {
    const [w, h] = sides(box);
    pen.rect(x(box[0]), y(box[1]), w * unit, h * unit, look);
  }

  // A bar from 0 to the score, on an axis from -1 to 1.
  function bar(pen, { x, y, width }, name, value) {
    const across = scale([-1, 1], [x, x + width]);
    pen.text(x, y, name, { "font-weight": 600 });
    pen.text(x + width, y, number(value), { anchor: "end", color: "muted" });
    pen.rect(x, y + 8, width, 10, { fill: "grid", rx: 3 });
    pen.rect(Math.min(across(0), across(value)), y + 8, Math.abs(across(value) - across(0)), 10, { fill: value < 0 ? "error" : "agreement" });
    pen.line(across(0), y + 5, across(0), y + 21, { stroke: "ink", width: 1.5 });
  }

  function draw(pen, at, layout, { truth }, values) {
    const guess = predicted(at);
    const inner = shared(truth, guess);
    const { x, y, beside } = layout;
    grid(pen, layout);
    rectangle(pen, layout, hull(truth, guess), { fill: "none", stroke: "muted", dash: "5 4", width: 1.5 });
    rectangle(pen, layout, truth, { fill: "truth", opacity: 0.35, stroke: "truth", width: 2.5 });
    if (area(inner) > 0) rectangle(pen, layout, inner, { fill: "agreement", opacity: 0.85 });
    rectangle(pen, layout, guess, { fill: "prediction", opacity: 0.25, stroke: "prediction", width: 2.5 });
    const [[x1, y1], [x2, y2]] = [centre(truth), centre(guess)];
    pen.line(x(x1), y(y1), x(x2), y(y2), { stroke: "ink", width: 1.5 });
    pen.circle(x(x1), y(y1), 3.5, { fill: "truth", stroke: "paper", width: 1.5 });
    pen.circle(x(x2), y(y2), 3.5, { fill: "prediction", stroke: "paper", width: 1.5 });
    SCORES.forEach(([key, name], i) => bar(pen, { ...beside, y: beside.y + 44 * i }, name, values[key]));
  }

  const grip = (pen) => {
    pen.path(`M${-GRIP + 3} 0H0V${-GRIP + 3}`, { stroke: "prediction", width: 3, "stroke-linejoin": "round" });
    pen.circle(0, 0, 7, { fill: "paper", stroke: "prediction", width: 3 });
  };

  return {
    layout,
    compute,
    draw,
    handles: [{
      label: "Predicted box, right and down",
      moves: { x: "x", y: "y" },
      from: ({ width, height }) => ({ x: width / 2, y: height / 2 }),
      place: (at, { x, y }) => ({ x: x(at.x + at.width / 2), y: y(at.y + at.height / 2) }),
      reach: ({ unit }, data, { width, height }) => ({ width: width * unit, height: height * unit }),
      draw: () => {},
    }, {
      label: "Corner of the predicted box, width and height",
      moves: { x: "width", y: "height" },
      from: ({ x, y }, { unit }) => ({ x: x + GRIP / unit, y: y + GRIP / unit }),
      place: (at, { x, y }) => ({ x: x(at.x + at.width) + GRIP, y: y(at.y + at.height) + GRIP }),
      draw: grip,
    }],
    readout: (values) => [
      ...SCORES.map(([key, name]) => ({ label: name, text: number(values[key]), color: key === "iou" ? "agreement" : undefined })),
      { label: "L2", text: String(values.l2) },
    ],
  };
})());

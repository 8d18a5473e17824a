// Two masks on a grid of pixels: drag the predicted one over the true one.
lossbook.explorable("masks", (() => {
  const { scale, number, clamp } = lossbook;

  const size = ({ truth }) => ({ rows: truth.length, columns: truth[0].length });
  const moved = ({ prediction }, { dx, dy }) => (row, column) => prediction[row - dy]?.[column - dx] ?? 0;
  const everyPixel = (data, visit) => data.truth.forEach((line, row) => line.forEach((pixel, column) => visit(pixel, row, column)));

  // What leaves the grid is lost.
  function compute(at, data) {
    const guess = moved(data, at);
    let truth = 0, prediction = 0, overlap = 0;
    everyPixel(data, (pixel, row, column) => {
      truth += pixel;
      prediction += guess(row, column);
      overlap += pixel * guess(row, column);
    });
    const union = truth + prediction - overlap;
    const ratio = (part, whole) => (whole ? part / whole : data.undefined ?? NaN);
    return { dice: ratio(2 * overlap, truth + prediction), iou: ratio(overlap, union), overlap, union, truth, prediction };
  }

  // The box of the predicted mask before it moves, in pixels of the grid.
  function box({ prediction }) {
    const rows = prediction.flatMap((line, row) => (line.some(Boolean) ? [row] : []));
    const columns = prediction.flatMap((line) => line.flatMap((pixel, column) => (pixel ? [column] : [])));
    const [top, bottom, left, right] = [Math.min(...rows), Math.max(...rows) + 1, Math.min(...columns), Math.max(...columns) + 1];
    return { width: right - left, height: bottom - top, x: (left + right) / 2, y: (top + bottom) / 2 };
  }

  function layout(width, data) {
    const { rows, columns } = size(data);
    const wide = width >= 560;
    const unit = Math.floor(Math.min((wide ? width - 240 : width - 2) / columns, 400 / rows));
    const left = wide ? 0 : Math.floor((width - unit * columns) / 2);
    const middle = box(data);
    const toScreen = (centre, from) => scale([0, 1], [from + centre * unit, from + (centre + 1) * unit]);
    const beside = wide ? { x: unit * columns + 36, y: 24, width: width - unit * columns - 40 } : { x: 0, y: unit * rows + 30, width };
    return {
      unit, left, beside,
      height: wide ? Math.max(unit * rows + 2, 260) : unit * rows + 204,
      x: toScreen(middle.x, left),
      y: toScreen(middle.y, 1),
    };
  }

  function outline(data, unit) {
    const { x, y } = box(data);
    const on = (row, column) => data.prediction[row]?.[column];
    const edges = [];
    data.prediction.forEach((line, row) => line.forEach((pixel, column) => {
      if (!pixel) return;
      const [l, t] = [(column - x) * unit, (row - y) * unit];
      if (!on(row - 1, column)) edges.push(`M${l} ${t}h${unit}`);
      if (!on(row + 1, column)) edges.push(`M${l} ${t + unit}h${unit}`);
      if (!on(row, column - 1)) edges.push(`M${l} ${t}v${unit}`);
      if (!on(row, column + 1)) edges.push(`M${l + unit} ${t}v${unit}`);
    }));
    return edges.join("");
  }

  const side = (pixel, guess) => (pixel && guess ? ["agreement", 0.85] : pixel ? ["truth", 0.4] : guess ? ["prediction", 0.3] : ["grid", 0.35]);

  function grid(pen, at, { unit, left }, data) {
    const guess = moved(data, at);
    everyPixel(data, (pixel, row, column) => {
      const [fill, opacity] = side(pixel, guess(row, column));
      pen.rect(left + column * unit + 0.5, row * unit + 1.5, unit - 1, unit - 1, { fill, opacity, rx: 1.5 });
    });
  }

  function score(pen, { x, y, width }, name, value, formula, fill) {
    pen.text(x, y, name, { "font-weight": 600 });
    pen.text(x + width, y, formula, { anchor: "end", color: "muted", class: "tick" });
    pen.meter(x, y + 10, width, value || 0, undefined, { fill });
  }

  function draw(pen, at, layout, data, values) {
    const { beside } = layout;
    const { dice, iou, overlap, union, truth, prediction } = values;
    grid(pen, at, layout, data);
    score(pen, beside, "Dice", dice, `2 · ${overlap} / (${truth} + ${prediction})`, "agreement");
    score(pen, { ...beside, y: beside.y + 56 }, "IoU", iou, `${overlap} / ${union}`, "agreement");
    [["both", "agreement", 0.85], ["truth only", "truth", 0.4], ["prediction only", "prediction", 0.3]].forEach(([name, fill, opacity], i) => {
      pen.rect(beside.x, beside.y + 98 + i * 24, 14, 14, { fill, opacity, rx: 2 });
      pen.text(beside.x + 22, beside.y + 110 + i * 24, name, { color: fill });
    });
  }

  return {
    layout,
    compute,
    draw,
    handles: [{
      label: "Predicted mask, right and down",
      moves: { x: "dx", y: "dy" },
      place: ({ dx, dy }, { x, y }) => ({ x: x(dx), y: y(dy) }),
      reach: ({ unit }, data) => ({ width: Math.max(44, box(data).width * unit), height: Math.max(44, box(data).height * unit) }),
      draw: (pen, { unit }, data) => pen.path(outline(data, unit), { stroke: "prediction", width: 2.5, "stroke-linecap": "round" }),
    }],
    readout: ({ dice, iou, overlap }) => [
      { label: "overlap", text: `${overlap} pixels`, color: "agreement" },
      { label: "Dice", text: number(dice) },
      { label: "IoU", text: number(iou) },
    ],
  };
})());

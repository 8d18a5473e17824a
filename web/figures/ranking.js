// One threshold on the scores of two classes, seen four ways: bars, four counts, a point on the ROC curve, a point of precision over recall.
lossbook.explorable("ranking", (() => {
  const { scale, number, clamp } = lossbook;
  const BINS = 36;

  function compute({ threshold }, { scores, labels, undefined: given }) {
    const count = (label, called) => scores.filter((s, i) => labels[i] === label && s >= threshold === called).length;
    const ratio = (name, part, whole) => (whole ? part / whole : given?.[name] ?? NaN);
    const [tp, fp, fn, tn] = [count(1, true), count(0, true), count(1, false), count(0, false)];
    return { tpr: ratio("tpr", tp, tp + fn), fpr: ratio("fpr", fp, fp + tn), precision: ratio("precision", tp, tp + fp), tp, fp, fn, tn };
  }

  // ---- where things stand

  function layout(width, data, positions) {
    const wide = width >= 560;
    const ends = [...data.scores, ...positions.threshold];
    const x = scale([Math.min(...ends), Math.max(...ends)], [14, (wide ? width - 220 : width) - 14]);
    const middle = wide ? 116 : 98;
    const top = 2 * middle + 64;
    const side = Math.min(240, width / 2 - 56);
    const square = (left) => ({ x: scale([0, 1], [left, left + side]), y: scale([0, 1], [top + side, top]) });
    const table = wide ? { x: width - 158, y: 62, side: 78 } : { x: (width - 144) / 2 + 16, y: top + side + 98, side: 72 };
    const height = wide ? top + side + 46 : table.y + 2 * table.side + 6;
    return { height, x, middle, table, bins: bins(data, x), curves: curves(data), roc: square(42), pr: square(width / 2 + 42) };
  }

  // Scores of each class by bin: a bar is as high as there are many.
  function bins({ scores, labels }, x) {
    const [from, to] = x.range;
    const of = [0, 1].map(() => Array.from({ length: BINS }, () => []));
    scores.forEach((s, i) => of[labels[i]][clamp(Math.floor(((x(s) - from) / (to - from)) * BINS), 0, BINS - 1)].push(s));
    return { of, most: Math.max(...of.flat().map((bin) => bin.length)), width: (to - from) / BINS };
  }

  // A point of both curves for each distinct score, best first.
  function curves({ scores, labels }) {
    const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
    const all = labels.filter((label) => label === 1).length;
    const points = [];
    let tp = 0;
    order.forEach((i, place) => {
      tp += labels[i];
      if (scores[order[place + 1]] === scores[i]) return;
      points.push({ fpr: (place + 1 - tp) / (labels.length - all), tpr: tp / all, precision: tp / (place + 1) });
    });
    return { points, prevalence: all / labels.length };
  }

  // ---- drawing

  function bars(pen, { threshold }, { x, middle, bins }, label, way, called, missed) {
    const unit = (middle - 34) / bins.most;
    bins.of[label].forEach((bin, i) => {
      const right = bin.filter((s) => s >= threshold).length;
      const bar = (from, count, fill) =>
        pen.rect(x.range[0] + i * bins.width + 0.5, way > 0 ? middle - (from + count) * unit : middle + from * unit, bins.width - 1, count * unit, { fill });
      bar(0, right, called);
      bar(right, bin.length - right, missed);
    });
  }

  function histogram(pen, at, layout, data) {
    const { x, middle } = layout;
    const edge = x(at.threshold);
    const bottom = 2 * middle - 22;
    pen.rect(edge, 22, x.range[1] - edge, bottom - 22, { fill: "prediction", opacity: 0.07 });
    bars(pen, at, layout, 1, 1, "agreement", "error");
    bars(pen, at, layout, 0, -1, "error", "muted");
    pen.line(x.range[0], middle, x.range[1], middle, { stroke: "muted", width: 1 });
    pen.text(x.range[0], 14, `${data.positive ?? "positive"} ↑`);
    pen.text(x.range[1], bottom - 8, `${data.negative ?? "negative"} ↓`, { anchor: "end" });
    pen.line(edge, 22, edge, bottom, { stroke: "prediction", width: 2.5 });
    pen.axisBelow(x, bottom, data.x_label ?? "score");
  }

  const cells = [
    ["tp", 0, 0, "agreement"],
    ["fn", 0, 1, "error"],
    ["fp", 1, 0, "error"],
    ["tn", 1, 1, "muted"],
  ];

  function matrix(pen, { x, y, side }, values) {
    pen.text(x + side, y - 30, "called", { anchor: "middle", color: "prediction" });
    ["+", "−"].forEach((sign, i) => {
      pen.text(x + side * (i + 0.5), y - 10, sign, { anchor: "middle", color: "prediction" });
      pen.text(x - 10, y + side * (i + 0.5) + 5, `is ${sign}`, { anchor: "end", color: "truth", class: "tick" });
    });
    for (const [name, row, column, fill] of cells) {
      pen.rect(x + side * column + 1.5, y + side * row + 1.5, side - 3, side - 3, { fill, opacity: 0.14, rx: 4 });
      pen.text(x + side * (column + 0.5), y + side * (row + 0.5) + 2, String(values[name]), { anchor: "middle", color: fill, class: "cell" });
      pen.text(x + side * (column + 0.5), y + side * (row + 0.5) + 21, name.toUpperCase(), { anchor: "middle", color: fill, class: "tick" });
    }
  }

  // A square with a curve, the line of chance, and a point with its distances from both axes.
  function square(pen, { x, y }, [across, up], curve, chance, point) {
    pen.axisBelow(x, y(0), across, 2);
    pen.axisLeft(y, x(0), up, 2);
    pen.line(x(0), y(chance[0]), x(1), y(chance[1]), { stroke: "muted", width: 1.5, dash: "2 5" });
    pen.path(`M${curve(x, y)}`, { stroke: "agreement", width: 2 });
    if (!point.every(Number.isFinite)) return;
    const [h, v] = [x(point[0]), y(point[1])];
    pen.line(h, v, h, y(0), { stroke: "prediction", width: 1 });
    pen.line(h, v, x(0), v, { stroke: "prediction", width: 1 });
    pen.circle(h, v, 6, { fill: "prediction", stroke: "paper", width: 2 });
  }

  function draw(pen, at, layout, data, values) {
    const { points, prevalence } = layout.curves;
    const lines = (x, y) => [[0, 0], ...points.map((p) => [p.fpr, p.tpr])].map(([h, v]) => `${x(h)} ${y(v)}`).join("L");
    const steps = (x, y) => `${x(0)} ${y(points[0].precision)}${points.map((p) => `V${y(p.precision)}H${x(p.tpr)}`).join("")}`;
    histogram(pen, at, layout, data);
    matrix(pen, layout.table, values);
    square(pen, layout.roc, ["false positive rate", "true positive rate"], lines, [0, 1], [values.fpr, values.tpr]);
    square(pen, layout.pr, ["recall", "precision"], steps, [prevalence, prevalence], [values.tpr, values.precision]);
  }

  return {
    layout,
    compute,
    draw,
    handles: [{
      label: "Threshold",
      moves: { x: "threshold" },
      place: (at, { x, middle }) => ({ x: x(at.threshold), y: middle }),
      reach: (layout) => ({ width: 44, height: 2 * layout.middle - 44 }),
    }],
    readout: ({ tpr, fpr, precision }, { threshold }) => [
      { label: "threshold", text: number(threshold, 2), color: "prediction" },
      { label: "TPR, recall", text: number(tpr) },
      { label: "FPR", text: number(fpr) },
      { label: "precision", text: number(precision) },
    ],
  };
})());

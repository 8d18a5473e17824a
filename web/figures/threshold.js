// Scores of two classes and a threshold: what lies right of it is called positive.
lossbook.explorable("threshold", (() => {
  const { scale, number, clamp } = lossbook;
  const BINS = 30;

  const tally = ({ threshold }, { scores, labels }) => {
    const count = (label, called) => scores.filter((s, i) => labels[i] === label && s >= threshold === called).length;
    return { tp: count(1, true), fp: count(0, true), fn: count(1, false), tn: count(0, false) };
  };

  function compute(at, data) {
    const { tp, fp, fn, tn } = tally(at, data);
    const ratio = (name, part, whole) => (whole ? part / whole : data.undefined?.[name] ?? NaN);
    return {
      tp, fp, fn, tn,
      accuracy: ratio("accuracy", tp + tn, tp + fp + fn + tn),
      precision: ratio("precision", tp, tp + fp),
      recall: ratio("recall", tp, tp + fn),
      specificity: ratio("specificity", tn, tn + fp),
      f1: ratio("f1", 2 * tp, 2 * tp + fp + fn),
    };
  }

  function layout(width, data, positions) {
    const ends = [...data.scores, ...positions.threshold];
    const wide = width >= 560;
    const plot = wide ? width - 230 : width;
    const height = wide ? 322 : 556;
    const x = scale([Math.min(...ends), Math.max(...ends)], [14, plot - 14]);
    const middle = 150;
    const table = wide ? { x: width - 190, y: 66, side: 92 } : { x: Math.max(60, (width - 128) / 2), y: 380, side: 84 };
    return { height, x, middle, table, bins: bins(data, x) };
  }

  // The scores of each class by bin: the height of a bar is how many.
  function bins({ scores, labels }, x) {
    const [from, to] = x.range;
    const of = [0, 1].map(() => Array.from({ length: BINS }, () => []));
    scores.forEach((s, i) => of[labels[i]][clamp(Math.floor(((x(s) - from) / (to - from)) * BINS), 0, BINS - 1)].push(s));
    const most = Math.max(...of.flat().map((bin) => bin.length));
    return { of, most, width: (to - from) / BINS };
  }

  function bars(pen, { threshold }, { x, middle, bins }, label, way, called, missed) {
    const unit = 112 / bins.most;
    bins.of[label].forEach((bin, i) => {
      const right = bin.filter((s) => s >= threshold).length;
      const left = x.range[0] + i * bins.width;
      const bar = (from, count, fill) =>
        pen.rect(left + 0.5, way > 0 ? middle - (from + count) * unit : middle + from * unit, bins.width - 1, count * unit, { fill });
      bar(0, right, called);
      bar(right, bin.length - right, missed);
    });
  }

  const cells = [
    ["tp", 0, 0, "agreement"],
    ["fn", 0, 1, "error"],
    ["fp", 1, 0, "error"],
    ["tn", 1, 1, "muted"],
  ];

  function matrix(pen, { x, y, side }, values) {
    pen.text(x + side, y - 30, "called", { anchor: "middle", color: "prediction" });
    ["positive", "negative"].forEach((name, i) => {
      pen.text(x + side * (i + 0.5), y - 10, name, { anchor: "middle", color: "prediction", class: "tick" });
      pen.text(x - 10, y + side * (i + 0.5) + 5, "is " + ["+", "−"][i], { anchor: "end", color: "truth", class: "tick" });
    });
    for (const [name, row, column, fill] of cells) {
      pen.rect(x + side * column + 1.5, y + side * row + 1.5, side - 3, side - 3, { fill, opacity: 0.14, rx: 4 });
      pen.text(x + side * (column + 0.5), y + side * (row + 0.5) + 2, String(values[name]), { anchor: "middle", color: fill, class: "cell" });
      pen.text(x + side * (column + 0.5), y + side * (row + 0.5) + 22, name.toUpperCase(), { anchor: "middle", color: fill, class: "tick" });
    }
  }

  function draw(pen, at, layout, data, values) {
    const { x, middle } = layout;
    const edge = x(at.threshold);
    pen.rect(edge, 26, x.range[1] - edge, 2 * (middle - 26), { fill: "prediction", opacity: 0.07 });
    bars(pen, at, layout, 1, 1, "agreement", "error");
    bars(pen, at, layout, 0, -1, "error", "muted");
    pen.line(x.range[0], middle, x.range[1], middle, { stroke: "muted", width: 1 });
    pen.text(x.range[0], 16, `${data.positive ?? "positive"} ↑`);
    pen.text(x.range[1] - 6, 2 * middle - 34, `${data.negative ?? "negative"} ↓`, { anchor: "end" });
    pen.line(edge, 26, edge, 2 * middle - 26, { stroke: "prediction", width: 2.5 });
    pen.axisBelow(x, 2 * middle - 22, data.x_label ?? "score");
    matrix(pen, layout.table, values);
  }

  return {
    layout,
    compute,
    draw,
    handles: [{
      label: "Threshold",
      moves: { x: "threshold" },
      place: (at, { x, middle }) => ({ x: x(at.threshold), y: middle }),
      reach: (layout) => ({ width: 44, height: 2 * layout.middle - 52 }),
    }],
    readout: ({ precision, recall, f1 }, { threshold }) => [
      { label: "threshold", text: number(threshold, 2), color: "prediction" },
      { label: "precision", text: number(precision) },
      { label: "recall", text: number(recall) },
      { label: "F1", text: number(f1), color: "agreement" },
    ],
  };
})());

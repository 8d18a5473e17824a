// Part of figures with a threshold: two histograms, what lies right of it called positive, and the table of the four counts.
lossbook.confusion = (() => {
  const { clamp } = lossbook;
  const BINS = 30;
  const TOP = 24;

  function counts({ threshold }, { scores, labels }) {
    const count = (label, called) => scores.filter((s, i) => labels[i] === label && s >= threshold === called).length;
    return { tp: count(1, true), fp: count(0, true), fn: count(1, false), tn: count(0, false) };
  }

  // A function of name, part and whole: their quotient, or what `given` says of 0/0.
  const ratios = (given) => (name, part, whole) => (whole ? part / whole : given?.[name] ?? NaN);

  // The scores of each class by bin: the height of a bar is how many.
  function bins({ scores, labels }, x) {
    const [from, to] = x.range;
    const of = [0, 1].map(() => Array.from({ length: BINS }, () => []));
    scores.forEach((s, i) => of[labels[i]][clamp(Math.floor(((x(s) - from) / (to - from)) * BINS), 0, BINS - 1)].push(s));
    return { of, most: Math.max(...of.flat().map((bin) => bin.length)), width: (to - from) / BINS };
  }

  function bars(pen, { threshold }, { x, middle, bins }, label, way, called, missed) {
    const unit = (middle - TOP - 12) / bins.most;
    bins.of[label].forEach((bin, i) => {
      const right = bin.filter((s) => s >= threshold).length;
      const left = x.range[0] + i * bins.width;
      const bar = (from, count, fill) =>
        pen.rect(left + 0.5, way > 0 ? middle - (from + count) * unit : middle + from * unit, bins.width - 1, count * unit, { fill });
      bar(0, right, called);
      bar(right, bin.length - right, missed);
    });
  }

  function histogram(pen, at, layout, data) {
    const { x, middle } = layout;
    const edge = x(at.threshold);
    const bottom = 2 * middle - 22;
    pen.rect(edge, TOP, x.range[1] - edge, bottom - TOP, { fill: "prediction", opacity: 0.07 });
    bars(pen, at, layout, 1, 1, "agreement", "error");
    bars(pen, at, layout, 0, -1, "error", "muted");
    pen.line(x.range[0], middle, x.range[1], middle, { stroke: "muted", width: 1 });
    pen.text(x.range[0], TOP - 9, `${data.positive ?? "positive"} ↑`);
    pen.text(x.range[1] - 6, bottom - 9, `${data.negative ?? "negative"} ↓`, { anchor: "end" });
    pen.line(edge, TOP, edge, bottom, { stroke: "prediction", width: 2.5 });
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
      pen.text(x + side * (column + 0.5), y + side * (row + 0.5) + 22, name.toUpperCase(), { anchor: "middle", color: fill, class: "tick" });
    }
  }

  const handle = {
    label: "Threshold",
    moves: { x: "threshold" },
    place: (at, { x, middle }) => ({ x: x(at.threshold), y: middle }),
    reach: (layout) => ({ width: 44, height: 2 * layout.middle - 2 * TOP }),
  };

  return { counts, ratios, bins, histogram, matrix, handle };
})();

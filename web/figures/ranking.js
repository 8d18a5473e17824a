// One threshold on the scores of two classes, seen four ways: bars, four counts, a point on the ROC curve, a point of precision over recall.
// Needs confusion.js
lossbook.explorable("ranking", (() => {
  const { scale, number, confusion } = lossbook;

  function compute(at, data) {
    const { tp, fp, fn, tn } = confusion.counts(at, data);
    const ratio = confusion.ratios(data.undefined);
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
    return { height, x, middle, table, bins: confusion.bins(data, x), curves: curves(data), roc: square(42), pr: square(width / 2 + 42) };
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
    confusion.histogram(pen, at, layout, data);
    confusion.matrix(pen, layout.table, values);
    square(pen, layout.roc, ["false positive rate", "true positive rate"], lines, [0, 1], [values.fpr, values.tpr]);
    square(pen, layout.pr, ["recall", "precision"], steps, [prevalence, prevalence], [values.tpr, values.precision]);
  }

  return {
    layout,
    compute,
    draw,
    handles: [confusion.handle],
    readout: ({ tpr, fpr, precision }, { threshold }) => [
      { label: "threshold", text: number(threshold, 2), color: "prediction" },
      { label: "TPR, recall", text: number(tpr) },
      { label: "FPR", text: number(fpr) },
      { label: "precision", text: number(precision) },
    ],
  };
})());

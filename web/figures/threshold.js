// Scores of two classes and a threshold: what lies right of it is called positive.
// Needs confusion.js
lossbook.explorable("threshold", (() => {
  const { scale, number, confusion } = lossbook;

  function compute(at, data) {
    const { tp, fp, fn, tn } = confusion.counts(at, data);
    const ratio = confusion.ratios(data.undefined);
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
    return { height, x, middle, table, bins: confusion.bins(data, x) };
  }

  function draw(pen, at, layout, data, values) {
    confusion.histogram(pen, at, layout, data);
    confusion.matrix(pen, layout.table, values);
  }

  return {
    layout,
    compute,
    draw,
    handles: [confusion.handle],
    readout: ({ precision, recall, f1 }, { threshold }) => [
      { label: "threshold", text: number(threshold, 2), color: "prediction" },
      { label: "precision", text: number(precision) },
      { label: "recall", text: number(recall) },
      { label: "F1", text: number(f1), color: "agreement" },
    ],
  };
})());

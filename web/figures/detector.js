// Ranked detections, two of which move: the precision-recall curve, its envelope, and average precision three ways.
lossbook.explorable("detector", (() => {
  const { scale, number } = lossbook;

  // The list with the moved scores, best first; equal scores keep their order.
  function ranked({ right, wrong }, { scores, found, moves }) {
    const moved = scores.map((score, i) => (i === moves.right ? right : i === moves.wrong ? wrong : score));
    const order = moved.map((_, i) => i).sort((a, b) => moved[b] - moved[a] || a - b);
    let tp = 0;
    return order.map((i, place) => {
      tp += found[i];
      return { i, score: moved[i], found: found[i], tp, precision: tp / (place + 1) };
    });
  }

  // Where an object is found, with the greatest precision there or further down.
  function steps(list) {
    let best = 0;
    return list.filter((d) => d.found).reverse().map((d) => ({ ...d, best: (best = Math.max(best, d.precision)) })).reverse();
  }

  function compute(at, data) {
    const hits = steps(ranked(at, data));
    const atLevels = (n) => {
      let sum = 0;
      for (let level = 0; level <= n; level++) sum += hits.find((hit) => hit.tp * n >= level * data.objects)?.best ?? 0;
      return sum / (n + 1);
    };
    return { voc: hits.reduce((sum, hit) => sum + hit.best, 0) / data.objects, voc11: atLevels(10), coco101: atLevels(100) };
  }

  function layout(width, data) {
    const side = Math.min(320, width - 70);
    const left = Math.max(50, (width - side) / 2);
    return {
      height: side + 196, strip: 62, objects: data.objects,
      x: scale([0, 1], [24, width - 24]),
      recall: scale([0, 1], [left, left + side]),
      precision: scale([0, 1], [side + 146, 146]),
    };
  }

  function draw(pen, at, layout, data) {
    const { x, strip, recall, precision } = layout;
    const list = ranked(at, data);
    const hits = steps(list);
    pen.axisBelow(x, strip + 14, "score", 4);
    list.forEach((d) => {
      if (d.i !== data.moves.right && d.i !== data.moves.wrong) pen.circle(x(d.score), strip, 6, { fill: d.found ? "agreement" : "error" });
    });
    pen.axisBelow(recall, precision(0), "recall", 5);
    pen.axisLeft(precision, recall(0), "precision", 4);
    const r = (d) => recall(d.tp / layout.objects);
    if (hits.length) {
      const stairs = hits.map((hit) => `V${precision(hit.best)}H${r(hit)}`).join("");
      pen.path(`M${recall(0)} ${precision(0)}${stairs}V${precision(0)}Z`, { fill: "grid" });
      pen.path(`M${recall(0)} ${precision(hits[0].best)}${stairs}`, { stroke: "agreement", width: 2 });
    }
    pen.path(`M${list.map((d) => `${r(d)} ${precision(d.precision)}`).join("L")}`, { stroke: "muted", width: 1, dash: "3 3" });
    list.forEach((d) => pen.circle(r(d), precision(d.precision), 4, { fill: d.found ? "agreement" : "error" }));
  }

  const mark = (color) => (pen) => pen.circle(0, 0, 9, { fill: color, stroke: "paper", width: 2 });

  return {
    layout,
    compute,
    draw,
    handles: [["right", "Score of a detection that finds an object", "agreement", -1], ["wrong", "Score of a detection that finds none", "error", 1]].map(
      ([name, label, color, side]) => ({
        label, moves: { x: name }, draw: mark(color),
        place: (at, layout) => ({ x: layout.x(at[name]), y: layout.strip - (at.right === at.wrong ? 10 * (side + 1) : 0) - 4 }),
      })),
    readout: ({ voc, voc11, coco101 }, { right, wrong }) => [
      { label: "right", text: number(right, 2), color: "agreement" },
      { label: "wrong", text: number(wrong, 2), color: "error" },
      { label: "all points", text: number(voc) },
      { label: "11 points", text: number(voc11) },
      { label: "101 points", text: number(coco101) },
    ],
  };
})());

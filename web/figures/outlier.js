// Points with one that can be dragged up and down, and the best line by squares, by sizes and by Huber's loss.
lossbook.explorable("outlier", (() => {
  const { scale, number, clamp, sum } = lossbook;
  const ROUNDS = 2000;
  const FITS = [
    { name: "squared", label: "squares", color: "error" },
    { name: "absolute", label: "sizes", color: "other" },
    { name: "huber", label: "Huber", color: "agreement" },
  ];

  const height = ({ slope, start }, x) => start + slope * x;
  const errors = (line, x, y) => x.map((xi, i) => height(line, xi) - y[i]);

  function leastSquares(x, y) {
    const [mx, my] = [sum(x) / x.length, sum(y) / y.length];
    const slope = sum(x.map((xi, i) => (xi - mx) * (y[i] - my))) / sum(x.map((xi) => (xi - mx) ** 2));
    return { slope, start: my - slope * mx };
  }

  // Of the lines with the least sum of sizes, one passes through two of the points.
  function leastSizes(x, y) {
    let best = { total: Infinity };
    for (let i = 0; i < x.length; i++) {
      for (let j = i + 1; j < x.length; j++) {
        const slope = (y[j] - y[i]) / (x[j] - x[i]);
        const line = { slope, start: y[i] - slope * x[i] };
        const total = sum(errors(line, x, y).map(Math.abs));
        if (total < best.total) best = { ...line, total };
      }
    }
    return best;
  }

  // Fit the clipped errors by least squares and subtract what they ask for, until they ask for nothing.
  function leastHuber(x, y, delta) {
    let line = leastSquares(x, y);
    for (let round = 0; round < ROUNDS; round++) {
      const step = leastSquares(x, errors(line, x, y).map((e) => clamp(e, -delta, delta)));
      line = { slope: line.slope - step.slope, start: line.start - step.start };
      if (Math.abs(step.slope) + Math.abs(step.start) < 1e-14) break;
    }
    return line;
  }

  const moved = ({ value }, data) => data.y.map((yi, i) => (i === data.outlier ? value : yi));

  function lines(at, data) {
    const y = moved(at, data);
    return { squared: leastSquares(data.x, y), absolute: leastSizes(data.x, y), huber: leastHuber(data.x, y, data.delta) };
  }

  // Where the line that follows the outlier furthest begins and ends.
  const extremes = (data, places, ends) =>
    [Math.min(...places), Math.max(...places)].flatMap((value) => {
      const line = leastSquares(data.x, moved({ value }, data));
      return ends.map((end) => height(line, end));
    });

  function layout(width, data, positions) {
    const [from, to] = [Math.min(...data.x), Math.max(...data.x)];
    const margin = (to - from) * 0.06;
    const tall = clamp(width * 0.62, 340, 420);
    const x = scale([from - margin, to + margin], [42, width - 78]);
    const heights = [...positions.value, ...data.y, ...extremes(data, positions.value, [x.invert(42), x.invert(width - 78)])];
    const y = scale([Math.min(...heights), Math.max(...heights)], [tall - 56, 34]);
    return { height: tall, x, y };
  }

  // Labels beside the ends of the lines, in their order, pushed apart where lines end close together.
  function spread(labels, gap, lowest) {
    labels.sort((a, b) => b.y - a.y);
    let floor = lowest;
    for (const label of labels) {
      label.y = Math.min(label.y, floor);
      floor = label.y - gap;
    }
    return labels;
  }

  function draw(pen, at, { x, y }, data) {
    const [left, right] = x.range;
    const [from, to] = [x.invert(left), x.invert(right)];
    const fitted = lines(at, data);
    pen.axisLeft(y, left, data.y_label ?? "y");
    pen.axisBelow(x, y.range[0], data.x_label ?? "x");
    const corner = (end, side) => `${x(end)} ${y(height(fitted.huber, end) + side * data.delta)}`;
    pen.path(`M ${corner(from, 1)} L ${corner(to, 1)} L ${corner(to, -1)} L ${corner(from, -1)} Z`, { fill: "agreement", opacity: 0.13 });
    for (const { name, color } of FITS) {
      pen.line(left, y(height(fitted[name], from)), right, y(height(fitted[name], to)), { stroke: color, width: 2.5 });
    }
    const ends = FITS.map((fit) => ({ ...fit, y: y(height(fitted[fit.name], to)) + 4 }));
    for (const end of spread(ends, 17, y.range[0])) pen.text(right + 8, end.y, end.label, { color: end.color });
    data.x.forEach((xi, i) => i === data.outlier || pen.circle(x(xi), y(data.y[i]), 5, { fill: "truth", stroke: "paper", width: 1 }));
  }

  const grip = (pen) => {
    pen.circle(0, 0, 10, { fill: "paper", stroke: "truth", width: 3 });
    pen.circle(0, 0, 4, { fill: "truth" });
  };

  return {
    layout,
    draw,
    compute(at, data) {
      const { huber, squared, absolute } = lines(at, data);
      return { huber: huber.slope, squared: squared.slope, absolute: absolute.slope };
    },
    handles: [{
      label: "The point that can be dragged",
      moves: { y: "value" },
      place: ({ value }, { x, y }, data) => ({ x: x(data.x[data.outlier]), y: y(value) }),
      draw: grip,
    }],
    readout: (values) => FITS.map(({ name, label, color }) => ({ label: `slope by ${label}`, text: number(values[name]), color })),
  };
})());

// A line over a few points: drag its ends, and the squares are what the mean is taken of.
lossbook.explorable("squared_error", (() => {
  const { scale, number, clamp, sum } = lossbook;

  const span = ({ x }) => [Math.min(...x), Math.max(...x)];
  const line = ({ left, right }, data) => {
    const [from, to] = span(data);
    return (x) => left + ((right - left) * (x - from)) / (to - from);
  };

  const mse = (at, data) => sum(data.x.map((xi, i) => (data.y[i] - line(at, data)(xi)) ** 2)) / data.x.length;

  // The error grows away from its minimum, so it is largest where both ends are as far as they go.
  function worstMse(data, positions) {
    const ends = (places) => [Math.min(...places), Math.max(...places)];
    return Math.max(...ends(positions.left).flatMap((left) => ends(positions.right).map((right) => mse({ left, right }, data))));
  }

  function layout(width, data, positions) {
    const [from, to] = span(data);
    const heights = [...positions.left, ...positions.right, ...data.y];
    const margin = (to - from) * 0.06;
    const height = clamp(width * 0.62, 350, 420);
    const x = scale([from - margin, to + margin], [46, width - 14]);
    const y = scale([Math.min(...heights), Math.max(...heights)], [height - 118, 30]);
    return { height, x, y, meter: height - 40, worst: worstMse(data, positions) };
  }

  // A square leans away from the line, unless it would leave the picture.
  function squareLeft(x, side, residual, rising, [from, to]) {
    const leansLeft = residual > 0 === rising;
    const left = leansLeft ? x - side : x;
    return left < from || left + side > to ? (leansLeft ? x : x - side) : left;
  }

  function draw(pen, at, { x, y, meter, worst }, data, { mse }) {
    const fitted = line(at, data);
    const [from, to] = span(data);
    pen.axisLeft(y, x.range[0], data.y_label ?? "y");
    pen.axisBelow(x, y.range[0], data.x_label ?? "x");
    data.x.forEach((xi, i) => {
      const residual = data.y[i] - fitted(xi);
      const side = Math.abs(y(data.y[i]) - y(fitted(xi)));
      const left = squareLeft(x(xi), side, residual, at.right > at.left, x.range);
      pen.rect(left, Math.min(y(data.y[i]), y(fitted(xi))), side, side, { fill: "error", opacity: 0.14, stroke: "error", width: 1 });
    });
    pen.line(x(from), y(at.left), x(to), y(at.right), { stroke: "prediction", width: 2.5 });
    data.x.forEach((xi, i) => pen.circle(x(xi), y(data.y[i]), 5, { fill: "truth", stroke: "paper", width: 1 }));
    const side = (value) => Math.sqrt(value / worst);
    pen.text(x.range[0], meter - 10, "side of the mean square");
    pen.meter(x.range[0], meter, x.range[1] - x.range[0], side(mse), side(data.best), { fill: "error" });
    pen.text(x.range[0] + (x.range[1] - x.range[0]) * side(data.best), meter + 30, "least possible", { color: "muted", class: "tick" });
  }

  const end = (name, which) => ({
    label: `Height of the line at its ${name} end`,
    moves: { y: name },
    place: (at, { x, y }, data) => ({ x: x(span(data)[which]), y: y(at[name]) }),
  });

  return {
    layout,
    draw,
    compute: (at, data) => ({ mse: mse(at, data) }),
    handles: [end("left", 0), end("right", 1)],
    readout: ({ mse }, at, data) => [
      { label: "mean squared error", text: number(mse), color: "error" },
      { label: "least possible", text: number(data.best), color: "muted" },
    ],
  };
})());

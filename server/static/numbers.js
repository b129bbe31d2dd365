// The shift as charts, drawn of the table below them, and again when that changes.
(() => {
  const HIGH = 200;
  const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];
  // each chart's layers, those at the back first; what is stacked is given as sums
  const KINDS = {
    events: { layers: [[["added", "removed", "uncertain"], "warn"], [["added", "removed"], "soft"], [["added"], "good"]] },
    rate: { layers: [[["rate"], "warn"]], words: (value) => `${value} %`, least: 5 },
    settle: { layers: [[["settle"], "brand"]], words: (value) => (value < 120 ? `${value} s` : `${Math.round(value / 60)} min`), least: 10 },
    carts: { layers: [[["carts"], "brand"]] },
  };
  const hours = document.getElementById("numbers-hours");
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.className = `ink-${name}`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const bars = uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 });

  const chart = (box, rows, { layers, words = String, least = 1 }) => {
    const columns = layers.map(([names]) => rows.map((row) => names.reduce((sum, name) => sum + Number(row.dataset[name]), 0) || null));
    box.replaceChildren();
    if (!columns[0].some(Boolean)) {
      box.append(Object.assign(document.createElement("p"), { className: "hint", textContent: "Nothing in these hours." }));
      return;
    }
    const hour = (at) => (rows.length > 48 ? rows[at]?.dataset.hour.slice(5, 10) : rows[at]?.dataset.hour.slice(11)) ?? "";
    const font = `12px ${getComputedStyle(document.documentElement).fontFamily}`;
    const axis = { stroke: colour("words"), font, ticks: { show: false } };
    const lines = { stroke: colour("edge"), width: 1 };
    new uPlot({
      width: box.clientWidth, height: HIGH, legend: { show: false }, cursor: { show: false },
      padding: [8, 0, 0, 0],
      scales: { x: { time: false, range: () => [-0.6, rows.length - 0.4] }, y: { range: (_, __, most) => [0, Math.max(least, most * 1.08)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 52, size: 28, incrs: COUNTS, values: (_, all) => all.map(hour) },
        { ...axis, grid: lines, space: 36, size: words === String ? 34 : 56, incrs: COUNTS, values: (_, all) => all.map(words) },
      ],
      series: [{}, ...layers.map(([, ink]) => ({ fill: colour(ink), width: 0, paths: bars, points: { show: false } }))],
    }, [rows.map((_, at) => at), ...columns], box);
  };

  const draw = () => {
    const rows = [...hours.querySelectorAll("[data-hour]")];
    for (const box of document.querySelectorAll("[data-chart]")) chart(box, rows, KINDS[box.dataset.chart]);
  };
  draw();
  let drawn = hours.innerHTML;
  document.addEventListener("htmx:sse:after:message", () => {
    if (hours.innerHTML === drawn) return;
    drawn = hours.innerHTML;
    draw();
  });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();

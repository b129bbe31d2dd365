// The shift as charts; the same numbers stand in the table below them and in the CSV.
(async () => {
  const place = document.querySelector("[data-numbers]");
  const answer = await fetch(place.dataset.numbers);
  if (!answer.ok) return;
  const { hours } = await answer.json();
  const times = hours.map((hour) => Date.parse(hour.begin) / 1000);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.className = `ink-${name}`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const column = (name, scale = 1) => hours.map((hour) => (hour[name] === null ? null : hour[name] * scale));
  const bars = uPlot.paths.bars({ size: [0.7, 48], radius: 0.15 });
  const KINDS = {
    events: [["Added", "added", "good"], ["Removed", "removed", "soft"], ["Uncertain", "uncertain", "warn"]],
    rate: [["Uncertain, %", "uncertain_rate", "warn", 100]],
    settle: [["Seconds", "settle_seconds", "brand"]],
    carts: [["Carts", "carts", "brand"]],
  };
  const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const draw = () => {
    for (const box of document.querySelectorAll("[data-chart]")) {
      const kinds = KINDS[box.dataset.chart];
      const isLine = kinds.length > 1;
      const axis = { stroke: colour("soft"), grid: { stroke: colour("edge"), width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
      box.replaceChildren();
      if (!kinds.some(([, name]) => hours.some((hour) => hour[name]))) {
        box.append(Object.assign(document.createElement("p"), { className: "hint", textContent: "Nothing in these hours." }));
        continue;
      }
      new uPlot({
        width: box.clientWidth, height: 200,
        legend: { show: isLine, live: false },
        scales: { x: { range: (_, first, last) => [first - 2700, last + 2700] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
        axes: [{ ...axis, space: 64, values: (_, all) => all.map(clock) }, { ...axis, size: 44 }],
        series: [{}, ...kinds.map(([label, , name]) => ({
          label, stroke: colour(name), fill: isLine ? undefined : colour(name), width: 2, paths: isLine ? undefined : bars,
          points: { show: isLine, size: 6, fill: colour(name) },
        }))],
      }, [times, ...kinds.map(([, name, , scale]) => column(name, scale))], box);
    }
  };
  draw();
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();

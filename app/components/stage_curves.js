// The two panels of a stage: what can be read of the class on the way forward, how much gradient comes on the way back.

const MARKED = 80; // up to so many blocks have a mark each

function curves(stage, { top, title, kind }) {
  const { words } = stage.data;
  const { left, right } = margins(stage.width);
  const log = kind === "backward";
  const group = svg("g", { class: `rx-panel rx-${kind}`, role: "img", "aria-label": title });
  group.append(svg("text", { x: 2, y: top + 13, class: "rx-title" }, stage.width < NARROW ? title.replace(/ ?[(].*[)]$/, "") : title));
  const waits = stage.answers.waits(kind);
  if (waits) group.append(svg("text", { x: stage.width - 4, y: top + 13, class: "rx-waits" }, waits));
  const scale = log ? logarithmic(stage, top) : shares(top);
  if (!scale) return group;
  for (const tick of scale.ticks) {
    group.append(svg("path", { class: "rx-grid", d: `M${left},${tick.y} H${stage.width - right}` }));
    const text = svg("text", { x: left - 6, y: tick.y + 4, class: "rx-tick" });
    if (tick.power === undefined) text.append(tick.text);
    else text.append("10", svg("tspan", { dy: -5, class: "rx-power" }, String(tick.power).replace("-", "−")));
    group.append(text);
  }
  const labels = [];
  for (const row of stage.rows) {
    const { slot } = row.network;
    const now = stage.answers.of(slot)[kind];
    const ghost = stage.answers.ghost(slot)?.[kind];
    if (kind === "forward" && now && row === stage.rows[0]) {
      const y = scale.y(now.chance);
      group.append(svg("path", { class: "rx-chance", d: `M${left},${y} H${stage.width - right}` }));
    }
    if (ghost) group.append(line(row, ghost.values, scale, "rx-ghost"));
    if (!now) continue;
    const old = stage.answers.old(slot, kind) ? " rx-old" : "";
    group.append(line(row, now.values, scale, `rx-curve${old}`));
    const end = now.values.at(log ? 0 : -1);
    if (end !== null && end !== undefined) labels.push({ row, y: scale.y(end), text: log ? power(end) : named(now, end, words), old });
  }
  labels.sort((a, b) => a.y - b.y);
  // Where it arrives: the class at the last block, the gradient at the first.
  labels.forEach((one, at) => {
    if (at) one.y = Math.max(one.y, labels[at - 1].y + 14);
  });
  const over = Math.max(0, (labels.at(-1)?.y ?? 0) - (top + PLOT.bottom));
  for (const { row, y, text, old } of labels) {
    const told = svg("text", { x: stage.width - right + 8, y: y - over + 4, class: `rx-end${old}`, style: `--own:${row.network.colour}` });
    told.append(svg("tspan", { class: "rx-letter" }, row.network.letter), svg("tspan", { dx: 5 }, log && stage.width >= NARROW ? filled(words.at_first, { value: text }) : text));
    group.append(told);
  }
  return group;
}

// A share in words: chance is called chance.
const named = (now, end, words) => (now.last < now.values.length ? words.chance : `${Math.round(100 * end)} %`);

function power(value) {
  if (value >= 0.01 && value < 1000) return value.toPrecision(2);
  const exponent = Math.floor(Math.log10(value));
  const raised = String(exponent).replace(/./g, (digit) => ({ "-": "⁻" })[digit] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
  return `${(value / 10 ** exponent).toFixed(1)}·10${raised}`;
}

function shares(top) {
  const y = (value) => top + PLOT.bottom - Math.max(0, Math.min(1, value)) * (PLOT.bottom - PLOT.top);
  return { y, ticks: [0, 0.5, 1].map((share) => ({ y: y(share), text: `${100 * share} %` })) };
}

function logarithmic(stage, top) {
  const all = stage.rows.flatMap(({ network: { slot } }) =>
    [stage.answers.of(slot).backward, stage.answers.ghost(slot)?.backward].flatMap((one) => one?.values ?? []));
  stage.answers.range = range(all, stage.answers.range);
  if (!stage.answers.range) return undefined;
  const shown = roomy(stage.answers.range);
  const [low, high] = shown.map(Math.log10);
  const y = (value) => (value > 0 ? top + PLOT.bottom - ((Math.log10(value) - low) / (high - low)) * (PLOT.bottom - PLOT.top) : NaN);
  return { y, ticks: decades(shown).map((power_) => ({ y: y(10 ** power_), power: power_ })) };
}

function line(row, values, scale, kind) {
  const group = svg("g", { class: `${kind} rx-dash-${row.network.dash}`, style: `--own:${row.network.colour}`, "data-slot": row.network.slot });
  let d = "";
  const marks = [];
  for (const block of row.blocks) {
    const y = scale.y(values[block.n - 1] ?? NaN);
    if (Number.isNaN(y)) {
      d += " ";
      continue;
    }
    d += `${d === "" || d.endsWith(" ") ? "M" : "L"}${block.x.toFixed(1)},${y.toFixed(1)}`;
    marks.push(mark(row.network.mark, block.x, y));
  }
  group.append(svg("path", { d, class: "rx-line" }));
  if (row.blocks.length <= MARKED && kind !== "rx-ghost") group.append(...marks);
  return group;
}

const MARKS = { circle: "M-3,0 a3,3 0 1,0 6,0 a3,3 0 1,0 -6,0", diamond: "M0,-4 L4,0 L0,4 L-4,0 Z", square: "M-3,-3 h6 v6 h-6 Z", triangle: "M0,-4 L4,3 L-4,3 Z" };

const mark = (name, x, y) => svg("path", { class: `rx-mark rx-mark-${name}`, d: MARKS[name.replace("-open", "").replace("-up", "")], transform: `translate(${x.toFixed(1)},${y.toFixed(1)})` });

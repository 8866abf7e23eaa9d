// A figure of a race while it runs. Plotly draws it in full now and then, so that drawing never takes more than a small share of a
// machine that trains at the same time; between two of these, what is new is drawn at once on a canvas above it.

const SHARE = 0.005; // of the time, for Plotly's drawings of one figure
const SOONEST_MS = 250;
const LATEST_MS = 20_000; // however slow the machine
const POINTED_MS = 2000; // under the pointer, which finds only what Plotly has drawn; and where values leave their range
const FIRST_MS = 40; // what a drawing is taken to cost before one has been measured: the first also builds the figure
const ROOM = 0.2; // of its length, that a range which has grown gets beyond that, so that it seldom has to grow
const NOTHING = { x: [null], y: [null] }; // a trace without points would have no legend
const AXES_MS = 1500; // a race that tells nothing for so long gets its empty axes
const WAVE_MS = 1200;

const DASHES = { dash: [9, 6], dot: [3, 4], dashdot: [9, 4, 3, 4] }; // as Plotly draws them

// Of Plotly's marks other than the circle, in units of half their size.
const CORNERS = {
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  "triangle-up": [[-1.15, 0.5], [0, -1], [1.15, 0.5]],
};

// No logarithm is a gap, as is what is not finite: neither has a place on an axis.
const log10 = (value) => (value > 0 ? Math.log10(value) : NaN);

function median(values) {
  if (values.some(Number.isNaN)) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const STATS = { low: (values) => Math.min(...values), median, high: (values) => Math.max(...values) };

const TESTED = ["step", "test_accuracy", "test_loss"]; // the parts of a test, as the server tells it

// The points of a line: of the held steps or of the tests of one run, or of what several runs have in common.
function points(race, { runs, y, stat }) {
  const found = runs.map((id) => race.runs.get(id)).filter((run) => run?.told);
  if (!found.length) return { x: [], y: [] };
  const perEpoch = found[0].told.per_epoch;
  const tested = TESTED.indexOf(y);
  if (tested >= 0) {
    const tests = found.map((run) => run.told.tests);
    const shared = stat ? tests[0].filter((_, place) => tests.every((other) => other.length > place)) : tests[0];
    const of = (place) => (stat ? STATS[stat](tests.map((other) => other[place][tested])) : tests[0][place][tested]);
    return { x: shared.map((test) => test[0] / perEpoch), y: shared.map((_, place) => of(place)) };
  }
  const [run] = found;
  const x = Array.from(run.column("step"), (step) => step / perEpoch);
  const values = Array.from(run.column(y));
  if (run.last && run.now("step") / perEpoch > (x.at(-1) ?? 0)) {
    x.push(run.now("step") / perEpoch);
    values.push(run.now(y));
  }
  return { x, y: values };
}

function shade(scale, share) {
  const place = Math.max(0, Math.min(1, share)) * (scale.length - 1);
  const low = Math.min(scale.length - 2, Math.floor(place));
  const mix = (channel) => Math.round(scale[low][channel] + (place - low) * (scale[low + 1][channel] - scale[low][channel]));
  return `rgb(${mix(0)},${mix(1)},${mix(2)})`;
}

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

class LiveFigure extends Plot {
  constructor(parent) {
    super(parent);
    this.slider = parent.querySelector(".rx-step");
    this.slider.querySelector("input").addEventListener("input", (event) => this.race.hold(Number(event.target.value)));
    this.canvas = document.createElement("canvas");
    this.canvas.className = "rx-above";
    this.canvas.setAttribute("aria-hidden", "true");
    this.cursor = document.createElement("i");
    this.cursor.className = "rx-cursor";
    this.cursor.hidden = true;
    this.cost = 0;
    this.at = 0;
    this.host.addEventListener("pointerenter", () => this.moving && this.news());
  }

  update(data) {
    const race = Race.of(data.race);
    if (race !== this.race) {
      this.leave?.();
      this.race = race;
      this.ranged = undefined;
      this.data = data;
      this.leave = race.follow(() => this.news());
    }
    super.update(data);
  }

  remove() {
    this.leave?.();
    clearTimeout(this.patience);
    super.remove();
  }

  // Before its first step a race needs the machine more than its empty axes do.
  schedule() {
    const begun = this.race.told && this.race.all.every((run) => run.told.finished || run.told.count);
    if (!begun && !this.at && !this.patient) {
      this.patience ??= setTimeout(() => {
        this.patient = true;
        this.schedule();
      }, AXES_MS);
      return;
    }
    super.schedule();
  }

  news() {
    if (this.gone || document.hidden) return;
    const now = performance.now();
    const state = this.race.state;
    const generation = this.race.all.reduce((sum, run) => sum + run.generation, 0);
    const pointed = this.host.matches(":hover") && !this.data.slider; // what has a slider is drawn above at every step
    const latest = pointed ? POINTED_MS : LATEST_MS;
    const due = now - this.at >= Math.max(SOONEST_MS, Math.min(this.cost / SHARE, latest));
    const turned = this.data.slider && this.race.step !== this.stood; // a profile is another one at another step
    if (due || turned || state !== this.state || generation !== this.generation) this.schedule();
    else this.drawNew();
    [this.state, this.generation, this.stood] = [state, generation, this.race.step];
    this.setCursor();
    this.setSlider();
  }

  get following() {
    return this.race?.step === undefined;
  }

  get moving() {
    return this.following && this.race?.state === "running";
  }

  // A line at the step that the visitor has gone back to, across all panels over the steps or the epochs.
  setCursor() {
    const { step } = this.race;
    const layout = this.host._fullLayout;
    const live = this.data.figure.data.map((trace) => trace.live).find((found) => found && !found.profile);
    const told = this.race.all[0]?.told;
    this.cursor.hidden = step === undefined || !live || !layout || !told;
    if (this.cursor.hidden) return;
    const { xaxis } = layout;
    this.cursor.style.left = `${xaxis._offset + xaxis.d2p(live.z ? step : step / told.per_epoch)}px`;
    this.cursor.style.top = `${layout._size.t}px`;
    this.cursor.style.height = `${layout._size.h}px`;
  }

  setSlider() {
    const { slider, thinned } = this.data;
    this.slider.hidden = !slider || this.race.lastStep < 2;
    if (this.slider.hidden) return;
    const input = this.slider.querySelector("input");
    const { stride, step, lastStep } = this.race;
    input.step = stride;
    input.max = lastStep;
    input.value = step ?? lastStep;
    input.setAttribute("aria-label", slider);
    const [said, note] = this.slider.querySelectorAll("span");
    said.textContent = `${slider} ${step ?? lastStep}`;
    note.textContent = stride > 1 ? thinned.replace("{stride}", stride) : "";
  }

  async react(plotly) {
    const begun = performance.now();
    await super.react(plotly);
    this.at = performance.now();
    const cost = this.at - begun;
    this.cost = this.cost ? Math.min(cost, 2 * this.cost) : Math.min(cost, FIRST_MS); // one slow drawing is no measure
  }

  figure() {
    const { data, layout } = this.data.figure;
    this.reached = new Map();
    this.scale = undefined; // of colours: another signal may have another
    const traces = data.map((trace, place) => {
      const { live, ...rest } = trace;
      if (!live) return trace;
      if (live.z) return { ...rest, ...this.map(live, place) };
      if (live.profile) return { ...rest, ...this.profileOf(live) };
      const line = points(this.race, live);
      this.reached.set(place, line.x.length);
      return { ...rest, ...(line.x.length ? line : NOTHING) };
    });
    const annotations = [...(layout.annotations ?? []), ...this.beyond(traces, layout)];
    return { data: traces, layout: { ...layout, annotations, ...this.scales(layout) } };
  }

  // What lies above the end of the axis of the loss is said there, by network.
  beyond(traces, { meta, yaxis2 }) {
    if (!meta?.beyond) return [];
    const highest = new Map();
    for (const { yaxis, y, legendgroup } of traces) {
      if (yaxis !== "y2") continue;
      const most = y.reduce((high, value) => (value > high ? value : high), yaxis2.range[1]);
      if (most > (highest.get(legendgroup) ?? yaxis2.range[1])) highest.set(legendgroup, most);
    }
    if (!highest.size) return [];
    const losses = [...highest].map(([slot, most]) => `${slot.toUpperCase()} ${written(most, 2)}`).join(", ");
    const text = meta.beyond.replace("{losses}", losses);
    return [{ text, showarrow: false, xref: "paper", yref: "paper", x: 1, y: yaxis2.domain[1], xanchor: "right", yanchor: "top", font: { size: 11 } }];
  }

  // One range of colours, or of the log axis, for all networks and steps; it only ever grows while they train.
  scales(layout) {
    const found = {};
    const { live } = this.data.figure.data.find((trace) => trace.live?.z || trace.live?.profile) ?? {};
    if (!live) return found;
    const name = live.z ?? live.profile;
    let [low, high] = [Infinity, -Infinity];
    for (const run of this.race.all)
      for (const value of run.column(name)) {
        const shown = live.log ? log10(value) : value;
        if (!Number.isFinite(shown)) continue;
        if (shown < low) low = shown;
        if (shown > high) high = shown;
      }
    const measured = low <= high;
    if (!measured) [low, high] = live.log ? [-4, 0] : [0, 1];
    if (measured && this.moving && this.ranged === name) {
      const [room, [lowest, highest]] = [ROOM * (high - low), this.range];
      [low, high] = [low < lowest ? low - room : lowest, high > highest ? high + room : highest];
    }
    if (live.middle) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
    if (low === high) high = low + 1;
    [this.range, this.ranged] = [[low, high], measured ? name : undefined];
    if (live.z) found.coloraxis = { ...layout.coloraxis, cmin: low, cmax: high };
    else {
      const range = [low - 0.05 * (high - low), high + 0.05 * (high - low)];
      const powers = live.log && Math.floor(range[1]) - Math.ceil(range[0]) >= 1; // else only what lies between them has labels
      found.yaxis = { ...layout.yaxis, range, ...(powers ? { dtick: 1 } : {}) };
    }
    return found;
  }

  map({ run: id, z, log }, place) {
    const run = this.race.runs.get(id);
    const steps = run.told ? Array.from(run.column("step")) : [];
    const units = run.width(z);
    const values = run.column(z);
    const rows = Array.from({ length: units }, (_, unit) =>
      steps.map((_, column) => (log ? log10(values[column * units + unit]) : values[column * units + unit])),
    );
    this.reached.set(place, steps.length);
    return { x: steps, z: rows };
  }

  profileOf({ runs, profile }) {
    return this.moving ? NOTHING : this.line(runs, profile); // while it moves, drawn above, at every step
  }

  line(runs, profile) {
    const [run] = runs.map((id) => this.race.runs.get(id));
    const values = run?.told ? run.profile(profile, this.race.step ?? Infinity) : [];
    return { x: values.map((_, place) => place + 1), y: values };
  }

  // Plotly has drawn: what stands above is in it now.
  drawn() {
    if (this.canvas.parentElement !== this.host) this.host.append(this.canvas, this.cursor);
    this.setCursor();
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = this.host.clientWidth * scale;
    this.canvas.height = this.data.height * scale;
    this.pen = this.canvas.getContext("2d");
    this.pen.scale(scale, scale);
    this.drawNew();
  }

  drawNew() {
    const layout = this.host._fullLayout;
    if (!this.pen || !layout) return;
    const { data } = this.data.figure;
    // Columns of a map are drawn once and stay; lines are drawn anew.
    if (!data.some((trace) => trace.live?.z)) this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    data.forEach((trace, place) => {
      if (!trace.live || (this.host.data?.[place]?.visible ?? true) !== true) return;
      const axes = [layout[`xaxis${(trace.xaxis ?? "x").slice(1)}`], layout[`yaxis${(trace.yaxis ?? "y").slice(1)}`]];
      this.pen.save();
      this.pen.beginPath();
      this.pen.rect(axes[0]._offset, axes[1]._offset, axes[0]._length, axes[1]._length);
      this.pen.clip();
      if (trace.live.z) this.drawColumns(trace.live, place, ...axes);
      else if (trace.live.profile) this.drawWave(trace, ...axes);
      else if (trace.mode.includes("lines")) this.drawTail(trace, place, ...axes);
      this.pen.restore();
    });
  }

  stroke(trace, xs, ys, xaxis, yaxis) {
    this.pen.strokeStyle = paint(trace.line.color, this.theme);
    this.pen.globalAlpha = trace.opacity ?? 1;
    this.pen.lineWidth = trace.line.width;
    this.pen.setLineDash(DASHES[trace.line.dash] ?? []);
    this.pen.beginPath();
    let joined = false;
    xs.forEach((x, at) => {
      const shown = Number.isFinite(ys[at]); // else a gap, as in Plotly's lines
      const place = [xaxis._offset + xaxis.d2p(x), yaxis._offset + yaxis.d2p(ys[at])];
      if (shown && joined) this.pen.lineTo(...place);
      else if (shown) this.pen.moveTo(...place);
      joined = shown;
    });
    this.pen.stroke();
    this.pen.globalAlpha = 1;
    this.pen.setLineDash([]);
  }

  drawTail(trace, place, xaxis, yaxis) {
    const { x, y } = points(this.race, trace.live);
    const from = Math.max(0, (this.reached.get(place) ?? 0) - 1);
    if (x.length - from > 1) this.stroke(trace, x.slice(from), y.slice(from), xaxis, yaxis);
    const above = yaxis.autorange && Number.isFinite(y.at(-1)) && y.at(-1) > yaxis.range[1]; // such as a test loss that jumps: only Plotly widens an axis
    if (above && performance.now() - this.at >= SOONEST_MS) this.schedule();
    if (!trace.mode.includes("markers")) return;
    for (let at = this.reached.get(place) ?? 0; at < x.length; at += 1) {
      if (Number.isFinite(y[at])) this.mark(trace, xaxis._offset + xaxis.d2p(x[at]), yaxis._offset + yaxis.d2p(y[at]));
    }
  }

  // As Plotly draws it, full or open.
  mark(trace, x, y) {
    const { symbol = "circle", size = 6 } = trace.marker ?? {};
    const corners = CORNERS[symbol.replace("-open", "")];
    this.pen.beginPath();
    if (corners) for (const [dx, dy] of corners) this.pen.lineTo(x + (size / 2) * dx, y + (size / 2) * dy);
    else this.pen.arc(x, y, size / 2, 0, 7);
    this.pen.closePath();
    this.pen.fillStyle = this.pen.strokeStyle = paint(trace.line.color, this.theme);
    this.pen.lineWidth = 1;
    if (symbol.endsWith("-open")) this.pen.stroke();
    else this.pen.fill();
  }

  // What is drawn above keeps to the range that Plotly drew.
  refit(values) {
    const [low, high] = this.range;
    const slack = 0.05 * (high - low);
    const left = values.some((value) => Number.isFinite(value) && (value < low - slack || value > high + slack));
    if (left && performance.now() - this.at >= POINTED_MS) this.schedule();
  }

  drawColumns({ run: id, z, log }, place, xaxis, yaxis) {
    const run = this.race.runs.get(id);
    if (!run.told) return;
    const steps = run.column("step");
    const values = run.column(z);
    const { stride } = run.told;
    const units = run.width(z);
    const [low, high] = this.range;
    const scale = (this.scale ??= this.data.figure.layout.coloraxis.colorscale.map(([, colour]) => channels(colour)));
    const last = Array.from(values.subarray(values.length - units));
    this.refit(log ? last.map(log10) : last);
    for (let column = this.reached.get(place) ?? 0; column < steps.length; column += 1) {
      const left = xaxis._offset + xaxis.d2p(steps[column] - stride / 2);
      const width = Math.max(1, xaxis.d2p(steps[column] + stride / 2) - xaxis.d2p(steps[column] - stride / 2));
      for (let unit = 0; unit < units; unit += 1) {
        const value = values[column * units + unit];
        const shown = log ? log10(value) : value;
        if (!Number.isFinite(shown)) continue;
        const top = yaxis._offset + yaxis.d2p(unit + 1.5);
        this.pen.fillStyle = shade(scale, (shown - low) / (high - low || 1));
        this.pen.fillRect(left, top, width + 0.5, yaxis.d2p(unit + 0.5) - yaxis.d2p(unit + 1.5) + 0.5);
      }
    }
    this.reached.set(place, steps.length);
  }

  // The gradient by block at the newest step. In slow motion it appears as it travels: from the last block back to the first.
  drawWave(trace, xaxis, yaxis) {
    if (!this.moving) return;
    const { x, y } = this.line(trace.live.runs, trace.live.profile);
    this.refit(trace.live.log ? y.map(log10) : y);
    let from = 0;
    if (this.race.slow) {
      const step = this.race.lastStep;
      if (step !== this.waveStep) [this.waveStep, this.waveFrom] = [step, performance.now()];
      const share = (performance.now() - this.waveFrom) / Math.min(WAVE_MS, 700 * this.race.slow);
      from = Math.max(0, Math.round((1 - share) * (x.length - 1)));
      if (share < 1 && !this.waving) {
        this.waving = requestAnimationFrame(() => {
          this.waving = 0;
          if (!this.gone) this.drawNew();
        });
      }
    }
    this.stroke(trace, x.slice(from), y.slice(from), xaxis, yaxis);
    if (from > 0) {
      this.pen.fillStyle = paint(trace.line.color, this.theme);
      this.pen.beginPath();
      this.pen.arc(xaxis._offset + xaxis.d2p(x[from]), yaxis._offset + yaxis.d2p(y[from]), 5, 0, 7);
      this.pen.fill();
    }
  }
}

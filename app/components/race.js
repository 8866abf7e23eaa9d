// Follows the runs of a race: asks the server for what is new, keeps it in columns, tells who listens. All components of a page
// share one Race for the same runs, so that each number crosses the network once.

const LOOK_MS = { running: 125, paused: 400, waiting: 400, stopping: 125, hidden: 1500, lost: 2000 };
const UNIT_COLUMNS = ["gradient_norms", "update_ratios", "activation_means", "activation_stds"];

class Column {
  // A Float32Array that grows.
  constructor() {
    this.values = new Float32Array(1024);
    this.length = 0;
  }

  put(at, packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const added = new Float32Array(bytes.buffer);
    while (at + added.length > this.values.length) {
      const wider = new Float32Array(2 * this.values.length);
      wider.set(this.values);
      this.values = wider;
    }
    this.values.set(added, at);
    this.length = at + added.length;
  }

  get all() {
    return this.values.subarray(0, this.length);
  }
}

class Run {
  // One run: what the server told last, and its columns. ``generation`` changes when the held steps have been thinned.
  constructor(id) {
    this.id = id;
    this.columns = {};
    this.generation = 0;
    this.stride = 1;
    this.steps = 0;
  }

  take(told) {
    if (told.stride !== this.stride || told.start < this.held) this.generation += 1;
    this.told = told;
    this.stride = told.stride;
    for (const [name, packed] of Object.entries(told.columns)) {
      const column = (this.columns[name] ??= new Column());
      column.put(told.start * (UNIT_COLUMNS.includes(name) ? told.units : 1), packed);
    }
  }

  get held() {
    return this.columns.step?.length ?? 0;
  }

  column(name) {
    return this.columns[name]?.all ?? new Float32Array();
  }

  // The values by unit of the held step with this number; of the very last step where there is none that late.
  profile(name, step) {
    const steps = this.column("step");
    const last = this.told?.last;
    if (!last) return [];
    if (step >= last.step) return last[name] ?? [];
    let place = 0;
    while (place + 1 < steps.length && steps[place + 1] <= step) place += 1;
    const units = this.told.units;
    return [...this.column(name).subarray(place * units, (place + 1) * units)];
  }
}

class Race {
  constructor({ base, ids, language }) {
    this.address = `${base}/live/${ids}`;
    this.language = language;
    this.runs = new Map(ids.split(".").map((id) => [id, new Run(id)]));
    this.listeners = new Set();
    this.slow = 0;
  }

  static of(settings) {
    const races = (window.rxRaces ??= new Map());
    const key = JSON.stringify(settings);
    if (!races.has(key)) races.set(key, new Race(settings));
    return races.get(key);
  }

  follow(listener) {
    this.listeners.add(listener);
    if (this.told) listener(this);
    this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size) return;
      clearTimeout(this.timer);
      this.timer = undefined;
    };
  }

  start() {
    if (!this.looking && this.timer === undefined) this.look();
  }

  get all() {
    return [...this.runs.values()].filter((run) => run.told);
  }

  get state() {
    const states = this.all.map((run) => run.told.status);
    return ["running", "stopping", "paused", "waiting"].find((state) => states.includes(state)) ?? "ended";
  }

  async look() {
    this.looking = true;
    this.timer = undefined;
    try {
      await this.ask(this.address, {});
      this.unreachable = false;
    } catch {
      this.unreachable = true; // the server is gone or restarts: what is drawn stays, and the next look may find it again
    }
    this.looking = false;
    if (this.listeners.size && (this.unreachable || this.state !== "ended")) {
      const wait = this.unreachable ? LOOK_MS.lost : document.hidden ? LOOK_MS.hidden : LOOK_MS[this.state];
      this.timer = setTimeout(() => this.look(), wait);
    }
    if (this.unreachable) this.tell();
  }

  async ask(address, options, more = {}) {
    const have = [...this.runs.values()].map((run) => `${run.held}:${run.stride}`).join(".");
    const query = new URLSearchParams({ have, lang: this.language, ...more });
    const answer = await fetch(`${address}?${query}`, options);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    for (const told of (await answer.json()).runs) this.runs.get(told.id)?.take(told);
    this.told = true;
    this.tell();
  }

  async command(name, more = {}) {
    await this.ask(`${this.address}/${name}`, { method: "POST", headers: { "x-resnet-explorer": "1" } }, more);
    this.start();
  }

  tell() {
    this.listeners.forEach((listener) => listener(this));
  }
}

// Follows the runs of a race: takes what the server tells, keeps it in columns, tells who listens. All components of a page share
// one Race for the same runs, so that each number crosses the network once.

const AGAIN_MS = 2000; // before the server is asked again when it did not answer

// Float32 numbers from base64.
function unpacked(packed) {
  return new Float32Array(Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)).buffer);
}

class Column {
  // A Float32Array that grows.
  constructor() {
    this.values = new Float32Array(1024);
    this.length = 0;
  }

  put(at, added) {
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
  // One run: all that the server has told, and its columns. ``generation`` changes when the held steps have been thinned.
  constructor(id) {
    this.id = id;
    this.columns = {};
    this.generation = 0;
    this.stride = 1;
    this.steps = 0;
  }

  // What has not changed is not told again. A step has as many values of a column as ``columns`` says.
  take({ rows, tests, ...told }) {
    if (told.stride !== this.stride) this.generation += 1;
    this.told = { ...this.told, ...told };
    // What is not finite comes as a string, which Number reads.
    if (tests) {
      this.told.tests = [...(this.told.tests ?? []).slice(0, tests.from), ...tests.added.map((test) => test.map(Number))];
      this.told.answers = [...(this.told.answers ?? []).slice(0, tests.from), ...tests.answers];
    }
    this.stride = told.stride;
    const widths = Object.entries(this.told.columns);
    const values = unpacked(rows);
    const steps = values.length / widths.reduce((sum, [, width]) => sum + width, 0);
    let from = 0;
    for (const [name, width] of widths) {
      const column = (this.columns[name] ??= new Column());
      column.put(told.start * width, values.subarray(from, from + steps * width));
      from += steps * width;
    }
    this.last = this.latest(widths);
  }

  // The latest step, held or not: of each column its one value, or those by unit.
  latest(widths) {
    const beyond = this.told.last ? unpacked(this.told.last) : undefined;
    if (!beyond && !this.held) return undefined;
    let from = 0;
    return Object.fromEntries(widths.map(([name, width]) => {
      const row = beyond ? beyond.subarray(from, from + width) : this.column(name).slice((this.held - 1) * width);
      from += width;
      return [name, row];
    }));
  }

  get held() {
    return this.columns.step?.length ?? 0;
  }

  column(name) {
    return this.columns[name]?.all ?? new Float32Array();
  }

  // A single value of the latest step.
  now(name) {
    return this.last?.[name][0];
  }

  // How many values of a column a step has.
  width(name) {
    return this.told?.columns[name] ?? 0;
  }

  // A single value of the held step with this number; of the latest where there is none that late.
  at(name, step) {
    return this.profile(name, step)[0];
  }

  // The last test up to this step.
  test(step) {
    return this.told.tests.filter(([tested]) => tested <= step).at(-1);
  }

  // What was answered in the last test up to this step: the classes, and how probable each was; nothing before the first.
  answers(step) {
    return this.told.answers[this.told.tests.findLastIndex(([tested]) => tested <= step)];
  }

  // The values by unit of the held step with this number; of the very last step where there is none that late.
  profile(name, step) {
    const steps = this.column("step");
    if (!this.last) return [];
    if (step >= this.now("step")) return [...this.last[name]];
    let place = 0;
    while (place + 1 < steps.length && steps[place + 1] <= step) place += 1;
    const units = this.width(name);
    return [...this.column(name).subarray(place * units, (place + 1) * units)];
  }
}

class Race {
  constructor({ base, ids, language }) {
    this.address = `${base}/live/${ids}`;
    this.language = language;
    this.runs = new Map(ids.split(".").map((id) => [id, new Run(id)]));
    this.listeners = new Set();
    this.due = false; // runs go on of which nothing new has been told yet
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
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
    this.open();
    return () => {
      this.listeners.delete(listener);
      if (!this.listeners.size) this.close();
    };
  }

  get query() {
    const have = [...this.runs.values()].map((run) => `${run.held}:${run.stride}`).join(".");
    return new URLSearchParams({ have, lang: this.language });
  }

  // A websocket: a question and an answer six times a second would cost the browser more than all drawing.
  open() {
    if (this.socket || document.hidden || !this.listeners.size || this.over) return;
    clearTimeout(this.timer);
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}${this.address}?${this.query}`);
    this.socket = socket;
    socket.onmessage = (event) => {
      this.unreachable = false;
      this.take(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (this.socket !== socket) return; // closed from here
      this.socket = undefined;
      if (this.over) return;
      // The server is gone or restarts: what is drawn stays, and it may be found again.
      this.unreachable = true;
      this.tell();
      this.timer = setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }

  get all() {
    return [...this.runs.values()].filter((run) => run.told);
  }

  // The step at which all that is on show stands, when the visitor has gone back to one; else it follows the race.
  get step() {
    if (this.back === undefined) return undefined;
    return this.back - ((this.back - 1) % this.stride); // thinned since: only that one is still held
  }

  hold(step) {
    this.back = step + this.stride > this.lastStep ? undefined : step;
    this.tell();
  }

  get lastStep() {
    return Math.max(0, ...this.all.map((run) => run.now("step") ?? 0));
  }

  // Every so many steps one is held of each run; of the longest, fewer.
  get stride() {
    return Math.max(1, ...this.all.map((run) => run.stride));
  }

  get state() {
    const states = this.all.map((run) => run.told.status);
    return ["running", "stopping", "paused", "waiting"].find((state) => states.includes(state)) ?? "ended";
  }

  // Nothing more will come.
  get over() {
    return Boolean(this.told) && !this.due && this.state === "ended";
  }

  // What the page says of its runs: those that had ended may go on, and are followed again.
  expect(alive) {
    if (!alive.length || !this.over) return;
    this.due = true;
    this.open();
  }

  // The seconds that the slowest child waits after each step.
  get slow() {
    return Math.max(0, ...this.all.map((run) => run.told.slow));
  }

  take({ runs }) {
    this.due = false;
    for (const told of runs) this.runs.get(told.id)?.take(told);
    this.told = true;
    this.tell();
  }

  async command(name, more = {}) {
    const query = this.query;
    for (const [key, value] of Object.entries(more)) query.set(key, value);
    const answer = await fetch(`${this.address}/${name}?${query}`, { method: "POST", headers: { "x-resnet-explorer": "1" } });
    if (!answer.ok) throw new Error(`${this.address}: ${answer.status}`);
    this.take(await answer.json());
    this.open();
  }

  tell() {
    this.listeners.forEach((listener) => listener(this));
  }
}

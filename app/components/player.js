// The player of a race: its buttons, how far it is, and the large numbers. Plain elements whose text changes.

const BUSY = ["running", "paused", "waiting", "stopping"];

// A number to so many digits, and what is not one as it is.
const written = (value, digits) => (Number.isFinite(value) ? value.toPrecision(digits) : String(value).replace("Infinity", "∞"));

class Player {
  constructor(parent, setTriggerValue) {
    this.host = parent.querySelector(".rx-live");
    this.announce = setTriggerValue;
    this.host.addEventListener("click", (event) => this.press(event.target.closest("button[data-do]")));
    this.host.addEventListener("change", (event) => event.target.matches("[data-slow]") && this.slow(event.target.checked));
  }

  update(data) {
    const race = Race.of(data.race);
    this.data = data;
    if (this.host.rxMarkup !== data.markup) {
      this.host.innerHTML = data.markup; // made by the page, every word of it escaped
      this.host.rxMarkup = data.markup;
    }
    if (race !== this.race) {
      this.leave?.();
      this.race = race;
      this.leave = race.follow(() => this.news());
    }
    this.busy = data.alive.length > 0; // as the page's own buttons have it
    race.expect(data.alive);
    if (race.told) this.news();
  }

  remove() {
    this.leave?.();
  }

  async press(button) {
    if (!button || button.disabled) return;
    const name = button.dataset.do === "pause" && this.race.state === "paused" ? "go" : button.dataset.do;
    try {
      await this.race.command(name);
    } catch (error) {
      console.warn(error); // the next look says that the server is out of reach
    }
  }

  async slow(on) {
    this.slowing = true; // what was told before the server has taken it would turn the box back
    try {
      await this.race.command("slow", { seconds: on ? this.data.slow_s : 0 });
    } catch (error) {
      console.warn(error);
    }
    this.slowing = false;
    this.news();
  }

  set(selector, text) {
    this.host.querySelectorAll(selector).forEach((place) => place.textContent !== text && (place.textContent = text));
  }

  news() {
    const { race, data } = this;
    const state = race.state;
    const busy = BUSY.includes(state);
    this.buttons(state, busy);
    for (const [slot, ids] of Object.entries(data.slots)) this.card(slot, ids.map((id) => race.runs.get(id)).filter((run) => run?.told));
    const told = race.all.map((run) => run.told);
    const done = told.reduce((sum, run) => sum + (run.status === "done" ? 1 : run.progress), 0) / Math.max(1, told.length);
    const bar = this.host.querySelector(".rx-progress");
    if (bar) {
      bar.setAttribute("aria-valuenow", Math.round(100 * done));
      bar.firstElementChild.style.width = `${100 * done}%`;
    }
    // The race lasts as long as its longest run; while one of them has no pace yet, nobody knows.
    const lefts = told.filter((run) => !run.finished).map((run) => run.left_s);
    const known = lefts.length && lefts.every((seconds) => seconds !== null);
    const left = known ? data.words.left.replace("{seconds}", Math.max(...lefts).toFixed(0)) : "";
    const words = race.unreachable ? data.words.unreachable : data.words[state] ?? "";
    this.set(".rx-state", [words, state === "running" ? left : ""].filter(Boolean).join(" · "));
    const evidence = [...new Set(told.map((run) => run.evidence).filter(Boolean))];
    this.set(".rx-evidence", evidence[0] ?? "");
    const problems = [...new Set(race.all.flatMap((run) => [run.told.error, run.told.warning]
      .filter(Boolean).map((text) => `${data.names[run.id] ?? ""}: ${text}`)))];
    const box = this.host.querySelector(".rx-problems");
    if (box && box.rxShown !== problems.join()) {
      box.rxShown = problems.join();
      box.replaceChildren(...problems.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
      box.hidden = !problems.length;
    }
    // The page has buttons of its own, which change when the race ends.
    if (race.due) return;
    if (this.busy && !busy && !race.unreachable) this.announce?.("ended", Date.now());
    this.busy = busy;
  }

  buttons(state, busy) {
    const { words } = this.data;
    for (const button of this.host.querySelectorAll("button[data-do]")) {
      const name = button.dataset.do;
      button.disabled = !busy || state === "stopping" || (state === "waiting" && name !== "stop");
      if (name === "pause") {
        const text = state === "paused" ? words.resume : words.pause;
        if (button.textContent !== text) button.textContent = text;
      }
    }
    const slow = this.host.querySelector("[data-slow]");
    if (!slow) return;
    slow.disabled = !busy || state === "stopping";
    if (!this.slowing) slow.checked = this.race.slow > 0;
  }

  card(slot, runs) {
    const last = runs.map((run) => run.test(this.race.step ?? Infinity)?.[1]).filter((value) => value !== undefined);
    const place = this.host.querySelector(`[data-accuracy="${slot}"]`);
    if (!place || !runs.length) return;
    const percent = (value) => `${(100 * value).toFixed(1)}%`;
    place.dataset.value = last.length ? median(last) : "";
    this.set(`[data-accuracy="${slot}"]`, last.length ? percent(median(last)) : "–");
    const range = last.length > 1 ? `[${percent(Math.min(...last))}–${percent(Math.max(...last))}]` : "";
    this.set(`[data-range="${slot}"]`, range);
    const [first] = runs;
    const { pace, told, steps } = first.told;
    this.set(`[data-pace="${slot}"]`, pace || told);
    if (!first.last) return;
    const now = (name) => first.at(name, this.race.step ?? Infinity);
    const values = {
      step: `${now("step").toLocaleString("en")}${steps ? ` / ${steps.toLocaleString("en")}` : ""}`,
      loss: written(now("loss"), 3),
      rate: written(now("learning_rate"), 2),
    };
    for (const [name, text] of Object.entries(values)) this.set(`[data-now="${slot}.${name}"]`, text);
  }
}

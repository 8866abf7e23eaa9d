// What a hand does on a stage: a pointer cuts arcs, also many in one drag, opens blocks, and points; keys do the same.

class Hand {
  constructor(stage) {
    this.stage = stage;
    const { paper } = stage;
    paper.addEventListener("pointerdown", (event) => this.down(event));
    paper.addEventListener("pointermove", (event) => this.move(event));
    paper.addEventListener("pointerup", (event) => this.up(event));
    paper.addEventListener("pointercancel", () => this.letGo());
    paper.addEventListener("pointerleave", () => !this.drag && this.point({}));
    paper.addEventListener("keydown", (event) => this.key(event));
    paper.addEventListener("focusin", (event) => this.focus(event.target.closest?.(".rx-network")));
    paper.addEventListener("focusout", () => this.unmark());
  }

  // The row and the block under a pointer; ``arcs``: of what row the arcs are there.
  under(event) {
    const { stage } = this;
    const box = stage.paper.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = stage.rows?.[Math.floor(y / ROW)] ?? stage.rows?.[0];
    const block = row?.blocks.find((one) => Math.abs(one.x - x) <= one.pitch / 2);
    const inRows = y < ROW * (stage.rows?.length ?? 0);
    const arc = Boolean(block) && inRows && y < row.top + WIRE - block.height / 2 && y > row.top + 2;
    return { row, block, arc, inRows, x, y };
  }

  down(event) {
    const { row, block, arc } = this.under(event);
    if (event.button || !block || !arc || block.arc === "none" || this.stage.data.readonly) return;
    const state = this.stage.arc(row.network.slot, block);
    this.drag = { slot: row.network.slot, cut: !(state === "cut" || state === "plain"), blocks: new Set() };
    this.stage.paper.setPointerCapture(event.pointerId);
    this.take(block);
    event.preventDefault();
  }

  move(event) {
    const { row, block, arc, inRows } = this.under(event);
    this.stage.paper.style.cursor = block && inRows ? "pointer" : "";
    if (this.drag && row.network.slot === this.drag.slot && block) this.take(block);
    if (!this.drag) this.point(block ? { slot: row.network.slot, n: block.n, arc } : {});
  }

  up(event) {
    if (this.drag) return void this.letGo();
    const { row, block, arc, inRows } = this.under(event);
    if (block && inRows && !arc && !event.button) this.open(row.network.slot, block.n);
  }

  take(block) {
    if (this.drag.blocks.has(block.n)) return;
    this.drag.blocks.add(block.n);
    this.stage.pending.set(`${this.drag.slot}.${block.n}`, this.drag.cut);
    this.stage.schedule();
  }

  letGo() {
    const { drag } = this;
    this.drag = undefined;
    if (drag) this.tellCuts();
  }

  // All that the page has not taken yet, so that nothing is lost when two clicks come in one run of its script.
  tellCuts() {
    const { pending, send } = this.stage;
    send("cut", { at: Date.now(), cuts: [...pending].map(([key, cut]) => [...key.split("."), cut]) });
  }

  open(slot, n) {
    if (this.stage.data.readonly) return;
    this.stage.send("open", { at: Date.now(), slot, n: this.stage.data.open === n ? 0 : n });
  }

  point(at) {
    const now = JSON.stringify(at);
    if (now === this.pointed) return;
    this.pointed = now;
    window.dispatchEvent(new CustomEvent(BLOCK_EVENT, { detail: at }));
  }

  // The words beside the block that is pointed at.
  tell(at) {
    const { tip, data, rows, answers } = this.stage;
    const row = at && rows?.find((one) => one.network.slot === at.slot);
    const block = row?.blocks.find((one) => one.n === at.n);
    const own = this.pointed && at && JSON.parse(this.pointed).n === at.n;
    if (!block || !own || !(this.stage.paper.matches(":hover") || this.active)) {
      tip.hidden = true;
      return;
    }
    const { words } = data;
    const arc = this.stage.arc(at.slot, block);
    const lines = [filled(words.block, { n: block.n, of: row.network.total, name: block.name, shape: block.out, arc: words[arc] ?? "" })];
    for (const other of rows) {
      if (!other.network.blocks[at.n - 1]) continue;
      const { forward, backward } = answers.of(other.network.slot);
      const told = [];
      const share = forward?.values[at.n - 1];
      const norm = backward?.values[at.n - 1];
      if (share !== undefined && share !== null) told.push(filled(words.read, { share: `${Math.round(100 * share)} %` }));
      if (norm) told.push(filled(words.gradient, { value: power(norm) }));
      const inside = answers.of(other.network.slot).inside?.blocks[at.n - 1];
      if (inside?.residual_share) told.push(filled(words.residual, { value: inside.residual_share.toPrecision(2) }));
      if (inside?.dimensions) told.push(filled(words.dimensions, { value: inside.dimensions.toPrecision(2) }));
      if (told.length) lines.push(`${other.network.letter}: ${told.join(", ")}`);
    }
    if (!data.readonly) lines.push(JSON.parse(this.pointed).arc ? (arc === "cut" || arc === "plain" ? words.mend : words.cut_it) : words.open_it);
    tip.replaceChildren(...lines.map((text) => Object.assign(document.createElement("div"), { textContent: text })));
    tip.hidden = false;
    const wide = tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(this.stage.width - wide, block.x - wide / 2))}px`;
    tip.style.top = `${row.top + ROW + 2}px`;
  }

  // Keyboard: arrows move, Enter opens, Space cuts.
  key(event) {
    const group = event.target.closest?.(".rx-network");
    const row = this.stage.rows?.find((one) => one.network.slot === group?.dataset.slot);
    if (!row?.blocks.length) return;
    const at = Math.max(0, row.blocks.findIndex((one) => one.n === this.active?.n));
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: row.blocks.length - 1 }[event.key];
    if (to !== undefined) this.stand(row, row.blocks[Math.max(0, Math.min(row.blocks.length - 1, to))]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const other = this.stage.rows[this.stage.rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
      if (other) this.stage.paper.querySelector(`.rx-network[data-slot="${other.network.slot}"]`).focus();
    } else if (event.key === "Enter" && this.active) this.open(row.network.slot, this.active.n);
    else if (event.key === " " && this.active) {
      const block = row.blocks[at];
      if (block.arc === "none" || this.stage.data.readonly) return void event.preventDefault();
      const state = this.stage.arc(row.network.slot, block);
      this.stage.pending.set(`${row.network.slot}.${block.n}`, !(state === "cut" || state === "plain"));
      this.stage.schedule();
      this.tellCuts();
    } else return;
    event.preventDefault();
  }

  focus(group) {
    const row = this.stage.rows?.find((one) => one.network.slot === group?.dataset.slot);
    if (row?.blocks.length && !this.restoring) this.stand(row, row.blocks.find((one) => one.n === this.stood) ?? row.blocks[0]);
  }

  // The block on which the keyboard stands; a screen reader hears it, with its numbers.
  stand(row, block) {
    this.active = { slot: row.network.slot, n: block.n };
    this.stood = block.n; // in the other network the keyboard comes to the same block
    this.mark();
    this.point({ ...this.active });
    this.stage.said.textContent = [...this.stage.tip.children].slice(0, -1).map((line) => line.textContent).join(". ");
  }

  mark() {
    const { paper } = this.stage;
    paper.querySelectorAll(".rx-active").forEach((one) => one.classList.remove("rx-active"));
    const unit = this.active && paper.querySelector(`[data-block="${this.active.slot}.${this.active.n}"]`);
    unit?.classList.add("rx-active");
    unit?.parentElement.setAttribute("aria-activedescendant", unit.id);
  }

  unmark() {
    if (this.restoring) return;
    this.active = undefined;
    this.stage.paper.querySelectorAll(".rx-active").forEach((one) => one.classList.remove("rx-active"));
    this.point({});
  }

  // A drawing made anew gives the focus back to where it was.
  restore(active) {
    if (!active) return;
    this.restoring = true;
    this.active = active;
    this.stage.paper.querySelector(`.rx-network[data-slot="${active.slot}"]`)?.focus({ preventScroll: true });
    this.mark();
    this.restoring = false;
  }
}

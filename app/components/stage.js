// The stage: networks as rows of blocks that can be cut and opened, and below them what was measured of each block.

const NS = "http://www.w3.org/2000/svg";
const BLOCK_EVENT = "rx-block"; // on the window: {slot, n} of the block that is pointed at, wherever on the page

function svg(tag, attributes = {}, ...content) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

class Stage {
  constructor(parent, send) {
    this.host = parent.querySelector(".rx-stage");
    this.send = send;
    this.pending = new Map(); // cuts that the page has not taken yet: "a.5" -> true
    this.measured = {};
    this.view = undefined;
    this.bar = new Toolbar(this);
    this.paper = svg("svg", { class: "rx-paper" });
    this.canvas = document.createElement("canvas");
    this.canvas.className = "rx-above";
    this.canvas.setAttribute("aria-hidden", "true");
    this.tip = Object.assign(document.createElement("div"), { className: "rx-tip", hidden: true });
    this.said = Object.assign(document.createElement("div"), { className: "rx-hidden" });
    this.said.setAttribute("aria-live", "polite");
    const place = Object.assign(document.createElement("div"), { className: "rx-place" });
    place.append(this.paper, this.canvas, this.tip);
    this.host.replaceChildren(this.bar.element, place, this.said);
    this.pad = new Pad(this);
    this.bar.element.after(this.pad.element);
    this.answers = new Answers(this);
    this.player = new Play(this);
    this.hand = new Hand(this);
    this.observer = new ResizeObserver(() => this.paper.clientWidth !== this.width && this.schedule());
    this.observer.observe(place);
    this.lit = (event) => this.light(event.detail);
    window.addEventListener(BLOCK_EVENT, this.lit);
  }

  update(data) {
    const before = this.data;
    this.data = data;
    if (!before || before.networks.some((one, at) => one.total !== data.networks[at]?.total)) this.view = undefined;
    this.view ??= { from: 0, to: Math.max(...data.networks.map((one) => one.stages.length)) - 1, page: 0, most: Infinity };
    for (const key of [...this.pending.keys()]) {
      const block = this.block(key);
      if (!block || (block.arc === "cut" || block.arc === "plain") === this.pending.get(key)) this.pending.delete(key);
    }
    this.bar.update();
    this.pad.update();
    this.answers.update(data);
    this.schedule();
  }

  block(key) {
    const [slot, n] = key.split(".");
    return this.data.networks.find((one) => one.slot === slot)?.blocks[n - 1];
  }

  // What the arc of a block is now: as the page has it, or as the hand has just made it.
  arc(slot, block) {
    const pending = this.pending.get(`${slot}.${block.n}`);
    if (pending === undefined) return block.arc;
    return pending ? "cut" : block.whole;
  }

  schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.gone) this.draw();
    });
  }

  draw() {
    const { data, paper } = this;
    this.width = paper.clientWidth || paper.parentElement.clientWidth;
    if (!this.width) return;
    this.host.style.minHeight = `${ROW * data.networks.length + 2 * PANEL + AROUND}px`; // nothing below moves when the sentences come
    this.height = ROW * data.networks.length + 2 * PANEL;
    paper.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    paper.setAttribute("height", this.height);
    const dark = matchMediaDark(this.host);
    paper.parentElement.dataset.dark = dark ? "yes" : "no";
    this.rows = data.networks.map((network, at) => ({ network, top: at * ROW, blocks: placed(network, this.view, this.width) }));
    const active = this.hand.active;
    const shapes = this.rows.map((row) => this.row(row));
    paper.replaceChildren(svg("g", { class: "rx-band" }), ...shapes, ...this.panels());
    this.hand.restore(active);
    this.light(this.at ?? {});
    this.player.draw();
    window.dispatchEvent(new CustomEvent("rx-drawn"));
  }

  row({ network, top, blocks }) {
    const { words } = this.data;
    const y = top + WIRE;
    const group = svg("g", {
      class: "rx-network", role: "listbox", tabindex: 0, "data-slot": network.slot, style: `--own:${network.colour}`,
      "aria-label": `${network.letter}: ${network.name}`, "aria-orientation": "horizontal",
    });
    const { left, right } = margins(this.width);
    const name = svg("text", { x: 2, y: top + 11, class: "rx-name" });
    name.append(svg("tspan", { class: "rx-letter" }, network.letter), svg("tspan", { dx: 6 }, network.name));
    const last = blocks.at(-1);
    if (!last) return group;
    group.append(name, svg("path", { class: "rx-wire", d: `M${left - 24},${y} H${last.x + last.pitch / 2 + 14}`, role: "presentation" }));
    for (const block of blocks) group.append(this.unit(network, block, y));
    let from = 0;
    blocks.forEach((block, at) => {
      if (at + 1 < blocks.length && blocks[at + 1].stage === block.stage) return;
      const middle = (blocks[from].x + block.x) / 2;
      const many = at - from + 1;
      from = at + 1;
      const room = many * block.pitch;
      const told = network.stages[block.stage];
      const text = room > 7 * (told.length + 5) ? `${many} × ${told}` : room > 6 * told.length ? told : "";
      group.append(svg("text", { x: middle, y: top + ROW - 3, class: "rx-stagename", "aria-hidden": "true" }, text));
    });
    group.append(svg("text", { x: this.width - right + 20, y: y + 26, class: "rx-headname", "aria-hidden": "true" }, this.width < NARROW ? "" : network.head));
    group.setAttribute("aria-description", words.keys);
    return group;
  }

  unit(network, block, y) {
    const { words, open } = this.data;
    const arc = this.arc(network.slot, block);
    const top = y - block.height / 2;
    const key = `${network.slot}.${block.n}`;
    const said = filled(words.block, { n: block.n, of: network.total, name: block.name, shape: block.out, arc: words[arc] ?? "" });
    const group = svg("g", {
      class: `rx-unit rx-arc-${arc}${open === block.n ? " rx-open" : ""}`, role: "option", id: `rx-${key}`, "data-block": key,
      "aria-label": said, "aria-selected": open === block.n ? "true" : "false",
    });
    group.append(svg("rect", {
      class: "rx-box", x: block.x - block.width / 2, y: top, width: block.width, height: block.height, rx: Math.min(4, block.width / 4),
    }));
    const half = block.pitch / 2 - Math.min(1, block.pitch / 10);
    const high = Math.min(26, 10 + block.pitch / 2);
    const d = `M${block.x - half},${y} C${block.x - half},${top - high} ${block.x + half},${top - high} ${block.x + half},${y}`;
    if (arc !== "none") {
      group.append(svg("path", { class: "rx-shortcut", d }));
      if (arc === "cut" && block.pitch > 9) {
        const at = top - 0.68 * high + 3;
        group.append(svg("path", { class: "rx-gap", d: `M${block.x - 3},${at - 3} l6,6 M${block.x + 3},${at - 3} l-6,6` }));
      }
      group.append(svg("rect", { class: "rx-hit", x: block.x - block.pitch / 2, y: top - high - 4, width: block.pitch, height: high + 2, "data-arc": key }));
    }
    return group;
  }

  panels() {
    const top = ROW * this.data.networks.length;
    const { words } = this.data;
    return [
      curves(this, { top, title: words.forward, kind: "forward" }),
      curves(this, { top: top + PANEL, title: words.backward, kind: "backward" }),
    ];
  }

  // The same block everywhere: a band through the rows and panels, and what is known of it.
  light({ slot, n } = {}) {
    this.at = n ? { slot, n } : undefined;
    const band = this.paper.querySelector(".rx-band");
    if (!band || !this.rows) return;
    const pieces = [];
    for (const row of this.rows) {
      const block = n && row.blocks.find((one) => one.n === n);
      if (!block) continue;
      const width = Math.max(block.pitch, 3);
      pieces.push(svg("rect", { x: block.x - width / 2, y: row.top + 18, width, height: ROW - 28 }));
      if (row === this.rows[0] || row.network.total !== this.rows[0].network.total) {
        const top = ROW * this.rows.length;
        pieces.push(svg("rect", { x: block.x - width / 2, y: top + PLOT.top, width, height: PANEL + PLOT.bottom - PLOT.top }));
      }
    }
    band.replaceChildren(...pieces);
    this.hand.tell(this.at);
  }

  remove() {
    this.gone = true;
    this.observer.disconnect();
    this.answers.remove();
    this.player.remove();
    window.removeEventListener(BLOCK_EVENT, this.lit);
  }
}

// A dark page is one whose background is.
function matchMediaDark(host) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(host).getPropertyValue("--st-background-color").trim() || "#fff";
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.3 * red + 0.59 * green + 0.11 * blue < 128;
}

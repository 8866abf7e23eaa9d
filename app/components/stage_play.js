// An image on its way through the networks of a stage: forward as its feature maps, then the gradient back. Each position is a still;
// playing goes through them. Nothing is shown that was not measured.

const FORWARD_S = 3.2; // for all blocks
const BACKWARD_S = 3.2;

class Play {
  constructor(stage) {
    this.stage = stage;
    this.pictures = new WeakMap();
    this.position = Infinity; // at rest, everything is there
  }

  // Positions: 0 the image alone, 1 to L the blocks, L + 1 the class, then back from block L to block 1.
  get blocks() {
    return Math.max(0, ...this.stage.data.networks.map(({ slot }) => this.stage.answers.of(slot).inside?.blocks.length ?? 0));
  }

  get last() {
    return 2 * this.blocks + 1;
  }

  get ready() {
    return this.blocks > 0;
  }

  toggle() {
    if (this.playing) return this.stop();
    if (this.position >= this.last) this.position = 0;
    this.playing = true;
    this.then = performance.now();
    const step = (now) => {
      if (!this.playing || this.stage.gone) return;
      const length = this.position <= this.blocks ? FORWARD_S : BACKWARD_S;
      this.position += ((now - this.then) / 1000 / length) * this.blocks;
      this.then = now;
      if (this.position >= this.last + 1) return this.stop(Infinity);
      this.show();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    this.stage.bar.update();
  }

  stop(position = this.position) {
    this.playing = false;
    this.position = position;
    this.stage.hand.point({});
    this.show();
    this.stage.bar.update();
  }

  seek(position) {
    this.playing = false;
    this.position = position;
    this.show();
    this.stage.bar.update();
  }

  get phase() {
    const at = Math.floor(this.position);
    if (!Number.isFinite(this.position)) return { name: "rest" };
    if (at === 0) return { name: "image" };
    if (at <= this.blocks) return { name: "forward", n: at };
    if (at === this.blocks + 1) return { name: "class" };
    return { name: "backward", n: Math.max(1, this.last + 1 - at) };
  }

  show() {
    const { phase } = this;
    if (phase.n) this.stage.light({ n: phase.n, slot: this.stage.rows?.[0]?.network.slot });
    else this.stage.light({});
    this.stage.bar.follow();
    this.draw();
  }

  draw() {
    const { stage } = this;
    const { canvas, width, height, rows } = stage;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    for (const row of rows ?? []) this.row(context, row);
  }

  row(context, { network, top, blocks }) {
    const inside = this.stage.answers.of(network.slot).inside;
    if (!inside) return;
    const { left, right } = margins(this.stage.width);
    const { phase } = this;
    const y = top + WIRE;
    const old = this.stage.answers.old(network.slot, "inside");
    context.globalAlpha = old ? 0.3 : 1;
    const size = left - 34;
    context.drawImage(this.picture(inside.image), 2, y - size / 2, size, size);
    const past = { rest: Infinity, image: 0, forward: phase.n, class: Infinity, backward: Infinity }[phase.name];
    for (const block of blocks) {
      const thumb = inside.blocks[block.n - 1]?.thumb;
      const side = Math.min(block.width, block.height) - 2;
      if (thumb && block.n <= past && side >= 4) context.drawImage(this.picture(thumb), block.x - side / 2, y - side / 2, side, side);
      if (phase.name === "backward" && block.n >= phase.n) this.gradient(context, inside, block, y);
    }
    if (["rest", "class", "backward"].includes(phase.name)) this.verdict(context, inside, this.stage.width - right + 20, y);
    context.globalAlpha = 1;
  }

  // As high and as bright as its size on one logarithmic scale for all networks.
  gradient(context, inside, block, y) {
    const share = this.shareOf(inside.blocks[block.n - 1]?.gradient);
    if (Number.isNaN(share)) return;
    const height = Math.max(2, share * block.height);
    context.fillStyle = `rgba(255, ${Math.round(190 - 110 * share)}, 0, ${0.35 + 0.6 * share})`;
    context.fillRect(block.x - block.width / 2, y + block.height / 2 - height, block.width, height);
  }

  shareOf(value) {
    const all = this.stage.data.networks.flatMap(({ slot }) => (this.stage.answers.of(slot).inside?.blocks ?? []).map((one) => one.gradient)).filter((one) => one > 0);
    const [low, high] = [Math.log10(Math.min(...all)), Math.log10(Math.max(...all))];
    return value > 0 ? (Math.log10(value) - low) / Math.max(1e-9, high - low) : NaN;
  }

  // The class that the network names, with its probability.
  verdict(context, inside, x, y) {
    const style = getComputedStyle(this.stage.host);
    const { named, label, probabilities } = inside;
    const share = probabilities.find((one) => one.class === named)?.probability ?? 0;
    context.fillStyle = style.color;
    context.textBaseline = "middle";
    context.font = `600 15px ${style.fontFamily}`;
    const text = `→ ${named}`;
    context.fillText(text, x - 14, y - 2);
    const wide = context.measureText(`${text}  `).width;
    context.font = `12px ${style.fontFamily}`;
    // Right or wrong is said by a sign, not by a colour alone.
    const sign = label ? (label === named ? " ✓" : " ✗") : "";
    context.fillText(`${Math.round(100 * share)} %${sign}`, x - 14 + wide, y - 2);
  }

  // A picture of a record as a canvas; kept as long as its record is.
  picture(map) {
    if (!this.pictures.has(map)) this.pictures.set(map, painted(map));
    return this.pictures.get(map);
  }

  remove() {
    this.playing = false;
  }
}

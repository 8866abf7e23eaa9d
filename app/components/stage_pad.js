// The image of a stage: which of the test images, or one drawn with mouse or finger; and how sure each network is of each class.

const PAD = 160; // pixels of the drawing's side on the screen
const FINE = 32; // and in which a stroke is kept; the bundled digits were made from bitmaps of this size, in blocks of 4
const MOST_CLASSES = 10; // whose chances are shown; of more, the likeliest
const STROKE = 3.2; // its width

class Pad {
  constructor(stage) {
    this.stage = stage;
    this.element = Object.assign(document.createElement("div"), { className: "rx-pad", hidden: true });
    this.canvas = Object.assign(document.createElement("canvas"), { width: PAD, height: PAD, className: "rx-paperpad", tabIndex: 0 });
    this.bars = Object.assign(document.createElement("div"), { className: "rx-bars" });
    this.tools = Object.assign(document.createElement("div"), { className: "rx-padtools" });
    this.element.append(this.canvas, this.tools, this.bars);
    this.strokes = [];
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", () => this.up());
    this.canvas.addEventListener("pointercancel", () => this.up());
    this.tools.addEventListener("click", (event) => event.target.dataset.do && this[event.target.dataset.do]());
  }

  update() {
    const { words } = this.stage.data;
    const labels = [["clear", words.clear], ["close", words.close]];
    if (this.language !== this.stage.data.language) {
      this.language = this.stage.data.language;
      this.canvas.setAttribute("aria-label", words.pad);
      this.tools.replaceChildren(...labels.map(([name, text]) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
        button.dataset.do = name;
        return button;
      }));
      this.tools.append(Object.assign(document.createElement("p"), { textContent: words.pad_told }));
    }
    if (!this.element.hidden) this.chances();
  }

  open() {
    this.element.hidden = !this.element.hidden;
    if (!this.element.hidden) this.paint();
    this.update();
  }

  close() {
    this.element.hidden = true;
    this.strokes = [];
    this.stage.answers.image({});
  }

  clear() {
    this.strokes = [];
    this.paint();
    this.stage.answers.image({});
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * FINE, ((event.clientY - box.top) / box.height) * FINE];
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.at(event)]);
    this.drawing = true;
    this.changed();
  }

  move(event) {
    if (!this.drawing) return;
    this.strokes.at(-1).push(this.at(event));
    this.changed();
  }

  up() {
    this.drawing = false;
  }

  changed() {
    this.paint();
    this.stage.answers.image({ pixels: this.pixels() });
  }

  paint() {
    const context = this.canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, PAD, PAD);
    this.trace(context, PAD / FINE, 0, 0, 1);
  }

  trace(context, scale, x, y, wide) {
    context.strokeStyle = "#fff";
    context.lineWidth = STROKE * scale * wide;
    context.lineCap = "round";
    context.lineJoin = "round";
    for (const stroke of this.strokes) {
      context.beginPath();
      for (const [atX, atY] of [...stroke, stroke.at(-1).map((value) => value + 0.01)]) context.lineTo((atX - x) * scale, (atY - y) * scale);
      context.stroke();
    }
  }

  // The strokes as the data set's images are: the digit fills the image (as those of the UCI digits do, which were normalised so),
  // then each pixel is the share of ink in its square. Base64 of side x side bytes.
  pixels() {
    const { side, channels } = this.stage.data.drawn;
    const points = this.strokes.flat();
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const edge = STROKE / 2;
    const [left, right, top, bottom] = [Math.min(...xs) - edge, Math.max(...xs) + edge, Math.min(...ys) - edge, Math.max(...ys) + edge];
    const size = Math.max(right - left, bottom - top, FINE / 3);
    const fine = side * 4;
    const canvas = Object.assign(document.createElement("canvas"), { width: fine, height: fine });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#000";
    context.fillRect(0, 0, fine, fine);
    const scale = fine / size;
    this.trace(context, scale, (left + right - size) / 2, (top + bottom - size) / 2, 1);
    const { data } = context.getImageData(0, 0, fine, fine);
    const bytes = [];
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        let ink = 0;
        for (let at = 0; at < 16; at += 1) ink += data[4 * ((4 * row + (at >> 2)) * fine + 4 * column + (at & 3))];
        for (let channel = 0; channel < channels; channel += 1) bytes.push(Math.round(ink / 16));
      }
    }
    return btoa(String.fromCharCode(...bytes));
  }

  // Each class with the probability that A and B give it.
  chances() {
    const networks = this.stage.data.networks.map((network) => ({ network, inside: this.stage.answers.of(network.slot).inside }));
    const known = networks.filter(({ inside }) => inside);
    if (!known.length) return;
    const shares = known.map(({ network, inside }) => ({ network, of: new Map(inside.probabilities.map((one) => [one.class, one.probability])) }));
    let classes = [...shares[0].of.keys()];
    if (classes.length > MOST_CLASSES) {
      const best = (name) => Math.max(...shares.map(({ of }) => of.get(name) ?? 0));
      classes = classes.sort((a, b) => best(b) - best(a)).slice(0, MOST_CLASSES);
    }
    this.bars.replaceChildren(...classes.map((name) => {
      const row = Object.assign(document.createElement("div"), { className: "rx-chances" });
      row.append(Object.assign(document.createElement("span"), { textContent: name }));
      for (const { network, of } of shares) {
        const share = of.get(name) ?? 0;
        const bar = document.createElement("i");
        bar.style.cssText = `--own:${network.colour};--share:${share}`;
        row.append(bar, Object.assign(document.createElement("small"), { textContent: `${network.letter} ${Math.round(100 * share)} %` }));
      }
      return row;
    }));
  }
}

// A few test images over what each network answers to them, at the step on show. Only the text of the cells changes.

const drawers = new WeakMap();

class Samples {
  constructor(parent) {
    this.host = parent.querySelector(".rx-samples");
  }

  update(data) {
    this.data = data;
    this.build();
    const race = Race.of(data.race);
    if (race !== this.race) {
      this.leave?.();
      this.race = race;
      this.leave = race.follow(() => this.news());
    }
    if (race.told) this.news();
  }

  remove() {
    this.leave?.();
  }

  // A row of images, and one for each network.
  build() {
    const { rows, shown, words } = this.data;
    const built = JSON.stringify([rows, shown, words]);
    if (this.built === built) return;
    this.built = built;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    head.append(Object.assign(document.createElement("th"), { scope: "row", textContent: words.image }));
    shown.numbers.forEach((number, at) => {
      const cell = head.appendChild(document.createElement("th"));
      cell.scope = "col";
      if (shown.pixels) cell.append(this.picture(at));
      cell.append(Object.assign(document.createElement("span"), { textContent: shown.labels[at], title: `${words.image} ${number}` }));
    });
    const body = table.createTBody();
    this.cells = rows.map(({ name, colour, ids }) => {
      const row = body.insertRow();
      const title = row.appendChild(Object.assign(document.createElement("th"), { scope: "row", textContent: name }));
      title.style.color = colour;
      return { id: ids[0], cells: shown.numbers.map(() => row.insertCell()) };
    });
    this.host.replaceChildren(table);
  }

  picture(at) {
    const { pixels, height, width, channels } = this.data.shown;
    this.bytes = this.from === pixels ? this.bytes : Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
    this.from = pixels;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.setAttribute("aria-hidden", "true"); // the class stands below
    const image = new ImageData(width, height);
    const start = at * height * width * channels;
    for (let pixel = 0; pixel < height * width; pixel += 1) {
      for (let colour = 0; colour < 3; colour += 1) {
        image.data[4 * pixel + colour] = this.bytes[start + pixel * channels + (channels === 3 ? colour : 0)];
      }
      image.data[4 * pixel + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  news() {
    const { classes, shown, words } = this.data;
    for (const { id, cells } of this.cells) {
      const run = this.race.runs.get(id);
      const answers = run?.told ? run.answers(this.race.step ?? Infinity) : undefined;
      cells.forEach((cell, at) => {
        const [named, shares] = answers ?? [];
        // A network whose output is not a number answers nothing, though its first class counts as named.
        const share = Number(shares?.[at]);
        const right = named && classes[named[at]] === shown.labels[at];
        const state = !named || Number.isNaN(share) ? "none" : right ? "right" : "wrong";
        const text = { none: named ? "NaN" : "–", right: "✓", wrong: "✗" }[state];
        const answer = state === "none" ? [text] : [`${text} ${classes[named[at]]}`, `${(100 * share).toFixed(0)}%`];
        if (cell.rxText === String(answer)) return;
        cell.rxText = String(answer);
        cell.dataset.state = state;
        // On a line of its own, for "1 99%" could be read as one number.
        cell.replaceChildren(answer[0], ...answer.slice(1).map((share) => Object.assign(document.createElement("small"), { textContent: ` ${share}` })));
        cell.title = state === "none" && named ? words.undefined : words[state];
      });
    }
  }
}

export default function mount({ parentElement, data: [data] }) {
  if (!drawers.has(parentElement)) drawers.set(parentElement, new Samples(parentElement));
  drawers.get(parentElement).update(data);
  return () => {
    drawers.get(parentElement)?.remove();
    drawers.delete(parentElement);
  };
}

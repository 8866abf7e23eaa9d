// The maps of the open block, of every channel, for the image on the stage; and one value of them as the sum that it is.

const TILE = { least: 14, most: 40 }; // pixels of a channel's map on the screen
const WRITTEN = 5; // terms of a sum that are written out at first

class Maps {
  constructor(parent) {
    this.host = parent.querySelector(".rx-maps");
    this.again = () => this.ask(this.place);
    window.addEventListener("rx-image", this.again);
  }

  update(data) {
    const known = JSON.stringify([this.data?.block, this.data?.ticket, this.data?.language]);
    this.data = data;
    if (known === JSON.stringify([data.block, data.ticket, data.language])) return;
    this.place = undefined;
    this.ask();
  }

  get stage() {
    return document.querySelector(".rx-stage")?.rxStage;
  }

  // The stage asks for it, with the image that it shows; of several wishes the last is asked next.
  async ask(place) {
    this.next = { place };
    if (this.asking) return;
    this.asking = true;
    while (this.next && !this.gone) {
      const wish = this.next;
      this.next = undefined;
      try {
        while (!this.stage?.data && !this.gone) await new Promise((go) => setTimeout(go, 100));
        if (this.stage.data.ticket !== this.data.ticket) continue; // the page has not told the stage yet: an event will come
        const told = await this.stage.answers.variation({ ...this.stage.answers.varied, block: this.data.block, ...wish.place });
        if (told && !this.next && !this.gone) this.show(told);
      } catch (error) {
        this.host.replaceChildren(Object.assign(document.createElement("p"), { textContent: error.message }));
      }
    }
    this.asking = false;
  }

  show(told) {
    this.host.replaceChildren(...this.stage.data.networks.map((network) => {
      const maps = told.maps[network.slot];
      const column = Object.assign(document.createElement("section"), { className: "rx-mapcolumn" });
      column.style.setProperty("--own", network.colour);
      if (maps?.pictures) column.append(...this.pictures(maps), this.image(maps), this.sum(maps));
      else column.append(...(told.problems.length ? told.problems : [this.data.words.none]).map((text) => paragraph(text)));
      return column;
    }));
  }

  // A strip for each map: its name, its scale, and a tile a channel.
  pictures(maps) {
    const { words } = this.data;
    const canvases = [];
    const strips = ["x", "residual", "sum", "output"].filter((name) => maps.pictures[name]).map((name) => {
      const map = maps.pictures[name];
      const strip = Object.assign(document.createElement("div"), { className: "rx-strip" });
      const told = filled(words.scale, { low: map.low.toPrecision(3), high: map.high.toPrecision(3), count: maps.shapes[name][0] });
      strip.append(paragraph(`${words[name]} · ${maps.shapes[name].join("×")} · ${told}`));
      const canvas = this.tiles(map, maps.trace, name === "output" || name === "x");
      canvases.push({ canvas, map });
      canvas.addEventListener("click", (event) => {
        const at = this.under(canvas, map, event);
        if (at) this.ask((this.place = { channel: at.channel, row: at.row * map.shrink, column: at.column * map.shrink }));
      });
      canvas.addEventListener("pointermove", (event) => {
        const at = this.under(canvas, map, event);
        canvas.title = "";
        this.reading.textContent = at ? this.values(canvases, strips.names, at, words) : words.point;
      });
      strip.append(canvas);
      return strip;
    });
    strips.names = ["x", "residual", "sum", "output"].filter((name) => maps.pictures[name]);
    this.reading = Object.assign(document.createElement("p"), { className: "rx-reading", textContent: words.point });
    const reading = this.reading;
    strips.forEach((strip) => strip.addEventListener("pointerenter", () => (this.reading = reading)));
    return [...strips, reading];
  }

  tiles(map, trace) {
    const count = map.channels.length;
    const wide = Math.max(240, (this.host.clientWidth || 1100) / 2 - 24);
    const tile = Math.max(TILE.least, Math.min(TILE.most, Math.floor(wide / Math.min(count, 16)) - 2));
    const across = Math.max(1, Math.floor(wide / (tile + 2)));
    const canvas = document.createElement("canvas");
    canvas.width = across * (tile + 2);
    canvas.height = Math.ceil(count / across) * (tile + 2);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    for (let channel = 0; channel < count; channel += 1) {
      context.drawImage(painted(map, channel), (channel % across) * (tile + 2), Math.floor(channel / across) * (tile + 2), tile, tile);
    }
    canvas.rxGrid = { tile, across };
    const at = trace.channel;
    const [x, y] = [(at % across) * (tile + 2), Math.floor(at / across) * (tile + 2)];
    const pixel = tile / map.width;
    context.strokeStyle = "#ffb300";
    context.lineWidth = 2;
    context.strokeRect(x + Math.floor(trace.column / map.shrink) * pixel, y + Math.floor(trace.row / map.shrink) * pixel, Math.max(2, pixel), Math.max(2, pixel));
    return canvas;
  }

  under(canvas, map, event) {
    const box = canvas.getBoundingClientRect();
    const { tile, across } = canvas.rxGrid;
    const [x, y] = [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
    const channel = Math.floor(y / (tile + 2)) * across + Math.floor(x / (tile + 2));
    const [column, row] = [Math.floor(((x % (tile + 2)) / tile) * map.width), Math.floor(((y % (tile + 2)) / tile) * map.height)];
    return channel < map.channels.length && column < map.width && row < map.height ? { channel, row, column } : undefined;
  }

  // The value at one place of each map, to the step of its scale.
  values(canvases, names, { channel, row, column }, words) {
    const told = canvases.map(({ map }, place) => {
      const { width, height } = map;
      if (channel >= map.channels.length || row >= height || column >= width) return "";
      map.bytes ??= Uint8Array.from(atob(map.data), (letter) => letter.charCodeAt(0));
      const value = map.low + (map.bytes[channel * width * height + row * width + column] / 255) * (map.high - map.low);
      return `${words[names[place]]} ≈ ${value.toFixed(2)}`;
    });
    return `${filled(words.place, { channel, row, column })}: ${told.filter(Boolean).join(", ")}`;
  }

  // The image with the receptive field of the value, and where its gradient really falls.
  image(maps) {
    const { words } = this.data;
    const figure = Object.assign(document.createElement("div"), { className: "rx-field" });
    const side = 120;
    for (const [map, told] of [[maps.image, ""], [maps.spread, ""]]) {
      const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(painted(map), 0, 0, side, side);
      const { box } = maps;
      const scale = side / maps.image_size;
      context.strokeStyle = "#ffb300";
      context.lineWidth = 3;
      context.strokeRect(box.left * scale + 1.5, box.top * scale + 1.5, (box.right - box.left) * scale - 3, (box.bottom - box.top) * scale - 3);
      figure.append(canvas, told);
    }
    figure.append(paragraph(filled(words.field, { field: maps.box.field, side: maps.side, inside: Math.round(100 * (maps.inside ?? 0)) })));
    return figure;
  }

  // The value as a sum: the largest products first, then what follows the convolution.
  sum({ trace, row, column }) {
    const { words } = this.data;
    const terms = trace.inputs.map((input, at) => ({ input, weight: trace.weights[at] })).filter(({ input, weight }) => input !== null && input * weight !== 0);
    terms.sort((a, b) => Math.abs(b.input * b.weight) - Math.abs(a.input * a.weight));
    const write = ({ input, weight }) => `${number(input)}·${number(weight)}`;
    const all = terms.map(write);
    const place = Object.assign(document.createElement("div"), { className: "rx-sum" });
    place.append(paragraph(filled(words.trace, { layer: trace.layer, channel: trace.channel, row: trace.row ?? row, column: trace.column ?? column, kernel: trace.kernel })));
    const rest = all.length > WRITTEN ? ` + … ${filled(words.more, { count: all.length - WRITTEN })}` : "";
    place.append(paragraph(`${all.slice(0, WRITTEN).join(" + ") || 0}${rest} = ${number(trace.total)}`, "rx-terms"));
    for (const { op, given, result } of trace.after) place.append(paragraph(`${words.ops[op] ?? op}: ${given.map(number).join(op === "add" ? " + " : ", ")} → ${number(result)}`, "rx-terms"));
    if (rest) {
      const fold = document.createElement("details");
      fold.append(Object.assign(document.createElement("summary"), { textContent: filled(words.all_terms, { count: all.length }) }), paragraph(all.join(" + "), "rx-terms"));
      place.append(fold);
    }
    return place;
  }

  remove() {
    this.gone = true;
    window.removeEventListener("rx-image", this.again);
  }
}

const number = (value) => (value === null ? "?" : String(Number(value.toPrecision(3))).replace("-", "−"));

const paragraph = (textContent, className = "") => Object.assign(document.createElement("p"), { textContent, className });

const all = new WeakMap();

export default function mount({ parentElement, data: [data] }) {
  if (!all.has(parentElement)) all.set(parentElement, new Maps(parentElement));
  const maps = all.get(parentElement);
  maps.update(data);
  return () => {
    all.delete(parentElement);
    maps.remove();
  };
}

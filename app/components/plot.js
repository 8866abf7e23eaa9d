// Draws one figure with Plotly.react: the class that both components of figures share.

const THEME = {
  text: "--st-text-color",
  grid: "--st-border-color-light",
  line: "--st-border-color",
  background: "--st-background-color",
  surface: "--st-secondary-background-color",
  primary: "--st-primary-color",
};

function loadPlotly(url) {
  // One request a page, whichever component asks first. A failure is forgotten so that the next update tries again.
  window.rxPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("no window.Plotly")));
    script.onerror = () => reject(new Error(url));
    document.head.append(script);
  }).catch((error) => {
    window.rxPlotly = undefined;
    throw error;
  });
  return window.rxPlotly;
}

function readTheme(host) {
  const style = getComputedStyle(host);
  const colours = Object.fromEntries(
    Object.entries(THEME).map(([name, property]) => [name, style.getPropertyValue(property).trim()]),
  );
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colour, alpha) => {
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  // A canvas turns any CSS colour into numbers. A dark page is one whose background is.
  const [red, green, blue] = over(colours.background, 1);
  colours.muted = `rgb(${over(colours.text, 0.7)})`;
  return { colours, font: style.getPropertyValue("--st-font").trim(), dark: 0.3 * red + 0.59 * green + 0.11 * blue < 128 };
}

function paint(value, theme) {
  // A deep copy, because Plotly writes into what it is given; "theme:NAME" and "theme:LIGHT|DARK" become colours.
  if (typeof value === "string" && value.startsWith("theme:")) {
    const name = value.slice(6);
    const pair = name.split("|");
    return pair.length === 2 ? pair[theme.dark ? 1 : 0] : theme.colours[name];
  }
  if (Array.isArray(value)) return value.map((item) => paint(item, theme));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, paint(item, theme)]));
  }
  return value;
}

function template({ colours, font }) {
  const axis = {
    gridcolor: colours.grid, zerolinecolor: colours.grid, linecolor: colours.line, tickcolor: colours.line, automargin: true,
  };
  const clear = "rgba(0,0,0,0)";
  return {
    data: { heatmap: [{ colorbar: { outlinewidth: 0, thickness: 12 } }] },
    layout: {
      font: { color: colours.text, family: font, size: 13 },
      paper_bgcolor: clear,
      plot_bgcolor: clear,
      xaxis: axis,
      yaxis: axis,
      legend: { bgcolor: clear },
      hoverlabel: { bgcolor: colours.surface, bordercolor: colours.line, font: { color: colours.text, family: font } },
      modebar: { bgcolor: clear, color: colours.muted, activecolor: colours.text },
      // A finger on a figure scrolls the page; dragging to zoom is for a pointer that can hover.
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    },
  };
}

class Plot {
  constructor(parent) {
    this.host = parent.querySelector(".rx-plot");
    this.width = 0;
    this.frame = 0;
    this.gone = false;
    this.observer = new ResizeObserver(() => {
      if (this.host.clientWidth !== this.width) this.schedule();
    });
  }

  update(data) {
    this.data = data;
    this.theme = readTheme(this.host);
    this.host.style.height = `${data.height}px`;
    this.observer.observe(this.host);
    this.schedule();
  }

  schedule() {
    // One drawing a frame however many updates arrive, after that frame's paint, so that the numbers around the figure appear
    // first; and none in the middle of a drag, which a redraw would cut off.
    this.frame ||= requestAnimationFrame(() => {
      setTimeout(() => {
        this.frame = 0;
        if (this.gone) return;
        if (this.host._dragging) this.schedule();
        else this.draw();
      });
    });
  }

  // A trace by block (meta: {slot}, its x the blocks from 1 on) and the stage point at the same block together.
  linkBlocks(plotly) {
    if (this.lit || !this.figure().data.some((trace) => trace.meta?.slot)) return;
    let own = false; // an event of our own making
    this.host.on("plotly_hover", ({ points: [point] }) => {
      if (own || !point.data.meta?.slot) return;
      window.dispatchEvent(new CustomEvent("rx-block", { detail: { slot: point.data.meta.slot, n: point.x, from: this } }));
    });
    this.host.on("plotly_unhover", () => own || window.dispatchEvent(new CustomEvent("rx-block", { detail: { from: this } })));
    this.lit = ({ detail: { n, from } }) => {
      if (from === this || this.host._dragging) return;
      own = true;
      const points = this.host.data.flatMap((trace, curveNumber) => (trace.meta?.slot && n <= trace.x.length ? [{ curveNumber, pointNumber: n - 1 }] : []));
      if (n && points.length) plotly.Fx.hover(this.host, points);
      else plotly.Fx.unhover(this.host);
      own = false;
    };
    window.addEventListener("rx-block", this.lit);
  }

  async draw() {
    const { url, no_plotly: apology } = this.data;
    try {
      const plotly = await loadPlotly(url);
      if (!this.gone && this.host.clientWidth > 0) await this.react(plotly);
    } catch (error) {
      if (this.gone) return;
      console.error(error);
      this.host.replaceChildren(Object.assign(document.createElement("p"), { textContent: apology }));
      this.failed = true;
    }
  }

  figure() {
    return this.data.figure;
  }

  async react(plotly) {
    const { height, label, revision, words } = this.data;
    const figure = this.figure();
    if (this.failed) this.host.replaceChildren();
    this.failed = false;
    this.width = this.host.clientWidth;
    const layout = {
      uirevision: revision,
      template: template(this.theme),
      margin: { l: 8, r: 8, t: 28, b: 8 },
      ...paint(figure.layout ?? {}, this.theme),
      width: this.width,
      height,
    };
    const config = {
      displaylogo: false,
      displayModeBar: "hover",
      modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
      locale: "page",
      locales: { page: { dictionary: words } },
    };
    await plotly.react(this.host, paint(figure.data, this.theme), layout, config);
    this.listen();
    this.drawn?.();
    this.linkBlocks(plotly);
    // The drawing is one labelled image; the role stands on it and not on the host, whose mode bar holds buttons.
    const [drawing, ...others] = this.host.querySelectorAll(".main-svg");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", label);
    others.forEach((layer) => layer.setAttribute("aria-hidden", "true"));
  }

  listen() {
    // Plotly hangs its own events on the element with the first drawing, and loses them when the figure is purged.
    if (this.heard || !this.host.on) return;
    this.heard = true;
    this.host.on("plotly_click", ({ points }) => {
      const datum = points.at(-1)?.customdata;
      if (this.clicked && datum !== undefined) this.clicked(datum);
    });
  }

  remove() {
    this.gone = true;
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    if (this.lit) window.removeEventListener("rx-block", this.lit);
    window.Plotly?.purge(this.host);
  }
}

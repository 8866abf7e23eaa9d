// Above a stage: play, the slider through all positions, the stages to zoom into, and what a hand can do.

const MOST_AT_ONCE = 60; // blocks of one stage that are shown together where there are more

class Toolbar {
  constructor(stage) {
    this.stage = stage;
    this.element = Object.assign(document.createElement("div"), { className: "rx-stagebar" });
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.play = Object.assign(document.createElement("button"), { type: "button", className: "rx-play" });
    this.play.addEventListener("click", () => stage.player.toggle());
    this.slider = Object.assign(document.createElement("input"), { type: "range", min: 0, value: 0, className: "rx-slider" });
    this.slider.addEventListener("input", () => stage.player.seek(Number(this.slider.value)));
    this.phase = Object.assign(document.createElement("span"), { className: "rx-phase" });
    this.zooms = Object.assign(document.createElement("span"), { className: "rx-zooms" });
    this.zooms.setAttribute("role", "group");
    this.zooms.addEventListener("click", (event) => event.target.matches("button") && this.zoom(JSON.parse(event.target.dataset.view)));
    this.hint = Object.assign(document.createElement("span"), { className: "rx-hint" });
    this.images = Object.assign(document.createElement("span"), { className: "rx-images" });
    [this.before, this.after, this.draw] = ["‹", "›", ""].map((textContent) => Object.assign(document.createElement("button"), { type: "button", textContent }));
    this.before.addEventListener("click", () => this.image(-1));
    this.after.addEventListener("click", () => this.image(1));
    this.draw.addEventListener("click", () => stage.pad.open());
    this.number = document.createElement("span");
    this.images.append(this.before, this.number, this.after, this.draw);
    this.weights = Object.assign(document.createElement("span"), { className: "rx-zooms" });
    this.weights.setAttribute("role", "group");
    this.weights.addEventListener("click", (event) => event.target.matches("button:enabled") && stage.send("weights", event.target.dataset.weights));
    this.element.append(this.play, this.slider, this.phase, this.images, this.weights, this.zooms, this.hint);
  }

  update() {
    const { stage } = this;
    const { words, networks } = stage.data;
    const { player } = stage;
    const ready = Boolean(player?.ready);
    this.play.hidden = this.still;
    this.play.disabled = !ready;
    this.slider.disabled = !ready;
    this.play.textContent = player?.playing ? `❚❚ ${words.pause}` : `▶ ${words.play}`;
    this.slider.max = ready ? player.last + 1 : 1;
    this.slider.setAttribute("aria-label", words.slider);
    const hint = stage.data.readonly ? "" : words.hint;
    if (this.hint.textContent !== hint) this.hint.textContent = hint;
    this.follow();
    this.number.textContent = ` ${filled(words.image, { n: this.at })} `;
    this.before.setAttribute("aria-label", words.image_before);
    this.after.setAttribute("aria-label", words.image_after);
    this.draw.textContent = `✎ ${words.draw}`;
    this.draw.hidden = !stage.data.drawn;
    this.images.hidden = !ready;
    this.choices();
    const most = Math.max(...networks.map((one) => one.stages.length));
    const views = [{ from: 0, to: most - 1, page: 0, most: Infinity, text: words.all }];
    for (let at = 0; at < most && most > 1; at += 1) {
      const longest = Math.max(...networks.map((one) => one.blocks.filter((block) => block.stage === at).length));
      const pages = Math.max(1, Math.ceil(longest / MOST_AT_ONCE));
      for (let page = 0; page < pages; page += 1) {
        const text = pages > 1 ? `${at + 1}.${page + 1}` : `${at + 1}`;
        views.push({ from: at, to: at, page, most: pages > 1 ? MOST_AT_ONCE : Infinity, text });
      }
    }
    this.zooms.setAttribute("aria-label", words.zoom);
    const key = JSON.stringify([views, stage.view, words.zoom]);
    if (key === this.known) return;
    this.known = key;
    const now = JSON.stringify([stage.view.from, stage.view.to, stage.view.page]);
    this.zooms.replaceChildren(`${words.zoom} `, ...views.map((view) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: view.text });
      button.dataset.view = JSON.stringify(view);
      button.setAttribute("aria-pressed", String(now === JSON.stringify([view.from, view.to, view.page])));
      return button;
    }));
  }

  follow() {
    const { player, data } = this.stage;
    if (!player) return;
    const { phase } = player;
    if (document.activeElement !== this.slider || player.playing) this.slider.value = Math.min(player.position, player.last + 1);
    this.phase.textContent = filled(data.words.phases[phase.name] ?? "", { n: phase.n ?? "" });
  }

  // First weights, or those after a training where there are some.
  choices() {
    const { weights, words } = this.stage.data;
    const known = JSON.stringify([weights, words.weights]);
    if (!weights || known === this.weighed) return;
    this.weighed = known;
    this.weights.setAttribute("aria-label", words.weights);
    const named = { "": words.untrained, trained: weights.recorded ? words.trained_recorded : words.trained };
    this.weights.replaceChildren(...Object.entries(named).map(([name, textContent]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent, disabled: name !== "" && !weights.offered });
      button.dataset.weights = name;
      button.setAttribute("aria-pressed", String(weights.now === name));
      return button;
    }));
  }

  // Which test image is shown: the page's, until another is chosen here.
  get at() {
    return this.chosen ?? this.stage.data.image;
  }

  image(step) {
    const { images } = this.stage.data;
    this.chosen = (this.at + step + images) % images;
    this.stage.answers.image({ image: this.chosen });
    this.update();
  }

  zoom({ from, to, page, most }) {
    this.stage.view = { from, to, page, most: most ?? Infinity };
    this.stage.schedule();
    this.update();
  }
}

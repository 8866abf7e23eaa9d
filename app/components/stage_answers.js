// What was measured of the networks on a stage. Asked of the server by the page's ticket, so that the page need not run again; what
// is old stays, dimmed, until something new is there, and the curve before a change stays as a ghost.

const KINDS = ["backward", "inside", "forward"]; // in the order in which they come
const AGAIN_S = 2; // before a server that did not answer is asked again

class Answers {
  constructor(stage) {
    this.stage = stage;
    this.shown = {}; // slot -> kind -> what was measured, with the id of the network that it was measured of
    this.ghosts = {};
    this.words = {};
    this.readings = Object.assign(document.createElement("div"), { className: "rx-readings" });
    this.readings.setAttribute("aria-live", "polite");
    this.source = Object.assign(document.createElement("div"), { className: "rx-source" });
    this.readings.addEventListener("click", (event) => event.target.matches("button[data-do]") && this.command(event.target.dataset.do));
    stage.host.append(this.readings, this.source);
  }

  update(data) {
    const before = this.data;
    this.data = data;
    if (before?.ticket === data.ticket && before?.language === data.language) return;
    if (before && before.ticket !== data.ticket) {
      const changed = data.networks.filter(({ slot, id }) => id !== before.networks.find((one) => one.slot === slot)?.id);
      this.ghosts = Object.fromEntries(changed.map(({ slot }) => [slot, { ...this.shown[slot] }]));
      this.before = changed.length < data.networks.length || data.networks.length === 1 ? before.ticket : undefined;
    }
    const sameNetworks = before?.networks.every((one, at) => one.base === data.networks[at]?.base);
    if (!sameNetworks) [this.range, this.ghosts] = [undefined, {}];
    this.told = undefined;
    this.ask(data.ticket);
    window.dispatchEvent(new CustomEvent("rx-image"));
    if (this.own) this.image(this.varied); // the image that was chosen or drawn here goes through the new networks, too
  }

  of(slot) {
    return this.shown[slot] ?? {};
  }

  ghost(slot) {
    return this.ghosts[slot];
  }

  old(slot, kind) {
    return this.of(slot)[kind]?.id !== this.data.networks.find((one) => one.slot === slot)?.id;
  }

  get done() {
    return Boolean(this.told?.finished) && this.told.ticket === this.data.ticket;
  }

  // What a panel says while its curve is not there.
  waits(kind) {
    if (this.problem) return this.problem;
    const missing = this.data.networks.some(({ slot }) => this.old(slot, kind));
    if (!missing || this.told?.problems?.length) return "";
    const study = { forward: "readout", backward: "gradients", inside: "inside" }[kind];
    const stage = this.told?.stages?.[study];
    const seconds = (performance.now() - this.asked) / 1000;
    const told = stage?.words ? `${stage.words}${stage.share ? ` ${Math.round(100 * stage.share)} %` : ""}` : this.data.words.measuring;
    return seconds > 0.4 ? `${told} · ${seconds.toFixed(0)} s` : "";
  }

  async ask(ticket) {
    const { base, language } = this.data;
    const turn = (this.turn = {});
    this.asked = performance.now();
    let have = "";
    const alive = () => this.turn === turn && !this.stage.gone;
    while (alive()) {
      const query = new URLSearchParams({ have, lang: language, ...(this.before ? { before: this.before } : {}) });
      try {
        const answer = await fetch(`${base}/measured/${ticket}?${query}`);
        if (!alive()) return;
        if (answer.status === 404) return void this.stage.send("lost", ticket); // the server has begun anew: the page puts it down again
        if (!answer.ok) throw new Error(`${answer.status}`);
        const told = await answer.json();
        if (!alive()) return;
        this.problem = undefined;
        have = String(told.count);
        this.take({ ...told, ticket });
        if (told.finished) return;
      } catch (error) {
        if (!alive()) return;
        console.warn(error);
        this.problem = this.data.words.unreachable;
        this.stage.schedule();
        await new Promise((go) => setTimeout(go, 1000 * AGAIN_S));
      }
    }
  }

  // Whether the image on show is not the page's.
  get own() {
    return Boolean(this.varied && Object.keys(this.varied).length);
  }

  // Another image for the same networks: ``{pixels}``, ``{image}``, or ``{}`` for that of the page. One is on its way at a time, and
  // of those that come meanwhile the last is asked next: a hand draws faster than two networks answer.
  image(changes) {
    this.next = changes;
    if (!this.varying) this.vary();
  }

  async vary() {
    this.varying = true;
    while (this.next && !this.stage.gone) {
      const changes = this.next;
      this.next = undefined;
      this.varied = changes;
      try {
        const told = await this.variation(changes);
        window.dispatchEvent(new CustomEvent("rx-image"));
        if (told && !this.next) this.take({ ...told, ticket: this.data.ticket, sentences: this.told?.sentences ?? [], source: "" }, true);
      } catch (error) {
        console.warn(error);
      }
    }
    this.varying = false;
  }

  // What a variation of the question finds.
  async variation(changes) {
    const { base, language, ticket } = this.data;
    const headers = { "x-resnet-explorer": "1", "content-type": "application/json" };
    const begun = await fetch(`${base}/measured/${ticket}/vary?lang=${language}`, { method: "POST", headers, body: JSON.stringify(changes) });
    const { ticket: varied, problem } = await begun.json();
    if (!varied) throw new Error(problem);
    let have = "";
    while (!this.stage.gone) {
      const answer = await fetch(`${base}/measured/${varied}?${new URLSearchParams({ have, lang: language })}`);
      if (!answer.ok) return undefined;
      const told = await answer.json();
      have = String(told.count);
      if (told.finished) return told;
    }
    return undefined;
  }

  async command(name) {
    const { base, language, ticket } = this.data;
    const answer = await fetch(`${base}/measured/${ticket}/${name}?lang=${language}`, { method: "POST", headers: { "x-resnet-explorer": "1" } });
    if (answer.ok) this.ask(ticket);
  }

  take(told, varied = false) {
    if (!varied) this.told = told;
    for (const { slot, id } of this.data.networks) {
      for (const kind of KINDS) {
        const found = told[kind]?.[slot];
        if (kind === "inside" && this.own && !varied) continue;
        if (found) (this.shown[slot] ??= {})[kind] = { ...found, id };
      }
    }
    this.stage.pad.update();
    const lines = told.sentences.map((text) => bold(text));
    for (const text of told.problems) lines.push(Object.assign(document.createElement("p"), { className: "rx-problem", role: "alert", textContent: text }));
    if (told.problems.length) lines.push(Object.assign(document.createElement("button"), { type: "button", textContent: this.data.words.again }));
    if (told.problems.length) lines.at(-1).dataset.do = "again";
    if (!varied && (lines.length || told.finished)) this.readings.replaceChildren(...lines);
    if (told.source) this.source.innerHTML = told.source; // made by the server, every word of others escaped
    this.stage.host.dataset.measured = this.done ? told.ticket : "";
    this.stage.bar.update();
    this.stage.schedule();
  }

  remove() {
    this.turn = undefined;
  }
}

// A sentence with **bold** parts as a paragraph.
function bold(text) {
  const paragraph = document.createElement("p");
  text.split("**").forEach((part, at) => paragraph.append(at % 2 ? Object.assign(document.createElement("b"), { textContent: part }) : part));
  return paragraph;
}

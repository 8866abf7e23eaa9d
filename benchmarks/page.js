// Runs in the page before everything else. rxArm() waits for the next click and resolves to the milliseconds from the
// release of the button to each part of the page that shows the change: the numbers, the opened block, the table, the
// networks on the stage, and below them the gradient and what can be read of the class, measured anew or before.
(() => {
  const html = (selector) => document.querySelector(selector)?.innerHTML ?? "";
  const parts = {
    number: () => [...document.querySelectorAll("[data-value]")].map((e) => e.dataset.value).join() + html(".rx-happened"),
    block: () => html(".st-key-block-a .rx-drawing") + html(".st-key-block-b .rx-drawing"),
    table: () => html(".st-key-table .rx-drawing"),
  };
  const stage = () => document.querySelector(".rx-stage")?.rxStage;
  const measured = (kind) => stage().data.networks.every(({ slot }) => !stage().answers.old(slot, kind));
  window.rxMeasured = (kind) => Boolean(stage()?.data) && measured(kind);
  window.rxTicket = () => stage()?.data?.ticket;
  window.rxArm = () => {
    const before = Object.fromEntries(Object.entries(parts).map(([name, read]) => [name, read()]));
    const ticket = window.rxTicket();
    const times = {};
    let start = 0;
    window.rxResult = new Promise((resolve) => {
      const finish = () => {
        if (["number", "block", "table", "stage", "gradient", "readout"].some((name) => !(name in times))) return;
        window.removeEventListener("rx-drawn", drawn);
        observer.disconnect();
        const since = Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time - start]));
        since.last = Math.max(...["number", "block", "table", "stage", "gradient"].map((name) => since[name]));
        resolve(since);
      };
      const drawn = () => {
        if (!start || window.rxTicket() === ticket) return;
        times.stage ??= performance.now();
        if (measured("backward")) times.gradient ??= performance.now();
        if (measured("forward")) times.readout ??= performance.now();
        finish();
      };
      const observer = new MutationObserver(() => {
        if (!start) return;
        for (const [name, read] of Object.entries(parts))
          if (!(name in times) && read() !== before[name]) times[name] = performance.now();
        finish();
      });
      observer.observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
      window.addEventListener("rx-drawn", drawn);
      document.addEventListener("pointerup", () => (start = performance.now()), { once: true, capture: true });
    });
  };
})();

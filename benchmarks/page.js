// Runs in the page before everything else. rxArm() waits for the next click and resolves to the milliseconds from the
// release of the button to each part of the page that shows the change.
(() => {
  const html = (selector) => document.querySelector(selector)?.innerHTML ?? "";
  const parts = {
    number: () => [...document.querySelectorAll("[data-value]")].map((e) => e.dataset.value).join() + html(".rx-happened"),
    block: () => html(".st-key-block-a .rx-drawing") + html(".st-key-block-b .rx-drawing"),
    networks: () => html(".st-key-networks .rx-drawing"),
    table: () => html(".st-key-table .rx-drawing"),
  };
  window.rxPlot = () => document.querySelector(".st-key-gradients .js-plotly-plot");
  window.rxLines = () => JSON.stringify(window.rxPlot().data.map((trace) => trace.y));
  window.rxArm = () => {
    const before = Object.fromEntries(Object.entries(parts).map(([name, read]) => [name, read()]));
    const lines = window.rxLines();
    const times = {};
    let start = 0;
    window.rxResult = new Promise((resolve) => {
      const plot = window.rxPlot();
      const finish = () => {
        if (["number", "block", "networks", "table", "plot"].some((name) => !(name in times))) return;
        plot.removeListener("plotly_afterplot", replotted);
        observer.disconnect();
        const since = Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time - start]));
        since.last = Math.max(...Object.values(since));
        resolve(since);
      };
      const replotted = () => {
        if (start && !times.plot && window.rxLines() !== lines) times.plot = performance.now();
        finish();
      };
      const observer = new MutationObserver(() => {
        if (!start) return;
        for (const [name, read] of Object.entries(parts))
          if (!(name in times) && read() !== before[name]) times[name] = performance.now();
        finish();
      });
      observer.observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
      plot.on("plotly_afterplot", replotted);
      document.addEventListener("pointerup", () => (start = performance.now()), { once: true, capture: true });
    });
  };
})();

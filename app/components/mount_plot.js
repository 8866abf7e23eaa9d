// Streamlit calls the default export at the first mount, at every change of the data and at every switch of the theme, and
// calls the last returned function when the element leaves the page.

const plots = new WeakMap();

export default function mount({ parentElement, data: [data], setTriggerValue }) {
  if (!data.figure) {
    const asleep = window.requestIdleCallback ?? setTimeout; // Safari has none
    asleep(() => loadPlotly(data.url).catch(() => {})); // the figure that needs it will say so
    return undefined;
  }
  if (!plots.has(parentElement)) plots.set(parentElement, new Plot(parentElement));
  const plot = plots.get(parentElement);
  plot.clicked = data.clicks ? (datum) => setTriggerValue("clicked", datum) : undefined;
  plot.update(data);
  return () => {
    plots.delete(parentElement);
    plot.remove();
  };
}

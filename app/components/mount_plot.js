// Streamlit calls the default export at the first mount, at every change of the data and at every switch of the theme, and
// calls the last returned function when the element leaves the page.

const plots = new WeakMap();

export default function mount({ parentElement, data }) {
  if (!plots.has(parentElement)) plots.set(parentElement, new Plot(parentElement));
  const plot = plots.get(parentElement);
  plot.update(data);
  return () => {
    plots.delete(parentElement);
    plot.remove();
  };
}

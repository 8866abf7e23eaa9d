// Streamlit calls the default export at the first mount, at every change of the data and at every switch of the theme, and
// calls the last returned function when the element leaves the page.

const mounted = new WeakMap();

export default function mount({ parentElement, data: [data], setTriggerValue }) {
  if (!mounted.has(parentElement)) {
    const made = data.figure ? new LiveFigure(parentElement) : new Player(parentElement, setTriggerValue);
    mounted.set(parentElement, made);
  }
  const element = mounted.get(parentElement);
  element.update(data);
  return () => {
    mounted.delete(parentElement);
    element.remove();
  };
}

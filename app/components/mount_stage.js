// As in mount_plot.js: called at the first mount, at every change of the data, and at every switch of the theme.

const stages = new WeakMap();

export default function mount({ parentElement, data: [data], setTriggerValue }) {
  if (!stages.has(parentElement)) {
    const made = new Stage(parentElement, setTriggerValue);
    made.host.rxStage = made; // for who wants to see what is drawn
    stages.set(parentElement, made);
  }
  const stage = stages.get(parentElement);
  stage.send = setTriggerValue;
  stage.update(data);
  return () => {
    stages.delete(parentElement);
    stage.remove();
  };
}

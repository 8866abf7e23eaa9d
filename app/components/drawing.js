// Puts markup into its place and keeps open what was folded open.

export default function ({ parentElement, data }) {
  const place = parentElement.querySelector(".rx-drawing");
  if (place.rxMarkup === data.markup) return;
  const folds = () => [...place.querySelectorAll("details")];
  const open = folds().map((fold) => fold.open);
  place.rxMarkup = data.markup;
  place.innerHTML = data.markup;
  folds().forEach((fold, index) => (fold.open = open[index] ?? false));
  // Rows of a block and the stage point at the same block together.
  place.onpointerover = (event) => tell(event.target.closest("[data-block]")?.dataset.block);
  place.onpointerleave = () => tell();
  place.rxLit ??= window.addEventListener("rx-block", ({ detail: { n } }) => {
    for (const row of place.querySelectorAll("[data-block]")) row.classList.toggle("rx-lit", Boolean(n) && holds(row.dataset.block, n));
  }) ?? true;
}

// "a.3" is a block, "a.3-9" are those that are alike.
function holds(range, n) {
  const [first, last = first] = range.split(".")[1].split("-").map(Number);
  return n >= first && n <= last;
}

function tell(range) {
  const [slot, blocks] = range?.split(".") ?? [];
  window.dispatchEvent(new CustomEvent("rx-block", { detail: range ? { slot, n: Number(blocks.split("-")[0]) } : {} }));
}

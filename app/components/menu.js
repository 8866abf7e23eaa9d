// On a narrow screen the menu lies over the page: a page chosen in it closes it, as its own button does.

const NARROW = "(max-width: 768px)"; // where Streamlit puts the menu over the page
const LOOKS_MS = [0, 150, 400, 900]; // after a choice: the new page's run may draw the menu anew, open again

let early = true; // the first mount, before which a quick hand may have chosen already

function close() {
  // The button that opens the menu is there only while it is closed.
  if (document.querySelector('[data-testid="stExpandSidebarButton"]')) return;
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}

const closeSoon = () => matchMedia(NARROW).matches && LOOKS_MS.forEach((after) => setTimeout(close, after));

// Whether another page is on show than the one with which the browser came.
function switched() {
  const [first] = performance.getEntriesByType("navigation");
  return Boolean(first) && new URL(first.name).pathname !== location.pathname;
}

export default function () {
  const chosen = ({ target }) => target.closest?.('[data-testid="stSidebarNavLink"]') && closeSoon();
  document.addEventListener("click", chosen);
  if (early && switched()) closeSoon();
  early = false;
  return () => document.removeEventListener("click", chosen);
}

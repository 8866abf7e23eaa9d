// Streamlit hangs an open popover at the end of the page, so that Tab would lead through the whole page to it. Here an
// open one takes the focus, and when it closes the button that opened it has the focus back, wherever else it was lost.

const BODY = '[data-testid="stPopoverBody"]';
const BUTTON = '[data-testid="stPopoverButton"]';
const OPENER = `${BUTTON}[aria-expanded="true"]`;

export default function () {
  let [body, place] = [null, ""];
  const look = () => {
    const now = document.querySelector(BODY);
    if (now === body) return;
    if (now) {
      const opener = document.querySelector(OPENER);
      place = opener?.closest('[class*="st-key-"]')?.className.match(/st-key-[^ ]+/)[0] ?? "";
      now.tabIndex = -1; // by script alone; the next Tab goes to the first thing in it
      now.setAttribute("aria-label", opener?.innerText.split("\n")[0] ?? "");
      now.focus({ preventScroll: true });
    } else if (place && document.activeElement === document.body) {
      // By its place: a button whose words have changed is a new one.
      document.querySelector(`.${place} ${BUTTON}`)?.focus({ preventScroll: true });
    }
    body = now;
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true });
  look();
  return () => watch.disconnect();
}

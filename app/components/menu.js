// On a narrow screen the menu lies over the page: a page chosen in it closes it, as its own button does.

const NARROW = "(max-width: 768px)"; // where Streamlit puts the menu over the page

export default function () {
  const chosen = ({ target }) => {
    if (!matchMedia(NARROW).matches || !target.closest?.('[data-testid="stSidebarNavLink"]')) return;
    setTimeout(() => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click());
  };
  document.addEventListener("click", chosen);
  return () => document.removeEventListener("click", chosen);
}

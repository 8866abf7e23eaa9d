// Copies an address. On plain http a browser has no clipboard of its own: there the older command copies what is selected.

export default function ({ parentElement, data: { url, name, words } }) {
  const [field, button, told] = parentElement.querySelector(".rx-address").children;
  field.value = url;
  field.ariaLabel = name;
  field.onfocus = () => field.select();
  button.textContent = words.copy;
  told.textContent = "";
  button.onclick = async () => {
    told.textContent = (await copied(field, url)) ? words.copied : words.by_hand;
  };
}

async function copied(field, url) {
  try {
    await navigator.clipboard.writeText(url);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

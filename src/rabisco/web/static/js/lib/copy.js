// Copies the text of an element. Resolves to false where nothing may be copied: then the text is selected, ready to be.

export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy"); // where there is no clipboard: plain HTTP on a name of the network
  }
}

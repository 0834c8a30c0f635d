// Buttons beside what is copied by hand otherwise. They are shown only where the browser can copy.
const said = document.querySelector("[data-copy-said]");
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy-text]")) {
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copyText);
      } catch {
        prompt(words, button.dataset.copyText); // the browser refuses: it can be copied from here
        return;
      }
      button.textContent = said.textContent = button.dataset.copied;
      setTimeout(() => ((button.textContent = words), (said.textContent = "")), 3000);
    });
  }
}

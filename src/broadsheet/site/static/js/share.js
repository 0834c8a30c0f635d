// Brings the buttons of an article's share row to life: the device's own share sheet where there is one, and copying the link.
const row = document.querySelector(".share");
if (row) {
  const { url, title } = row.dataset;
  const said = row.querySelector("[role=status]");
  const share = row.querySelector("[data-share]");
  const copy = row.querySelector("[data-copy]");

  if (navigator.canShare?.({ url, title })) {
    share.parentElement.hidden = false;
    share.addEventListener("click", () => navigator.share({ url, title }).catch(() => {})); // the reader thought again
  }
  if (navigator.clipboard) {
    const words = copy.textContent;
    copy.parentElement.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(url);
      } catch {
        prompt(words, url); // the browser refuses: the reader can copy it from here
        return;
      }
      copy.textContent = said.textContent = copy.dataset.copied;
      setTimeout(() => ((copy.textContent = words), (said.textContent = "")), 3000);
    });
  }
}

// Light or dark: the system's choice until the reader makes one, which this browser then remembers. It runs before the first
// paint, so that nothing flashes; without script the style sheet follows the system, and the switches are not shown.
(() => {
  const KEY = "scheme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = "";
  try {
    chosen = localStorage.getItem(KEY) ?? "";
  } catch {
    // No storage: a choice lasts as long as the page.
  }
  if (chosen !== "light" && chosen !== "dark") chosen = "";
  root.dataset.script = "";

  const isDark = () => (chosen ? chosen === "dark" : system.matches);

  // What asks the system by itself (pictures for the dark, the colour of the browser's bar) is told of the choice.
  function tell(node) {
    if (!node.media?.includes("prefers-color-scheme") && !node.dataset.forScheme) return;
    const meant = (node.dataset.forScheme ||= node.media.includes("dark") ? "dark" : "light");
    const media = !chosen ? `(prefers-color-scheme: ${meant})` : chosen === meant ? "all" : "not all";
    if (node.media !== media) node.media = media;
  }
  const tellAll = () => document.querySelectorAll("source[media], meta[media]").forEach(tell);

  function apply() {
    if (chosen) root.dataset.scheme = chosen;
    else delete root.dataset.scheme;
    tellAll();
    for (const button of document.querySelectorAll("[data-scheme-switch]")) button.setAttribute("aria-pressed", isDark());
    for (const button of document.querySelectorAll("[data-scheme-choice]"))
      button.setAttribute("aria-pressed", button.dataset.schemeChoice === chosen);
  }

  function choose(scheme) {
    chosen = scheme;
    try {
      if (scheme) localStorage.setItem(KEY, scheme);
      else localStorage.removeItem(KEY);
    } catch {
      // See above.
    }
    apply();
  }

  apply();
  if (chosen) {
    // Pictures are told as they are parsed, before the wrong one is fetched.
    const watch = new MutationObserver(tellAll);
    watch.observe(root, { childList: true, subtree: true });
    addEventListener("DOMContentLoaded", () => watch.disconnect());
  }
  addEventListener("DOMContentLoaded", apply);
  system.addEventListener("change", apply);
  addEventListener("pageshow", (event) => event.persisted && apply());
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    chosen = event.newValue === "light" || event.newValue === "dark" ? event.newValue : "";
    apply();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-scheme-switch], [data-scheme-choice]");
    if (button) choose(button.dataset.schemeChoice ?? (isDark() ? "light" : "dark"));
  });
})();
